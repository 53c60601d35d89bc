"""What a comparison could show, asked before it is run."""

from itertools import combinations

import numpy as np

from otherlight.statistics.contrast import (
    Contrast,
    Figures,
    bootstrap_variance,
    degrees_of_freedom,
)


def optimistic_effect(
    source: Figures, *, groups: int, seeds: int | None = None, family: int = 1
) -> float:
    """The minimum detectable effect as far as runs of the source arm alone can tell.

    Groups: how differently two seeds of one recipe answer to a resample. A real arm also differs
    from source by group, so the true figure is larger: call it optimistic. ``seeds`` is the
    planned number of runs of each arm (as many as were given, unless said otherwise).
    """
    runs = len(source.whole)
    if runs < 2:
        raise ValueError(f"A minimum detectable effect needs at least 2 source seeds; got {runs}.")
    planned = runs if seeds is None else seeds
    single = [
        Figures(whole=source.whole[[i]], resampled=source.resampled[[i]]) for i in range(runs)
    ]
    pairs = [bootstrap_variance(pair, [1.0, -1.0], groups) for pair in combinations(single, 2)]
    test = float(np.mean(pairs)) / planned
    seed = float(source.whole.var(ddof=1)) / planned
    return Contrast(
        estimate=0.0,
        test_variance=test,
        seed_variance=2 * seed,
        dof=degrees_of_freedom([(test, groups - 1), (seed, planned - 1), (seed, planned - 1)]),
    ).minimum_effect(family)
