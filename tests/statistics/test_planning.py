"""optimistic_effect: its equation, and that it is optimistic."""

import math

import numpy as np
import pytest
from scipy import stats

from otherlight.statistics import Figures, Question, decide, optimistic_effect
from otherlight.statistics.calibration import LinearWorld


def test_equals_the_equation():
    rng = np.random.default_rng(0)
    whole = rng.normal(0.5, 0.02, 3)
    source = Figures(whole=whole, resampled=whole[:, None] + rng.normal(0, 0.01, (3, 200)))
    groups, planned = 12, 5
    pairs = [
        np.var(source.resampled[i] - source.resampled[j], ddof=1) * groups / (groups - 1)
        for i, j in ((0, 1), (0, 2), (1, 2))
    ]
    test, seed = sum(pairs) / 3 / planned, np.var(whole, ddof=1) / planned
    total = test + 2 * seed
    dof = total**2 / (test**2 / (groups - 1) + 2 * seed**2 / (planned - 1))
    expected = (stats.t.ppf(1 - 0.05 / 4, dof) + stats.t.ppf(0.8, dof)) * math.sqrt(total)
    found = optimistic_effect(source, groups=groups, seeds=planned, family=2)
    assert found == pytest.approx(expected)


def test_it_promises_more_than_the_run_can_keep():
    world = LinearWorld(groups=20, seeds=3, seed_ratio=0.5, interaction=0.5, resamples=300)
    rng = np.random.default_rng(0)
    hoped: list[float] = []
    kept: list[float] = []
    for _ in range(100):
        drawn = world.draw(rng)
        hoped.append(optimistic_effect(drawn.reference, groups=20))
        asked = Question(arm="arm", reference="reference")
        kept.append(decide(asked, drawn.arms[0], drawn.reference, groups=20).mde)
    assert np.median(hoped) < np.median(kept)


def test_messages():
    lone = Figures(whole=np.ones(1), resampled=np.ones((1, 5)))
    with pytest.raises(ValueError, match="at least 2 source seeds; got 1"):
        optimistic_effect(lone, groups=9)
