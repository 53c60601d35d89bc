"""The parts of a test set that are judged by themselves: the usual ones, and a plan's own."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from otherlight.errors import PlanError, QueryError
from otherlight.experiment.compare_plan import Cut
from otherlight.metrics import AREA_RANGES
from otherlight.sets import ImageSet
from otherlight.sets.bins import bin_values
from otherlight.sets.queries import box_values, choose_boxes, image_values

_LEVELS = {"occlusion none": (0, 0), "occlusion partly": (1, 1), "occlusion largely": (2, 2)}


@dataclass(frozen=True, kw_only=True)
class Slice:
    """A part of a test set: some truth, a range of areas, or some images (all of it by default)."""

    truth: Bool[np.ndarray, " truths"] | None = None
    area: tuple[float, float] | None = None
    images: Bool[np.ndarray, " images"] | None = None


def slices_of(test: ImageSet, further: Mapping[str, str | Cut]) -> dict[str, Slice]:
    """The slices that every verdict has: occlusion, size, time of day, weather, the plan's own.

    Raises:
        PlanError: a slice of the plan cannot be made of this test set, or is named as another.
    """
    boxes = test.boxes_of()
    slices: dict[str, Slice] = {"all": Slice()}
    if (boxes.occlusion_level >= 0).any():
        for name, (low, high) in _LEVELS.items():
            level = boxes.occlusion_level
            slices[name] = Slice(truth=(level >= low) & (level <= high))
    slices |= {f"size {name}": Slice(area=area) for name, area in AREA_RANGES.items()}
    for column in ("timeofday", "weather"):
        values = np.array(test.column(column), dtype=object)
        names = sorted({value for value in values if value is not None})
        if len(names) > 1:
            slices |= {f"{column} {name}": Slice(images=values == name) for name in names}
    for name, cut in further.items():
        try:
            own = _own(test, name, Cut(images=cut) if isinstance(cut, str) else cut)
        except QueryError as error:
            raise PlanError(f"The slice {name!r} must fit {test.name}. {error}") from error
        if twice := sorted(own.keys() & slices.keys()):
            raise PlanError(f"Slices need names of their own; {twice[0]!r} comes twice. Rename it.")
        slices |= own
    return slices


def _own(test: ImageSet, name: str, cut: Cut) -> dict[str, Slice]:
    """Make a plan's slice of images or of boxes, or one of each bin."""
    images, boxes = test.images, test.boxes
    if cut.boxes is None:
        if cut.cuts is None:
            every = np.array(test.names(), dtype=object)
            return {name: Slice(images=np.isin(every, test.where(cut.images).names()))}
        values = image_values(images, boxes, test.classes, cut.images or "")
        bins = bin_values(values, cut.cuts, cumulative=cut.cumulative)
        return {f"{name} {part}": Slice(images=inside) for part, inside in bins.items()}
    if cut.cuts is None:
        return {name: Slice(truth=choose_boxes(images, boxes, cut.boxes))}
    bins = bin_values(box_values(images, boxes, cut.boxes), cut.cuts, cumulative=cut.cumulative)
    return {f"{name} {part}": Slice(truth=inside) for part, inside in bins.items()}
