"""What stands beside the headline: Holm's p values, harmed classes, the source domain, the cost.

Holm 1979, A simple sequentially rejective multiple test procedure
(https://www.jstor.org/stable/4615733); intersection-union after Berger 1982
(https://doi.org/10.1080/00401706.1982.10487790).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float

from otherlight.statistics.contrast import Figures, contrast, quantile, resampled_contrast
from otherlight.statistics.decision import Question, Row, decide

Guard = Literal["harmed", "harm_not_excluded", "harm_excluded", "cannot_say"]
Worth = Literal["worth_its_cost", "not_shown", "cannot_say"]


def holm(p: Float[np.ndarray, " tests"]) -> Float[np.ndarray, " tests"]:
    """Adjust p values so that rejecting those below 5 % errs anywhere in 5 % of families.

    A nan stays one and does not count.

    >>> holm(np.array([0.01, 0.04, 0.03])).round(3)
    array([0.03, 0.06, 0.06])
    """
    adjusted = p.astype(np.float64)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * p[order]), 1.0)
    return adjusted


def with_holm(rows: Sequence[Row]) -> list[Row]:
    """Replace the p values of one family of rows by Holm's; verdicts stay, intervals decide."""
    adjusted = holm(np.array([row.p for row in rows], np.float64))
    return [replace(row, p=float(p)) for row, p in zip(rows, adjusted, strict=True)]


def class_guards(rows: Sequence[Row], margin: float = 0.02) -> dict[str, Guard]:
    """Name the classes (by slice) that one arm harms, or may harm by more than ``margin``.

    Give the rows of one arm, one for each class, with family 1 and p values as ``decide`` made
    them: harmed is judged by Holm over these classes, harm not excluded by the interval.
    """
    adjusted = holm(
        np.array([math.nan if row.verdict == "cannot_say" else row.p for row in rows], np.float64)
    )
    return {row.slice: _guard(row, p, margin) for row, p in zip(rows, adjusted, strict=True)}


def _guard(row: Row, adjusted: float, margin: float) -> Guard:
    if row.verdict == "cannot_say":
        return "cannot_say"
    if row.estimate < 0 and adjusted < 0.05:
        return "harmed"
    return "harm_not_excluded" if row.low < -margin else "harm_excluded"


@dataclass(frozen=True, kw_only=True)
class NonInferiority:
    """Whether an arm stays within ``margin`` of its reference: one-sided 95 % lower bound."""

    estimate: float
    lower: float
    margin: float
    verdict: Literal["non_inferior", "not_shown", "cannot_say"]


def non_inferiority(
    arm: Figures, reference: Figures, *, groups: int, margin: float = 0.02
) -> NonInferiority:
    """Ask whether an arm keeps what the reference could do, on the source domain say."""
    row = decide(Question(arm="", reference=""), arm, reference, groups=groups)
    found = contrast([arm, reference], [1.0, -1.0], groups)
    lower = found.estimate - quantile(0.95, found.dof) * found.error
    shown = "non_inferior" if lower > -margin else "not_shown"
    return NonInferiority(
        estimate=found.estimate,
        lower=lower,
        margin=margin,
        verdict="cannot_say" if row.verdict == "cannot_say" else shown,
    )


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Whether a learned arm beats every cheap arm; ``rows`` hold one comparison with each."""

    verdict: Worth
    rows: tuple[Row, ...]


def worth_its_cost(
    question: Question, learned: Figures, cheap: Mapping[str, Figures], *, groups: int
) -> Cost:
    """Compare a learned arm with every cheap arm, each at 5 %, and ask that it beat them all.

    All must be won, so no correction is due; picking the best cheap arm on the test set first
    would need one. ``question.reference`` is replaced by the cheap arms' names.
    """
    if not cheap:
        raise ValueError("Worth is judged against cheap arms; there are none.")
    rows = tuple(
        decide(replace(question, reference=name), learned, figures, groups=groups)
        for name, figures in cheap.items()
    )
    verdicts = {row.verdict for row in rows}
    if verdicts == {"helps"}:
        return Cost(verdict="worth_its_cost", rows=rows)
    return Cost(verdict="cannot_say" if "cannot_say" in verdicts else "not_shown", rows=rows)


def percentile_interval(
    arm: Figures, reference: Figures, level: float = 0.95
) -> tuple[float, float]:
    """Bootstrap percentiles of the difference "given these trained models"; never the verdict.

    It leaves out the chance of training, so it is narrower than what another seed would show.
    """
    values = resampled_contrast([arm, reference], [1.0, -1.0])
    if not len(values):
        return math.nan, math.nan
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
