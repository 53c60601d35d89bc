"""Average precision as a weighted cumulative sum, for many resamples of the images at once.

COCO's 101 points (Lin et al. 2014, https://arxiv.org/abs/1405.0312) or VOC's area under the whole
envelope (Everingham et al. 2015, https://doi.org/10.1007/s11263-014-0733-5, since 2010).

Weighting an image by 2 equals laying a copy of it beside it. Between two true positives precision
only falls, so only true positives can touch the envelope: false positives need one sum for each
gap between true positives, which a sparse product takes for a block of resamples at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int, Shaped
from scipy import sparse

from otherlight.metrics.matching import Matches

Interpolation = Literal["coco101", "voc"]
_RECALLS = np.linspace(0.0, 1.0, 101)
_CACHED = 2**18  # counts of one block of resamples: what stays in a core's cache
_EXACT = 2**31  # int32 counts up to here, and sums ten times as fast as floats


@dataclass(frozen=True)
class _Curve:
    """One class at one overlap: images of its true positives, and the gaps before each."""

    images: Int[np.ndarray, " hits"]
    gaps: sparse.csr_array


def average_precision(
    matches: Matches,
    weights: Float[np.ndarray, "images resamples"],
    interpolation: Interpolation = "coco101",
) -> Float[np.ndarray, "resamples classes ious"]:
    """AP (0..1) of each class at each overlap under each column of image weights.

    A class without truth under a column's weights gets nan.
    """
    _check(matches, weights)
    whole = bool((weights == np.rint(weights)).all())
    heaviest = len(matches.image) * float(weights.max(initial=0.0))
    exact = np.int32 if whole and heaviest < _EXACT else np.float64
    result = np.empty((weights.shape[1], matches.classes, len(matches.ious)))
    curves = [
        [_curve(matches, label, iou, exact) for iou in range(len(matches.ious))]
        for label in range(matches.classes)
    ]
    longest = max([matches.images, *(len(curve.images) for row in curves for curve in row)])
    width = max(16, _CACHED // longest)
    for start in range(0, weights.shape[1], width):
        block = weights[:, start : start + width]
        truths = block.T @ matches.truths
        block = np.ascontiguousarray(block, exact)
        for label, row in enumerate(curves):
            for iou, curve in enumerate(row):
                result[start : start + width, label, iou] = _area(
                    curve, block, truths[:, label], whole, interpolation
                )
    return result


def mean_average_precision(
    values: Float[np.ndarray, "resamples classes ious"], classes: Sequence[int] | None = None
) -> Float[np.ndarray, " resamples"]:
    """Mean over overlaps and over the given classes that have truth; nan where none has.

    Truth is the same for all arms, so a class that a resample left without truth leaves them all.
    """
    chosen = values if classes is None else values[:, list(classes)]
    per_class = chosen.mean(2)
    present = ~np.isnan(per_class)
    total = np.where(present, per_class, 0.0).sum(1)
    count = present.sum(1)
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)


def _check(matches: Matches, weights: Float[np.ndarray, "images resamples"]) -> None:
    if len(weights) != matches.images:
        raise ValueError(
            f"Weights need one row for each of the {matches.images} images; got {len(weights)}."
        )
    if not (np.isfinite(weights).all() and weights.min(initial=0.0) >= 0):
        raise ValueError("Weights of images must be finite and not negative; some are not.")


def _curve(matches: Matches, label: int, iou: int, exact: type[np.number]) -> _Curve:
    """Sort one class's detections into hits and the misses that precede each of them."""
    own = slice(matches.offsets[label], matches.offsets[label + 1])
    image = matches.image[own]
    hits = matches.true_positive[iou, own]
    gap = np.cumsum(hits)[matches.false_positive[iou, own]]
    misses = image[matches.false_positive[iou, own]]
    count = int(hits.sum())
    # Misses after the last hit touch no point of the envelope.
    gap, misses = gap[gap < count], misses[: np.searchsorted(gap, count)]
    starts = np.searchsorted(gap, np.arange(count + 1))
    gaps = sparse.csr_array(
        (np.ones(len(misses), exact), misses, starts), shape=(count, matches.images)
    )
    return _Curve(image[hits], gaps)


def _area(
    curve: _Curve,
    weights: Shaped[np.ndarray, "images resamples"],
    truths: Float[np.ndarray, " resamples"],
    whole: bool,
    interpolation: Interpolation,
) -> Float[np.ndarray, " resamples"]:
    """AP of one class at one overlap for a block of resamples."""
    own = np.ascontiguousarray(weights[curve.images].T)
    found = np.cumsum(own, 1, dtype=own.dtype)
    listed = np.ascontiguousarray((curve.gaps @ weights).T)
    np.cumsum(listed, 1, dtype=own.dtype, out=listed)
    listed += found
    listed[listed == 0] = 1  # nothing found there either
    precision = np.empty((own.shape[0], own.shape[1] + 1))
    precision[:, -1] = 0.0  # where a recall is never reached
    np.divide(found, listed, out=precision[:, :-1])
    present = np.where(truths > 0, truths, 1.0)
    if interpolation == "voc":
        envelope = np.maximum.accumulate(precision[:, ::-1], 1)[:, :0:-1]
        area = (envelope * own).sum(1) / present
    else:
        area = _at_101_recalls(found, precision, _least_counts(present, whole))
    return np.where(truths > 0, area, np.nan)


def _least_counts(
    truths: Float[np.ndarray, " resamples"], whole: bool
) -> Float[np.ndarray, "resamples recalls"]:
    """The least count of found truths whose recall, as rounded by a division, reaches each point.

    COCO compares the rounded ``found / truths`` with the recall; one ulp decides over a point.
    """
    wanted = truths[:, None] * _RECALLS
    if not whole:
        return wanted * (1 - 1e-12)
    counts = np.floor(wanted)
    return counts + (counts / truths[:, None] < _RECALLS)


def _at_101_recalls(
    found: Shaped[np.ndarray, "resamples hits"],
    precision: Float[np.ndarray, "resamples edges"],
    counts: Float[np.ndarray, "resamples recalls"],
) -> Float[np.ndarray, " resamples"]:
    """Mean over the recalls of the best precision at that recall or beyond."""
    wanted = counts.astype(found.dtype)
    place = np.stack([np.searchsorted(f, w) for f, w in zip(found, wanted, strict=True)])
    # Where two recalls fall on one hit reduceat returns that hit: it belongs to both. Recall 0
    # is reached at once, so the stretch of the last recall ends with its own row.
    place += np.arange(len(place))[:, None] * precision.shape[1]
    best = np.maximum.reduceat(precision.ravel(), place.ravel()).reshape(place.shape)
    return np.maximum.accumulate(best[:, ::-1], 1).mean(1)
