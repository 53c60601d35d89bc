"""What a translator is told about the images of a batch beside their pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Generator, Tensor

from otherlight.training.seeding import torch_generator

Depth = Float[Tensor, "batch 1 height width"]
"""Metres along the camera's axis."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """Names, and chance per image: independent of batch, order, resume and cluster."""

    images: tuple[str, ...]
    generators: tuple[Generator, ...]
    depth: Depth | None = None


def context_for(seed: int, images: Sequence[str]) -> Context:
    """Give every image the chance that (seed, image) stands for."""
    return Context(
        images=tuple(images),
        generators=tuple(torch_generator(seed, "image", image) for image in images),
    )
