"""How many labelled target images an arm is worth: the labelled-target curve, inverted.

The curve is the AP of arms that learn from N labelled target images each, straight between its
points over log N. A number is in the interval if (arm - curve there), a contrast of three arms,
does not exclude zero; so it may read "more than the most that was tried".
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from otherlight.statistics.contrast import Figures, contrast
from otherlight.statistics.decision import Question, decide

_BETWEEN = 40  # numbers tried between two points of the curve
_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True)
class LabelEquivalence:
    """Labelled target images that serve as well as an arm; nan where none of those tried does.

    ``low`` is 0 and ``high`` infinite where the interval leaves the curve on that side.
    """

    images: float
    low: float
    high: float
    verdict: Literal["within", "fewer", "more", "cannot_say"]


def label_equivalence(
    arm: Figures, curve: Sequence[tuple[int, Figures]], *, groups: int
) -> LabelEquivalence:
    """Find the numbers of labelled target images that an arm cannot be told from.

    ``curve`` holds (images, figures of the arm that learnt from them), at least two of them, in
    any order. "more" and "fewer" mean that the 95 % interval lies wholly beyond its ends.
    """
    points = sorted(curve, key=lambda point: point[0])
    if len(points) < 2:
        raise ValueError(f"A curve takes at least two numbers of labels; {len(points)} came.")
    question = Question(arm="arm", reference="labelled")
    if decide(question, arm, points[0][1], groups=groups).verdict == "cannot_say":
        return LabelEquivalence(images=math.nan, low=math.nan, high=math.nan, verdict="cannot_say")
    tried = [
        (few * (many / few) ** share, *_distance(arm, before, after, share, groups))
        for (few, before), (many, after) in pairwise(points)
        for share in _shares(arm, before, after)
    ]
    inside = [images for images, _, (low, high) in tried if low <= 0.0 <= high]
    if not inside:
        above = tried[-1][1] > 0.0
        ends = (float(points[-1][0]), math.inf) if above else (0.0, float(points[0][0]))
        verdict = "more" if above else "fewer"
        return LabelEquivalence(images=math.nan, low=ends[0], high=ends[1], verdict=verdict)
    return LabelEquivalence(
        images=_crossing([(images, estimate) for images, estimate, _ in tried]),
        low=0.0 if inside[0] == tried[0][0] else inside[0],
        high=math.inf if inside[-1] == tried[-1][0] else inside[-1],
        verdict="within",
    )


def _shares(arm: Figures, before: Figures, after: Figures) -> list[float]:
    """Even steps between two points, and where the curve has just the height of the arm."""
    start, end = float(before.whole.mean()), float(after.whole.mean())
    even = np.linspace(0.0, 1.0, _BETWEEN + 1).tolist()
    level = (float(arm.whole.mean()) - start) / (end - start) if end != start else 0.0
    return sorted({*even, level}) if 0.0 < level < 1.0 else even


def _distance(
    arm: Figures, before: Figures, after: Figures, share: float, groups: int
) -> tuple[float, tuple[float, float]]:
    """How far an arm lies above the curve between two of its points, with its interval."""
    found = contrast([arm, before, after], [1.0, share - 1.0, -share], groups)
    return found.estimate, found.interval()


def _crossing(tried: Sequence[tuple[float, float]]) -> float:
    """The first number at which the arm no longer lies above the curve; nan if there is none."""
    if tried[0][1] < -_ROUNDING:
        return math.nan
    return next((images for images, estimate in tried if estimate <= _ROUNDING), math.nan)
