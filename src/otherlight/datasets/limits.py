"""Which boxes break a limit: size in pixels, share of the image, visibility, truncation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from otherlight.datasets.box_columns import BoxColumns

Numbers = Float[np.ndarray, " boxes"]


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Width and height of each image in pixels; nan where unknown."""

    width: Float[np.ndarray, " images"]
    height: Float[np.ndarray, " images"]


@dataclass(frozen=True, kw_only=True)
class Broken:
    """Boxes that break one limit, in words, and those of which nobody can say."""

    words: str
    boxes: Bool[np.ndarray, " boxes"]
    unknown: Bool[np.ndarray, " boxes"]
    quantity: str


def broken(boxes: BoxColumns, sizes: Sizes, name: str, limit: float) -> Broken:
    """Say which boxes break a limit; ignored ones are regions, not objects, and break none."""
    quantity, words, measure = _QUANTITIES[name]
    values = measure(boxes, sizes)
    # A margin for what is no more than rounding of floats: a box of 12 pixels is not lower.
    most, least = limit * (1 + 1e-6), limit * (1 - 1e-6)
    objects = ~boxes.ignored()
    return Broken(
        words=words.format(limit=limit, percent=100 * limit),
        boxes=(values > most if name.startswith("max") else values < least) & objects,
        unknown=np.isnan(values) & objects,
        quantity=quantity,
    )


def _width(boxes: BoxColumns, sizes: Sizes) -> Numbers:
    del sizes
    return boxes.edges[:, 2] - boxes.edges[:, 0]


def _height(boxes: BoxColumns, sizes: Sizes) -> Numbers:
    del sizes
    return boxes.edges[:, 3] - boxes.edges[:, 1]


def _area(boxes: BoxColumns, sizes: Sizes) -> Numbers:
    return _width(boxes, sizes) * _height(boxes, sizes)


def _share(boxes: BoxColumns, sizes: Sizes) -> Numbers:
    return _height(boxes, sizes) / sizes.height[boxes.image]


def _visibility(boxes: BoxColumns, sizes: Sizes) -> Numbers:
    del sizes
    return 1 - boxes.numbers("occlusion")


def _level(boxes: BoxColumns, sizes: Sizes) -> Numbers:
    del sizes
    return boxes.numbers("occlusion_level")


def _truncation(boxes: BoxColumns, sizes: Sizes) -> Numbers:
    del sizes
    return boxes.numbers("truncation")


_QUANTITIES: Mapping[str, tuple[str, str, Callable[[BoxColumns, Sizes], Numbers]]] = {
    "min_width": ("width", "narrower than {limit:g} pixels", _width),
    "min_height": ("height", "lower than {limit:g} pixels", _height),
    "min_area": ("area", "smaller than {limit:g} square pixels", _area),
    "min_share": ("share of the image's height", "below {percent:g} % of the image's height",
                  _share),
    "min_visibility": ("visibility", "visible by less than {percent:g} %", _visibility),
    "max_occlusion_level": ("occlusion level", "of occlusion level above {limit:g}", _level),
    "max_truncation": ("truncation", "truncated by more than {percent:g} %", _truncation),
}  # fmt: skip
"""Of each limit: the quantity, what a box is called that breaks it, and how it is measured."""
