"""The decision errs as often as it says: false calls and coverage, by simulation.

The promise is a call rate of 3-7 % between equal arms and a coverage of 93-98 %. A measured rate
may leave that band by two binomial standard errors of its number of simulations, and no more. The
whole grid is benchmarks/calibration.py.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from otherlight.metrics import Matches, average_precision
from otherlight.metrics.simulated import (
    SimulatedDetector,
    draw_test,
    simulated_runs,
    true_average_precision,
)
from otherlight.statistics import Figures, group_weights
from otherlight.statistics.calibration import Drawn, LinearWorld, Rates, rates, split_rates

SIMULATIONS = 1000


def within(share: float, low: float, high: float, simulations: int) -> bool:
    """Whether a measured share is compatible with a true one between ``low`` and ``high``."""
    below, above = (2 * math.sqrt(p * (1 - p) / simulations) for p in (low, high))
    return low - below <= share <= high + above


def kept(found: Rates) -> bool:
    return within(found.called, 0.03, 0.07, found.simulations) and within(
        found.covered, 0.93, 0.98, found.simulations
    )


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize(("groups", "ratio"), [(5, 1.0), (20, 0.5), (20, 2.0), (50, 1.0)])
def test_linear_figures(seeds: int, groups: int, ratio: float):
    world = LinearWorld(groups=groups, seeds=seeds, seed_ratio=ratio, resamples=300)
    assert kept(rates(world.draw, SIMULATIONS, np.random.default_rng(0)))


def test_three_arms_with_other_spreads_than_the_source():
    world = LinearWorld(groups=20, seeds=5, seed_ratio=1.0, unequal=2.0, family=3, resamples=300)
    assert kept(rates(world.draw, SIMULATIONS, np.random.default_rng(0)))


def seedless(draw: Callable[[np.random.Generator], Drawn]) -> Callable[..., Drawn]:
    """Forget that seeds differ, as an interval over images alone does."""

    def still(figures: Figures) -> Figures:
        return replace(figures, whole=np.full(len(figures.whole), figures.whole.mean()))

    def forgotten(generator: np.random.Generator) -> Drawn:
        drawn = draw(generator)
        return replace(
            drawn,
            arms=tuple(still(arm) for arm in drawn.arms),
            reference=still(drawn.reference),
        )

    return forgotten


def test_an_interval_over_groups_alone_would_fail():
    world = LinearWorld(groups=20, seeds=3, seed_ratio=1.0, resamples=300)
    found = rates(seedless(world.draw), 300, np.random.default_rng(0))
    assert not kept(found)
    assert found.called > 0.1


def detectors(groups: int, seeds: int, arm: SimulatedDetector, reference: SimulatedDetector):
    truth = true_average_precision(arm) - true_average_precision(reference)

    def figures(runs: list[Matches], weights: np.ndarray) -> Figures:
        values = np.stack([average_precision(run, weights)[:, 0, 0] for run in runs])
        return Figures(whole=values[:, 0], resampled=values[:, 1:])

    def draw(generator: np.random.Generator) -> Drawn:
        test = draw_test(groups, generator)
        drawn = group_weights(np.arange(groups), 150, generator)
        weights = np.concatenate([np.ones((groups, 1)), drawn], 1)
        one, other = (
            figures(simulated_runs(test, kind, seeds, generator), weights)
            for kind in (arm, reference)
        )
        return Drawn(arms=(one,), reference=other, truth=(truth,), groups=groups)

    return draw


def test_average_precision_of_equal_detectors():
    plain = SimulatedDetector(seed_spread=0.2)
    found = rates(detectors(20, 3, plain, plain), 300, np.random.default_rng(0))
    assert kept(found)


def test_average_precision_of_a_better_detector_is_covered():
    better, plain = SimulatedDetector(skill=1.8, seed_spread=0.2), SimulatedDetector()
    found = rates(detectors(20, 3, better, plain), 300, np.random.default_rng(0))
    assert within(found.covered, 0.93, 0.98, found.simulations)
    assert found.called > 0.9


def test_the_simulated_detectors_reach_their_true_average_precision():
    generator = np.random.default_rng(0)
    detector = SimulatedDetector(skill=0.7)
    test = draw_test(10_000, generator)
    values = [
        average_precision(run, np.ones((test.groups, 1)))[0, 0, 0]
        for run in simulated_runs(test, detector, 30, generator)
    ]
    error = float(np.std(values, ddof=1)) / math.sqrt(30)
    assert np.mean(values) == pytest.approx(true_average_precision(detector), abs=3 * error)


def test_splits_of_one_recipe_are_an_a_a_comparison():
    world = LinearWorld(groups=30, seeds=24, seed_ratio=1.0, resamples=200)
    runs = world.draw(np.random.default_rng(5)).reference
    found = split_rates(runs, 3, 500, 30, np.random.default_rng(0))
    # The groups answer alike to every run here, so a call can come from seeds alone.
    assert found.called < 0.08
    assert found.simulations == 500


def test_messages():
    few = Figures(whole=np.ones(5), resampled=np.ones((5, 4)))
    with pytest.raises(ValueError, match="Two arms of 3 need at least 6 runs; there are 5"):
        split_rates(few, 3, 10, 9, np.random.default_rng(0))
