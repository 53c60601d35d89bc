"""From stored predictions to figures: one evaluator, one class list, for every arm and seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Float, Int

from otherlight.errors import VerifyError
from otherlight.experiment.slices import Slice
from otherlight.metrics import (
    Found,
    MatchRules,
    Truths,
    average_precision,
    match,
)
from otherlight.metrics.average_precision import Interpolation
from otherlight.sets import ImageSet

RunKey = tuple[str, int]
"""Arm and seed."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """AP50 of every run on one slice; column 0 is the test set itself, the others its resamples."""

    runs: tuple[RunKey, ...]
    values: Float[np.ndarray, "runs columns classes"]
    truths: Int[np.ndarray, " classes"]
    groups: int

    def mean_over(self, classes: Sequence[int]) -> Float[np.ndarray, "runs columns"]:
        """Mean over classes; one without truth in a resample leaves all runs of it."""
        chosen = self.values[:, :, list(classes)]
        present = ~np.isnan(chosen)
        total = np.where(present, chosen, 0.0).sum(-1)
        count = present.sum(-1)
        return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)

    def of_arm(
        self, values: Float[np.ndarray, "runs columns"], arm: str
    ) -> Float[np.ndarray, "seeds columns"]:
        """The rows of one arm, in the order of its seeds."""
        return values[[row for row, (name, _) in enumerate(self.runs) if name == arm]]


def truths_of(test: ImageSet) -> Truths:
    """Turn a set's boxes into what the metrics take."""
    boxes = test.boxes_of()
    left, top, right, bottom = boxes.edges.T
    return Truths(
        images=len(test),
        classes=len(test.classes),
        image=boxes.image,
        label=boxes.label,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        ignore=boxes.ignore,
    )


def found_of(predictions: pa.Table, test: ImageSet) -> Found:
    """Turn a table of predictions into what the metrics take.

    Raises:
        VerifyError: a row names an image or a class that the test set does not have.
    """
    image = _index(predictions["image"], test.names(), "image")
    label = _index(predictions["label"], test.classes, "class")
    edges = {
        e: predictions[e].to_numpy().astype(np.float64) for e in ("left", "top", "right", "bottom")
    }
    return Found(
        image=image,
        label=label,
        score=predictions["score"].to_numpy().astype(np.float64),
        rank=predictions["rank"].to_numpy().astype(np.int64),
        **edges,
    )


def groups_of(test: ImageSet) -> Int[np.ndarray, " images"]:
    """Number the groups: sequences where they are known, else near-duplicate chains or images."""
    # As objects: in an array of fixed width one name of 5,000 letters takes gigabytes.
    _, numbers = np.unique(np.array(test.column("group"), dtype=object), return_inverse=True)
    return numbers.astype(np.int64)


def least_heights(test: ImageSet, share: float | None) -> Float[np.ndarray, " images"] | None:
    """Height in pixels below which truth and detections are ignored."""
    if share is None:
        return None
    return np.array(test.column("height"), np.float64) * share


def measure(
    test: ImageSet,
    found: Mapping[RunKey, Found],
    part: Slice,
    weights: Float[np.ndarray, "images resamples"],
    ignore_below: float | None,
) -> Measured:
    """Judge every run on one slice, on the set itself and on its resamples."""
    truth, heights = truths_of(test), least_heights(test, ignore_below)
    rules = MatchRules(ious=(0.5,), area=part.area)
    columns = np.concatenate([np.ones((len(test), 1)), weights], axis=1)
    if part.images is not None:
        columns = columns * part.images[:, None]
    matched = {
        key: match(truth, run, rules, in_slice=part.truth, minimum_height=heights)
        for key, run in found.items()
    }
    counts = next(iter(matched.values())).truths
    inside = np.ones(len(test), bool) if part.images is None else part.images
    present = (counts.sum(1) > 0) & inside
    return Measured(
        runs=tuple(found),
        values=np.stack([average_precision(m, columns)[:, :, 0] for m in matched.values()]),
        truths=(counts * inside[:, None]).sum(0),
        groups=len(np.unique(groups_of(test)[present])),
    )


def whole_set_figures(
    test: ImageSet, found: Found, ignore_below: float | None, classes: Sequence[int]
) -> dict[str, float]:
    """AP50 (101 points), AP50 all-point as VOC has it, and AP50-95, each the mean over classes."""
    truth, heights = truths_of(test), least_heights(test, ignore_below)
    matched = match(truth, found, MatchRules(), minimum_height=heights)
    once = np.ones((len(test), 1))

    def mean(interpolation: Interpolation, ious: slice) -> float:
        values = average_precision(matched, once, interpolation)[0][list(classes), ious]
        return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")

    return {
        "AP50": mean("coco101", slice(0, 1)),
        "AP50 VOC": mean("voc", slice(0, 1)),
        "AP50-95": mean("coco101", slice(None)),
    }


def _index(column: pa.ChunkedArray, names: Sequence[str], what: str) -> Int[np.ndarray, " rows"]:
    place = {name: number for number, name in enumerate(names)}
    values = column.to_pylist()
    missing = next((value for value in values if value not in place), None)
    if missing is not None:
        raise VerifyError(f"Predictions must name a {what} of the test set; {missing!r} is none.")
    return np.array([place[value] for value in values], np.int64)
