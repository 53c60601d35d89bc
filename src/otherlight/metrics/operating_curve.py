"""Precision and recall of one class at every score threshold, for a page to draw."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from otherlight.metrics.matching import Matches


@dataclass(frozen=True, kw_only=True)
class OperatingCurve:
    """What keeping the detections of at least each score gives; scores fall, each occurs once."""

    scores: Float[np.ndarray, " thresholds"]
    precision: Float[np.ndarray, " thresholds"]
    recall: Float[np.ndarray, " thresholds"]
    f1: Float[np.ndarray, " thresholds"]


def operating_curve(matches: Matches, label: int, iou: float = 0.5) -> OperatingCurve:
    """Follow one class at one of the overlaps matched at; ignored detections do not count.

    Recall is nan for a class without truth.
    """
    if iou not in matches.ious:
        raise ValueError(f"The overlap must be one of {matches.ious}; got {iou}.")
    at = matches.ious.index(iou)
    own = slice(matches.offsets[label], matches.offsets[label + 1])
    counted = (matches.true_positive | matches.false_positive)[at, own]
    scores = matches.score[own][counted]
    hits = np.cumsum(matches.true_positive[at, own][counted])
    # A threshold keeps all detections of a score or none.
    last = np.flatnonzero(np.diff(scores, append=-np.inf))
    truths = int(matches.truths[:, label].sum())
    found = hits[last].astype(np.float64)
    listed = last + 1.0
    return OperatingCurve(
        scores=scores[last],
        precision=found / listed,
        recall=found / truths if truths else np.full(len(last), np.nan),
        f1=2 * found / (listed + truths),
    )
