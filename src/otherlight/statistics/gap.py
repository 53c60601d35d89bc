"""How much of the way from source to oracle an arm goes, with Fieller's interval.

Fieller 1954, Some problems in interval estimation (https://www.jstor.org/stable/2984043). A share
g is in the interval if (arm - source) - g (oracle - source), whose variance is that of one
contrast of three arms, does not exclude zero.
"""

import math
from dataclasses import dataclass
from typing import Literal, cast

from scipy.optimize import brentq

from otherlight.statistics.contrast import Figures, contrast
from otherlight.statistics.decision import Question, decide

_FAR = 1e9


@dataclass(frozen=True, kw_only=True)
class GapClosed:
    """Share of the gap that an arm closes (1 = all); nan unless the verdict is ``gap``."""

    share: float
    low: float
    high: float
    verdict: Literal["gap", "no_gap", "cannot_say"]


def gap_closed(arm: Figures, source: Figures, oracle: Figures, *, groups: int) -> GapClosed:
    """Divide what the arm gains by what the oracle gains, with a 95 % interval.

    The degrees of freedom are taken anew at each share, so the interval is finite exactly where
    oracle - source excludes zero; else there is "no gap to close".
    """
    gap = decide(Question(arm="oracle", reference="source"), oracle, source, groups=groups)
    enough = decide(Question(arm="arm", reference="source"), arm, source, groups=groups)
    if "cannot_say" in (gap.verdict, enough.verdict):
        return GapClosed(share=math.nan, low=math.nan, high=math.nan, verdict="cannot_say")
    if gap.verdict != "helps":
        return GapClosed(share=math.nan, low=math.nan, high=math.nan, verdict="no_gap")
    share = enough.estimate / gap.estimate

    def outside(candidate: float) -> float:
        """Below zero as long as a share cannot be excluded."""
        found = contrast([arm, source, oracle], [1.0, candidate - 1.0, -candidate], groups)
        low, high = found.interval()
        return max(low, -high)

    def edge(direction: float) -> float:
        step = 1.0
        while outside(share + direction * step) <= 0:
            step *= 2
            if step > _FAR:  # a gap shown by less than rounding
                return direction * math.inf
        return cast(float, brentq(outside, share, share + direction * step))

    return GapClosed(share=share, low=edge(-1.0), high=edge(1.0), verdict="gap")
