"""decide: the four words, what forbids one, and the row as verdict.json holds it."""

import dataclasses
import json
import math

import numpy as np
import pytest

from otherlight.statistics import Figures, Question, as_json, cautions, decide, from_json

ASKED = Question(arm="cyclegan", reference="source", slice="night")


def made(seed: int, runs: int = 3, shift: float = 0.0) -> Figures:
    rng = np.random.default_rng(seed)
    whole = 0.5 + shift + rng.normal(0, 0.01, runs)
    return Figures(whole=whole, resampled=whole[:, None] + rng.normal(0, 0.02, (runs, 500)))


@pytest.mark.parametrize(
    ("shift", "verdict"), [(0.2, "helps"), (-0.2, "harms"), (0.0, "no_evidence")]
)
def test_the_interval_is_the_decision(shift: float, verdict: str):
    row = decide(ASKED, made(0, shift=shift), made(1), groups=30)
    assert row.verdict == verdict
    assert (row.low > 0, row.high < 0) == (verdict == "helps", verdict == "harms")
    assert (row.arm, row.reference, row.metric, row.slice) == (
        "cyclegan",
        "source",
        "AP50",
        "night",
    )


def test_a_larger_family_widens_and_can_take_the_verdict():
    """p lies between 5 % / 3 and 5 %: alone it is called, one of three it is not."""
    arm, reference = made(0), made(1)
    alone = decide(ASKED, arm, reference, groups=30)
    shift = alone.high - alone.estimate
    shift = 1.1 * shift - alone.estimate
    arm = Figures(whole=arm.whole + shift, resampled=arm.resampled + shift)
    alone, third = (decide(ASKED, arm, reference, groups=30, family=m) for m in (1, 3))
    assert 0.05 / 3 < alone.p < 0.05
    assert (alone.verdict, third.verdict) == ("helps", "no_evidence")
    assert third.mde > alone.mde
    assert third.p == alone.p
    assert third.family == 3


def test_the_minimum_detectable_effect_is_called_in_four_of_five_tests():
    rng = np.random.default_rng(0)
    groups, error, count = 200, 0.01, 400
    called = 0
    effect = math.nan
    for _ in range(count):
        noise = rng.normal(0, error * math.sqrt((groups - 1) / groups), 300)
        arm, reference = (
            Figures(whole=np.full(3, v), resampled=np.tile(v + n, (3, 1)))
            for v, n in ((rng.normal(0, error), noise), (0.0, 0.0 * noise))
        )
        effect = decide(ASKED, arm, reference, groups=groups).mde
        moved = Figures(whole=arm.whole + 0.0283, resampled=arm.resampled + 0.0283)
        called += decide(ASKED, moved, reference, groups=groups).verdict == "helps"
    assert effect == pytest.approx(0.0283, rel=0.15)
    assert called / count == pytest.approx(0.8, abs=3 * math.sqrt(0.8 * 0.2 / count))


def test_few_groups_or_seeds_cannot_say():
    row = decide(ASKED, made(0, shift=0.3), made(1), groups=4)
    assert row.verdict == "cannot_say"
    assert row.low > 0  # the figures are still printed
    assert cautions(made(0), made(1), groups=4) == [
        "Cannot say: a verdict needs at least 5 test groups; there are 4."
    ]
    row = decide(ASKED, made(0, runs=1, shift=0.3), made(1), groups=30)
    assert row.verdict == "cannot_say"
    assert math.isnan(row.low)
    assert cautions(made(0, runs=1), made(1), groups=30) == [
        "Cannot say: a verdict needs at least 2 seeds of each arm; the arm has 1."
    ]


def test_nothing_varied_cannot_say():
    still = Figures(whole=np.full(3, 0.5), resampled=np.full((3, 100), 0.5))
    row = decide(ASKED, still, still, groups=30)
    assert (row.verdict, row.estimate) == ("cannot_say", 0.0)
    assert "neither groups nor seeds differed" in cautions(still, still, groups=30)[0]


def test_a_slice_without_truth_cannot_say():
    none = Figures(whole=np.full(3, np.nan), resampled=np.full((3, 100), np.nan))
    assert decide(ASKED, none, none, groups=30).verdict == "cannot_say"
    assert "holds no truth to find" in cautions(none, none, groups=30)[0]
    rare = made(0, shift=0.3)
    rare.resampled[:, :50] = np.nan
    assert decide(ASKED, rare, made(1), groups=30).verdict == "cannot_say"
    assert "10% of the resamples hold no truth" in cautions(rare, made(1), groups=30)[0]


def test_the_same_runs_twice_are_no_evidence():
    row = decide(ASKED, made(0), made(0), groups=30)
    assert (row.verdict, row.estimate, row.se_test) == ("no_evidence", 0.0, 0.0)


def test_warnings():
    assert cautions(made(0), made(1), groups=9) == [
        "Only 9 test groups: the interval leans on few of them."
    ]
    assert cautions(made(0), made(1), groups=10) == []
    assert (
        "images treated as independent"
        in cautions(made(0), made(1), groups=10, sequences_known=False)[0]
    )


def test_the_row_is_that_of_verdict_json():
    row = decide(ASKED, made(0, runs=1), made(1), groups=30)
    names = [field.name for field in dataclasses.fields(row)]
    assert names == [
        "arm", "reference", "metric", "slice", "estimate", "se_test", "se_seed",
        "dof", "low", "high", "p", "family", "mde", "verdict",
    ]  # fmt: skip
    text = json.dumps(as_json(row), allow_nan=False)
    assert json.loads(text)["dof"] is None
    back = from_json(json.loads(text))
    assert as_json(back) == as_json(row)
    assert math.isnan(back.dof)


def test_messages():
    with pytest.raises(ValueError, match="at least one comparison; got 0"):
        decide(ASKED, made(0), made(1), groups=30, family=0)
