"""From two arms to one row of verdict.json: helps, harms, no evidence, or cannot say."""

import math
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from otherlight.statistics.contrast import Contrast, Figures, contrast

Verdict = Literal["helps", "harms", "no_evidence", "cannot_say"]

LEAST_GROUPS = 5
FEW_GROUPS = 10
LEAST_RUNS = 2
_EMPTY_SHARE = 0.05  # of resamples without any truth, above which the rest misleads


@dataclass(frozen=True, kw_only=True)
class Row:
    """One comparison, column by column as verdict.json holds it; figures 0..1, nan if unknown.

    ``low`` and ``high`` are widened for ``family`` comparisons and are the decision; ``p`` is
    two-sided, of this row alone until ``with_holm`` adjusts it. ``se_seed`` joins both arms.
    """

    arm: str
    reference: str
    metric: str
    slice: str
    estimate: float
    se_test: float
    se_seed: float
    dof: float
    low: float
    high: float
    p: float
    family: int
    mde: float
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is compared: an arm with its reference, by one metric, in one slice."""

    arm: str
    reference: str
    metric: str = "AP50"
    slice: str = "all"


def decide(
    question: Question, arm: Figures, reference: Figures, *, groups: int, family: int = 1
) -> Row:
    """Compare the mean runs of two arms over a test slice of ``groups`` groups.

    ``family`` is the number of learned headline arms that are compared with the reference.
    """
    if family < 1:
        raise ValueError(f"A family has at least one comparison; got {family}.")
    found = contrast([arm, reference], [1.0, -1.0], groups)
    low, high = found.interval(family=family)
    return Row(
        **asdict(question),
        estimate=found.estimate,
        se_test=math.sqrt(found.test_variance),
        se_seed=math.sqrt(found.seed_variance),
        dof=found.dof,
        low=low,
        high=high,
        p=found.p,
        family=family,
        mde=found.minimum_effect(family),
        verdict=_verdict(low, high, sayable=not _obstacles(arm, reference, groups, found)),
    )


def cautions(
    arm: Figures, reference: Figures, *, groups: int, sequences_known: bool = True
) -> list[str]:
    """Sentences to print beside a row: why nothing can be said, or what to bear in mind."""
    found = contrast([arm, reference], [1.0, -1.0], groups)
    sentences = _obstacles(arm, reference, groups, found)
    if LEAST_GROUPS <= groups < FEW_GROUPS:
        sentences.append(f"Only {groups} test groups: the interval leans on few of them.")
    if not sequences_known:
        sentences.append(
            "Sequences unknown: images treated as independent; "
            "the interval is too narrow if frames are neighbours."
        )
    return sentences


def as_json(row: Row) -> dict[str, str | float | int | None]:
    """Lay a row out for a JSON file, where a figure that is not known is null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in asdict(row).items()
    }


def from_json(row: dict[str, str | float | int | None]) -> Row:
    """Read a row back from a JSON file."""
    return Row(**{name: math.nan if value is None else value for name, value in row.items()})  # pyright: ignore[reportArgumentType]


def _verdict(low: float, high: float, *, sayable: bool) -> Verdict:
    if not sayable:
        return "cannot_say"
    if low > 0:
        return "helps"
    return "harms" if high < 0 else "no_evidence"


def _obstacles(arm: Figures, reference: Figures, groups: int, found: Contrast) -> list[str]:
    """Name everything that forbids a verdict."""
    sentences: list[str] = []
    if groups < LEAST_GROUPS:
        sentences.append(
            f"Cannot say: a verdict needs at least {LEAST_GROUPS} test groups; there are {groups}."
        )
    for name, figures in (("arm", arm), ("reference", reference)):
        if len(figures.whole) < LEAST_RUNS:
            sentences.append(
                f"Cannot say: a verdict needs at least {LEAST_RUNS} seeds of each arm; "
                f"the {name} has {len(figures.whole)}."
            )
    empty = np.isnan(arm.resampled).any(0) | np.isnan(reference.resampled).any(0)
    if not math.isfinite(found.estimate):
        sentences.append("Cannot say: this slice of the test set holds no truth to find.")
    elif empty.mean() > _EMPTY_SHARE:
        sentences.append(
            f"Cannot say: {empty.mean():.0%} of the resamples hold no truth of this slice; "
            f"too few groups have any."
        )
    elif not sentences and not found.error > 0:
        sentences.append(
            "Cannot say: neither groups nor seeds differed at all, so the error is unknown."
        )
    return sentences
