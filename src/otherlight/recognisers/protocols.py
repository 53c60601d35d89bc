"""What every recogniser is: the nouns and protocols that fit, predict and the experiment share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from otherlight.images.tensors import Images

SCORE_FLOOR = 0.001
"""Detections below it are not handed out."""
MAX_PER_IMAGE = 100
"""Most detections of one image."""

View = Callable[[Images, Sequence[str]], Images]
"""On-the-fly translation of a training batch, by the images' names; geometry must not move."""


def _no_regions() -> Tensor:
    return torch.zeros(0, 4)


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is known of one image; edges in pixels of the tensor.

    Detections over ``ignored`` regions, and those less than ``smallest`` pixels high, are neither
    right nor wrong.
    """

    boxes: Float[Tensor, "boxes 4"]
    labels: Int[Tensor, " boxes"]
    ignored: Float[Tensor, "regions 4"] = field(default_factory=_no_regions)
    smallest: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Detections:
    """What was found in one image, best first; edges in pixels of the tensor, scores in 0..1."""

    boxes: Float[Tensor, "found 4"]
    labels: Int[Tensor, " found"]
    scores: Float[Tensor, " found"]


@runtime_checkable
class Detector(Protocol):
    """Finds objects; learns from images whose objects are known."""

    def losses(self, images: Images, truth: Sequence[Truth]) -> dict[str, Tensor]:
        """Terms whose sum is to be made small."""
        ...

    def detect(self, images: Images) -> list[Detections]:
        """Find objects, one record an image."""
        ...


@runtime_checkable
class LearnedDetector(Detector, Protocol):
    """A detector whose weights `fit` trains, averages and stores."""

    network: nn.Module


@runtime_checkable
class Embedder(Protocol):
    """Describes images by vectors of length one; near means alike."""

    def embed(self, images: Images) -> Float[Tensor, "batch dim"]:
        """Describe a batch."""
        ...


@dataclass(frozen=True, kw_only=True)
class Method:
    """One line of the table: the options, how to build it, and the licence of all it needs.

    ``build`` takes the options, the number of classes and a generator for the first weights.
    """

    config: type[Any]
    build: Callable[[Any, int, torch.Generator], LearnedDetector]
    licence: str


Options = Mapping[str, Any]
"""A method's options as a user wrote them."""
