"""Holm, harmed classes, non-inferiority, worth its cost, and percentiles."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from otherlight.statistics import (
    Figures,
    Question,
    Row,
    class_guards,
    contrast,
    decide,
    holm,
    non_inferiority,
    percentile_interval,
    with_holm,
    worth_its_cost,
)

ASKED = Question(arm="gamma", reference="source")


def made(seed: int, shift: float = 0.0, runs: int = 3) -> Figures:
    rng = np.random.default_rng(seed)
    whole = 0.5 + shift + rng.normal(0, 0.002, runs)
    return Figures(whole=whole, resampled=whole[:, None] + rng.normal(0, 0.003, (runs, 500)))


def test_holm_rejects_what_closed_testing_rejects():
    """Holm = closed testing with Bonferroni: every intersection of hypotheses must fall."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        p = rng.random(4) ** 3
        adjusted = holm(p)
        for own in range(4):
            expected = max(
                min(1.0, len(chosen) * min(p[list(chosen)]))
                for size in range(1, 5)
                for chosen in itertools.combinations(range(4), size)
                if own in chosen
            )
            assert adjusted[own] == pytest.approx(expected)


def test_holm_leaves_out_what_is_not_known():
    assert holm(np.array([0.02, np.nan, 0.01])) == pytest.approx([0.02, np.nan, 0.02], nan_ok=True)
    assert holm(np.zeros(0)).tolist() == []


def test_rows_keep_their_verdicts_under_holm():
    rows = [decide(ASKED, made(i, 0.01 * i), made(9), groups=30, family=2) for i in (0, 1)]
    adjusted = with_holm(rows)
    assert [row.p for row in adjusted] == pytest.approx(
        list(holm(np.array([row.p for row in rows])))
    )
    assert [replace(new, p=old.p) for new, old in zip(adjusted, rows, strict=True)] == rows


def row_of(name: str, p: float, estimate: float, low: float) -> Row:
    row = decide(ASKED, made(0), made(1), groups=30)
    return replace(row, slice=name, p=p, estimate=estimate, low=low, verdict="no_evidence")


def test_classes_are_harmed_by_holm_and_cleared_by_the_margin():
    rows = [
        row_of("car", 0.001, -0.05, -0.08),
        row_of("bus", 0.02, -0.04, -0.07),  # 0.02 * 3: Holm lets it off, its interval does not
        row_of("rider", 0.03, 0.06, 0.01),
        row_of("sign", 0.9, 0.0, -0.01),
        replace(row_of("train", 0.0001, -0.5, -0.6), verdict="cannot_say"),
    ]
    assert class_guards(rows, margin=0.02) == {
        "car": "harmed",
        "bus": "harm_not_excluded",
        "rider": "harm_excluded",
        "sign": "harm_excluded",
        "train": "cannot_say",
    }


def test_the_source_domain_is_kept_or_not_shown_to_be():
    kept = non_inferiority(made(0), made(1), groups=30)
    assert kept.verdict == "non_inferior"
    found = contrast([made(0), made(1)], [1.0, -1.0], 30)
    low, high = found.interval(level=0.9)  # its lower end is the one-sided 95 % bound
    assert kept.lower == pytest.approx(low)
    assert high > low
    assert non_inferiority(made(0, -0.02), made(1), groups=30).verdict == "not_shown"
    assert non_inferiority(made(0, -0.02), made(1), groups=30, margin=0.04).verdict == (
        "non_inferior"
    )
    assert non_inferiority(made(0), made(1), groups=3).verdict == "cannot_say"


def test_worth_its_cost_only_if_every_cheap_arm_is_beaten():
    cheap = {"gamma": made(1), "histogram": made(2, 0.05)}
    asked = Question(arm="cyclegan", reference="cheap")
    best = worth_its_cost(asked, made(0, 0.1), cheap, groups=30)
    assert best.verdict == "worth_its_cost"
    assert [(row.arm, row.reference, row.family) for row in best.rows] == [
        ("cyclegan", "gamma", 1),
        ("cyclegan", "histogram", 1),
    ]
    assert worth_its_cost(asked, made(0, 0.05), cheap, groups=30).verdict == "not_shown"
    assert worth_its_cost(asked, made(0, 0.1), cheap, groups=4).verdict == "cannot_say"


def test_percentiles_leave_training_out():
    arm, reference = made(0, 0.1), made(1)
    low, high = percentile_interval(arm, reference)
    values = arm.resampled.mean(0) - reference.resampled.mean(0)
    assert ((values >= low) & (values <= high)).mean() == pytest.approx(0.95, abs=0.005)
    shifted = Figures(whole=arm.whole + np.array([-0.1, 0, 0.1]), resampled=arm.resampled)
    assert percentile_interval(shifted, reference) == (low, high)
    none = Figures(whole=np.full(2, np.nan), resampled=np.full((2, 5), np.nan))
    assert all(math.isnan(end) for end in percentile_interval(none, none))


def test_messages():
    with pytest.raises(ValueError, match="judged against cheap arms; there are none"):
        worth_its_cost(ASKED, made(0), {}, groups=30)
