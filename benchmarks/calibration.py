"""How often a verdict errs: false calls between equal arms and coverage, by simulation.

    OMP_NUM_THREADS=1 python benchmarks/calibration.py [--simulations 1000] [--part linear]

Prints the tables of benchmarks/calibration.md. Linear figures over the whole grid (seeds, groups,
seed spread, equal and unequal, family), then simulated detectors whose true AP is known.
"""

import argparse
import itertools
import time
from collections.abc import Callable

import numpy as np

from otherlight.metrics import Matches, average_precision
from otherlight.metrics.simulated import (
    SimulatedDetector,
    draw_test,
    simulated_runs,
    true_average_precision,
)
from otherlight.statistics import Figures, group_weights
from otherlight.statistics.calibration import Drawn, LinearWorld, Rates, rates

RESAMPLES = 300


def figures(runs: list[Matches], weights: np.ndarray) -> Figures:
    """AP of each run, on the whole test in the first column of weights."""
    values = np.stack([average_precision(run, weights)[:, 0, 0] for run in runs])
    return Figures(whole=values[:, 0], resampled=values[:, 1:])


def detectors(
    groups: int, seeds: int, arm: SimulatedDetector, reference: SimulatedDetector, family: int
) -> Callable[[np.random.Generator], Drawn]:
    """Comparisons of ``family`` arms of one kind with a reference, all on one test set."""
    truth = true_average_precision(arm) - true_average_precision(reference)

    def draw(generator: np.random.Generator) -> Drawn:
        test = draw_test(groups, generator)
        drawn = group_weights(np.arange(groups), RESAMPLES, generator)
        weights = np.concatenate([np.ones((groups, 1)), drawn], 1)
        arms = [
            figures(simulated_runs(test, kind, seeds, generator), weights)
            for kind in (reference, *[arm] * family)
        ]
        return Drawn(
            arms=tuple(arms[1:]), reference=arms[0], truth=(truth,) * family, groups=groups
        )

    return draw


def line(cells: list[object], found: Rates, seconds: float, equal: bool = True) -> None:
    """Print one row of a table; a rate beyond the promise is marked."""
    call = " *" if equal and not 0.03 <= found.called <= 0.07 else ""
    cover = "" if 0.93 <= found.covered <= 0.98 else " *"
    shown = [*cells, f"{found.called:.1%}{call}", f"{found.covered:.1%}{cover}", f"{seconds:.0f}"]
    print("| " + " | ".join(str(cell) for cell in shown) + " |", flush=True)


def linear(simulations: int) -> None:
    """The whole grid on figures that are plain means over groups."""
    print("| seeds | groups | seed SD / test SE: source, arm | m | called | covered | s |")
    print("|---|---|---|---|---|---|---|")
    spreads = ((0.5, 0.5), (1.0, 1.0), (2.0, 2.0), (0.5, 2.0), (2.0, 0.5))
    grid = itertools.product((3, 5), (5, 10, 20, 50, 200), spreads, (1, 3))
    for cell, (seeds, groups, (source, arm), family) in enumerate(grid):
        world = LinearWorld(
            groups=groups,
            seeds=seeds,
            seed_ratio=source,
            unequal=arm / source,
            family=family,
            resamples=RESAMPLES,
        )
        begin = time.perf_counter()
        found = rates(world.draw, simulations, np.random.default_rng([1, cell]))
        line([seeds, groups, f"{source}, {arm}", family], found, time.perf_counter() - begin)


def simulated(simulations: int) -> None:
    """Average precision of simulated detectors: equal ones, and a better arm."""
    print("| seeds | groups | arm | m | called | covered | s |")
    print("|---|---|---|---|---|---|---|")
    plain = SimulatedDetector()
    kinds = {
        "equal": plain,
        "equal, seeds differ more": SimulatedDetector(seed_spread=0.3),
        "better": SimulatedDetector(skill=1.5, seed_spread=0.2),
    }
    settings = [
        *itertools.product((3, 5), (5, 10, 20, 50), ("equal", "equal, seeds differ more"), (1,)),
        *itertools.product((3,), (5, 10, 20, 50), ("better",), (1,)),
        (3, 200, "equal", 1),
        (3, 20, "equal", 3),
    ]
    for cell, (seeds, groups, kind, family) in enumerate(settings):
        reference = plain if kind == "better" else kinds[kind]
        begin = time.perf_counter()
        draw = detectors(groups, seeds, kinds[kind], reference, family)
        found = rates(draw, simulations, np.random.default_rng([2, cell]))
        seconds = time.perf_counter() - begin
        line([seeds, groups, kind, family], found, seconds, equal=kind != "better")


def main() -> None:
    """Run one part or both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--part", choices=["linear", "detectors"])
    options = parser.parse_args()
    if options.part != "detectors":
        linear(options.simulations)
        print()
    if options.part != "linear":
        simulated(options.simulations)


if __name__ == "__main__":
    main()
