"""An arm is worth as many labels as the curve says, in an interval that holds the truth."""

import math

import numpy as np
import pytest

from otherlight.statistics import Figures, label_equivalence

COUNTS = (50, 100, 200, 400)


def figures(level: float, error: float, chance: np.random.Generator) -> Figures:
    """Three runs; seeds and test groups each err by as much."""
    noise = chance.normal(0.0, error, 200)
    return Figures(
        whole=level + chance.normal(0.0, error, 3) * math.sqrt(3),
        resampled=np.tile(level + noise, (3, 1)),
    )


def exact(level: float) -> Figures:
    spread = np.array([-1e-6, 0.0, 1e-6])
    return Figures(whole=level + spread, resampled=np.full((3, 9), level))


def ap(images: float) -> float:
    """Ten points for each doubling."""
    return 0.3 + 0.1 * math.log2(images / 50)


@pytest.mark.parametrize("worth", [50, 73, 100, 311, 400])
def test_without_noise_it_inverts_the_curve(worth: float):
    curve = [(count, exact(ap(count))) for count in COUNTS]
    found = label_equivalence(exact(ap(worth)), curve, groups=30)
    assert found.verdict == "within"
    assert found.images == pytest.approx(worth, rel=0.02)


def test_beyond_its_ends_it_says_more_or_fewer():
    curve = [(count, exact(ap(count))) for count in reversed(COUNTS)]
    more = label_equivalence(exact(0.9), curve, groups=30)
    assert (more.verdict, more.low, more.high) == ("more", 400.0, math.inf)
    fewer = label_equivalence(exact(0.1), curve, groups=30)
    assert (fewer.verdict, fewer.low, fewer.high) == ("fewer", 0.0, 50.0)
    assert math.isnan(more.images)
    assert math.isnan(fewer.images)


def test_an_interval_that_leaves_the_curve_is_open_there():
    chance = np.random.default_rng(0)
    curve = [(count, figures(ap(count), 0.05, chance)) for count in COUNTS]
    assert label_equivalence(figures(ap(390), 0.05, chance), curve, groups=30).high == math.inf
    assert label_equivalence(figures(ap(51), 0.05, chance), curve, groups=30).low == 0.0


def test_the_interval_holds_the_truth_as_often_as_it_promises():
    chance, worth, held = np.random.default_rng(1), 141.4, 0
    for _ in range(100):
        curve = [(count, figures(ap(count), 0.015, chance)) for count in COUNTS]
        found = label_equivalence(figures(ap(worth), 0.015, chance), curve, groups=200)
        held += found.low <= worth <= found.high
    # The resamples here vary around the truth, not with the estimate: somewhat cautious.
    assert 0.9 <= held / 100 <= 1.0


def test_few_groups_cannot_say():
    curve = [(count, exact(ap(count))) for count in COUNTS]
    assert label_equivalence(exact(0.4), curve, groups=4).verdict == "cannot_say"


def test_one_point_is_no_curve():
    with pytest.raises(ValueError, match="at least two numbers of labels; 1 came"):
        label_equivalence(exact(0.4), [(50, exact(0.3))], groups=30)
