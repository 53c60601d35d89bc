"""What the training-free methods share: one image at a time, each with its own chance and depth.

Every image is computed by itself on the CPU, by numpy and OpenCV, whose sums have one order: so
neither the batch nor the number of threads changes a pixel.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Generator, Tensor

from otherlight.images.dense import Metres
from otherlight.images.tensors import Images, Tones, from_tones, to_tones
from otherlight.translators.protocols import Context

Range = tuple[float, float]
"""Least and most; each image draws a value between them."""

Show = Callable[[Tones, np.random.Generator, Metres | None], Tones]
"""From one image, its chance and its depth (if known) to the image in another light."""


class OneByOne:
    """A translator made of a function on one image: one-way, with nothing to remember.

    Only with ``wants_depth`` does the function get depth.
    """

    reversible = False

    def __init__(self, show: Show, *, wants_depth: bool = False) -> None:
        self.show = show
        self.wants_depth = wants_depth

    def translate(self, images: Images, context: Context, *, reverse: bool = False) -> Images:
        """Show each image in another light, by its own chance."""
        assert not reverse
        known = context if self.wants_depth else replace(context, depth=None)
        return each(images, known, self.show)

    def state(self) -> dict[str, Tensor]:
        """Hand out nothing: the config says it all."""
        return {}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take nothing."""
        del state


def each(images: Images, context: Context, show: Show) -> Images:
    """Show every image of a batch by itself."""
    shown: list[torch.Tensor] = []
    for index, (image, generator) in enumerate(zip(images, context.generators, strict=True)):
        depth = None if context.depth is None else context.depth[index, 0].cpu().float().numpy()
        shown.append(from_tones(show(to_tones(image), chance_of(generator), depth)))
    return torch.stack(shown).to(images.device)


def chance_of(generator: Generator) -> np.random.Generator:
    """Make numpy's chance of a torch generator, which stays as it was.

    So a context that is used again means the same.
    """
    copy = Generator()
    copy.set_state(generator.get_state())
    return np.random.default_rng(int(torch.randint(2**62, (), generator=copy)))


def between(chance: np.random.Generator, limits: Range) -> float:
    """Draw evenly between two limits."""
    return float(chance.uniform(*limits))


def between_by_ratio(chance: np.random.Generator, limits: Range) -> float:
    """Draw between two limits above 0 so that each doubling is as likely."""
    return math.exp(chance.uniform(math.log(limits[0]), math.log(limits[1])))


def check_share(name: str, value: float) -> None:
    """Refuse what is no share."""
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} must be from 0 to 1; {value} came.")


def check_range(
    name: str, limits: Range | tuple[int, int], least: float, most: float = math.inf
) -> None:
    """Refuse limits that are out of order, not finite or outside ``least`` to ``most``."""
    low, high = limits
    if not (least <= low <= high <= most and math.isfinite(high)):
        bound = f"from {least:g} to {most:g}" if math.isfinite(most) else f"at least {least:g}"
        raise ValueError(f"{name} must be two numbers, the lesser first, {bound}; {limits} came.")
