"""gap_closed against Fieller's quadratic, and the interval where there is no gap."""

import math

import numpy as np
import pytest
from scipy import stats

from otherlight.statistics import Figures, GapClosed, gap_closed


def made(seed: int, level: float, runs: int = 400, spread: float = 0.2) -> Figures:
    """Many runs and groups: Student's t is normal, and Fieller's interval a quadratic."""
    rng = np.random.default_rng(seed)
    common = np.random.default_rng(77).normal(0, 0.02, 600)
    whole = level + rng.normal(0, spread, runs)
    return Figures(
        whole=whole,
        resampled=np.tile(whole.mean() + level * common + rng.normal(0, 0.005, 600), (runs, 1)),
    )


def test_equals_fiellers_quadratic():
    arm, source, oracle, groups = made(0, 0.4), made(1, 0.3), made(2, 0.5), 5000
    found = gap_closed(arm, source, oracle, groups=groups)
    gains = [oracle.whole.mean() - source.whole.mean(), arm.whole.mean() - source.whole.mean()]
    test = (
        np.cov([a.resampled.mean(0) - source.resampled.mean(0) for a in (oracle, arm)])
        * groups
        / (groups - 1)
    )
    seed = [np.var(a.whole, ddof=1) / len(a.whole) for a in (source, oracle, arm)]
    gap_variance, arm_variance = test[0, 0] + seed[0] + seed[1], test[1, 1] + seed[0] + seed[2]
    joint = test[0, 1] + seed[0]
    reach = stats.norm.ppf(0.975) ** 2
    ends = np.sort(
        np.roots(
            [
                gains[0] ** 2 - reach * gap_variance,
                -2 * (gains[0] * gains[1] - reach * joint),
                gains[1] ** 2 - reach * arm_variance,
            ]
        )
    )
    assert found.verdict == "gap"
    assert found.share == pytest.approx(gains[1] / gains[0])
    assert (found.low, found.high) == pytest.approx(tuple(ends), rel=0.01)


def test_the_interval_leans_towards_the_side_where_the_gap_is_uncertain():
    found = gap_closed(made(0, 0.4), made(1, 0.3), made(2, 0.45), groups=30)
    assert found.low < found.share < found.high
    assert found.high - found.share > found.share - found.low


def test_no_gap_to_close():
    found = gap_closed(made(0, 0.4), made(1, 0.3), made(2, 0.3), groups=30)
    assert found.verdict == "no_gap"
    assert math.isnan(found.share)
    found = gap_closed(made(0, 0.4), made(1, 0.5), made(2, 0.3), groups=30)
    assert found.verdict == "no_gap"


def test_a_gap_that_is_just_shown_gives_a_finite_interval():
    """The same degrees of freedom decide over the gap and over the far ends of the share."""
    source = Figures(whole=np.array([0.29, 0.3, 0.31]), resampled=np.full((3, 9), 0.3))
    arm = Figures(whole=np.array([0.30, 0.31, 0.32]), resampled=np.full((3, 9), 0.31))
    spread = np.array([-0.01, 0.0, 0.01])
    lowest = 2.776446 * math.sqrt(2 * 0.0001 / 3)  # t of 4 degrees of freedom times the error
    verdicts: list[GapClosed] = []
    for gap in (0.999 * lowest, 1.001 * lowest):
        whole = 0.3 + gap + spread
        oracle = Figures(whole=whole, resampled=np.full((3, 9), 0.3 + gap))
        verdicts.append(gap_closed(arm, source, oracle, groups=30))
    assert [found.verdict for found in verdicts] == ["no_gap", "gap"]
    assert math.isfinite(verdicts[1].low)
    assert math.isfinite(verdicts[1].high)


def test_few_groups_cannot_say():
    assert gap_closed(made(0, 0.4), made(1, 0.3), made(2, 0.5), groups=4).verdict == "cannot_say"
