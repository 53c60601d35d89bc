"""contrast against the equations of the protocol and against tests that scipy knows."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from otherlight.statistics import Figures, contrast, group_weights, seeds_within


def made(seed: int, runs: int, shift: float = 0.0, still: bool = False) -> Figures:
    """Figures of an arm; ``still``: groups do not matter."""
    rng = np.random.default_rng(seed)
    whole = 0.5 + shift + rng.normal(0, 0.02, runs)
    noise = np.zeros((runs, 400)) if still else rng.normal(0, 0.03, (runs, 400))
    return Figures(whole=whole, resampled=whole[:, None] + noise)


def test_equals_the_equations():
    arm, reference, groups = made(0, 3), made(1, 5), 12
    found = contrast([arm, reference], [1.0, -1.0], groups)
    differences = [
        sum(arm.resampled[:, b]) / 3 - sum(reference.resampled[:, b]) / 5 for b in range(400)
    ]
    test = np.var(differences, ddof=1) * groups / (groups - 1)
    seeds = [np.var(arm.whole, ddof=1) / 3, np.var(reference.whole, ddof=1) / 5]
    total = test + sum(seeds)
    dof = total**2 / (test**2 / (groups - 1) + seeds[0] ** 2 / 2 + seeds[1] ** 2 / 4)
    assert found.estimate == pytest.approx(arm.whole.mean() - reference.whole.mean())
    assert found.test_variance == pytest.approx(test)
    assert found.seed_variance == pytest.approx(sum(seeds))
    assert found.dof == pytest.approx(dof)
    reach = stats.t.ppf(1 - 0.05 / (2 * 3), dof) * math.sqrt(total)
    assert found.interval(family=3) == pytest.approx(
        (found.estimate - reach, found.estimate + reach)
    )
    power = (stats.t.ppf(1 - 0.05 / 6, dof) + stats.t.ppf(0.8, dof)) * math.sqrt(total)
    assert found.minimum_effect(family=3) == pytest.approx(power)


def test_without_groups_it_is_welchs_test():
    arm, reference = made(0, 4, 0.03, still=True), made(1, 6, still=True)
    found = contrast([arm, reference], [1.0, -1.0], 50)
    welch: Any = stats.ttest_ind(arm.whole, reference.whole, equal_var=False)
    assert found.p == pytest.approx(welch.pvalue)
    assert found.dof == pytest.approx(welch.df)
    assert found.interval() == pytest.approx(tuple(welch.confidence_interval()))


def test_without_seeds_it_is_the_paired_t_test_over_groups():
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, (2, 30))
    weights = group_weights(np.arange(30), 40_000, rng) / 30
    arms = [
        Figures(whole=np.full(3, v.mean()), resampled=np.tile(v @ weights, (3, 1))) for v in values
    ]
    found = contrast(arms, [1.0, -1.0], 30)
    paired = stats.ttest_rel(*values)
    assert found.dof == pytest.approx(29)
    # The bootstrap's own chance: a variance from 40,000 draws is good to 1.4 % at two errors.
    assert found.error == pytest.approx(abs(found.estimate / paired.statistic), rel=0.007)


def test_resamples_without_truth_leave_both_arms():
    arm, reference = made(0, 3), made(1, 3)
    holes = arm.resampled.copy()
    holes[:, :50] = np.nan
    fewer = contrast(
        [Figures(whole=arm.whole, resampled=holes), reference], [1.0, -1.0], 9
    ).test_variance
    cut = [Figures(whole=a.whole, resampled=a.resampled[:, 50:]) for a in (arm, reference)]
    assert fewer == pytest.approx(contrast(cut, [1.0, -1.0], 9).test_variance)


def test_one_run_or_one_group_leaves_the_error_unknown():
    assert math.isnan(contrast([made(0, 1), made(1, 3)], [1.0, -1.0], 9).error)
    assert math.isnan(contrast([made(0, 3), made(1, 3)], [1.0, -1.0], 1).error)


def test_translator_seeds_replace_runs():
    figures = Figures(whole=np.arange(7.0), resampled=np.arange(14.0).reshape(7, 2))
    within = seeds_within(figures, np.array([5, 5, 2, 2, 2, 9, 9]))
    assert within.whole.tolist() == [3.0, 0.5, 5.5]
    assert within.resampled[1].tolist() == [1.0, 2.0]


def test_messages():
    with pytest.raises(ValueError, match="at least 3 translator seeds; got 2"):
        seeds_within(made(0, 4), np.array([0, 0, 1, 1]))
    short = Figures(whole=np.zeros(3), resampled=np.zeros((3, 7)))
    with pytest.raises(ValueError, match=r"share their resamples; got \[7, 400\]"):
        contrast([made(0, 3), short], [1.0, -1.0], 9)
