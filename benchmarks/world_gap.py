"""How far apart are day and night? Detectors trained on each world, judged on both.

    python benchmarks/world_gap.py --to DIR [--images 2000] [--steps 1200] [--seeds 3] [--threads 2]

Renders four sets (day and night, training and test; no scene is shared), fits the core's detector
on day and on night with every seed, and prints AP50 on both tests, the ratio (day-trained on
night / night-trained on night) and every class. Done parts are skipped when run again.
"""

import argparse
from pathlib import Path
from statistics import mean, stdev

from otherlight.recognisers import FitConfig, Ingredient, Score, fit, predict, score
from otherlight.sets import ImageSet
from otherlight.world import CLASSES, WorldConfig, render_world

CONDITIONS = ("day", "night")


def main() -> None:
    """Render, fit, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, required=True)
    for name, default in (("images", 2000), ("tests", 600), ("steps", 1200), ("seeds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--threads", type=int, default=0)
    given = parser.parse_args()
    sets = {
        (condition, split): render_world(
            WorldConfig(images=number, condition=condition, split=split),
            given.to / f"{condition}-{split}",
        )
        for condition in CONDITIONS
        for split, number in (("train", given.images), ("val", 64), ("test", given.tests))
    }
    config = FitConfig(width=224, height=128, steps=given.steps, threads=given.threads)
    found = {
        (condition, seed): _judge(sets, condition, seed, config, given.to)
        for seed in range(given.seeds)
        for condition in CONDITIONS
    }
    _report(found, given.seeds)


def _judge(
    sets: dict[tuple[str, str], ImageSet], trained: str, seed: int, config: FitConfig, to: Path
) -> dict[str, Score]:
    """Fit on one condition, judge on both."""
    folder = to / "runs" / f"{trained}-{config.steps}-{seed}"
    fit([Ingredient(images=sets[trained, "train"])], sets[trained, "val"], config, seed, folder)
    result = {
        tested: score(predict(folder, sets[tested, "test"]), sets[tested, "test"], CLASSES)
        for tested in CONDITIONS
    }
    print(
        f"seed {seed}, trained on {trained}:",
        *(f"{k} {v.mean_ap50:.3f}" for k, v in result.items()),
    )
    return result


def _report(found: dict[tuple[str, int], dict[str, Score]], seeds: int) -> None:
    for trained in CONDITIONS:
        for tested in CONDITIONS:
            values = [found[trained, seed][tested].mean_ap50 for seed in range(seeds)]
            spread = stdev(values) if seeds > 1 else 0.0
            print(
                f"trained on {trained}, tested on {tested}: AP50 {mean(values):.3f} ± {spread:.3f}"
            )
    ratios = [
        found["day", seed]["night"].mean_ap50 / found["night", seed]["night"].mean_ap50
        for seed in range(seeds)
    ]
    print("day-trained / night-trained, on night:", *(f"{ratio:.2f}" for ratio in ratios),
          f"mean {mean(ratios):.2f}")  # fmt: skip
    for index, name in enumerate(CLASSES):
        cells = [
            mean(found[trained, seed]["night"].ap50[index] for seed in range(seeds))
            for trained in CONDITIONS
        ]
        print(f"{name:14s} on night: day-trained {cells[0]:.2f}, night-trained {cells[1]:.2f}")


if __name__ == "__main__":
    main()
