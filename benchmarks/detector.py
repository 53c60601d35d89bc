"""How fast is the compact detector, and what has it learnt after how many images?

    python benchmarks/detector.py --to DIR [--speed] [--steps 250 500 1000] [--seeds 3]

Speed is told in images a second of wall clock and of processor time, for a training step (forward,
losses, backward, optimisers, average) and for detection, at 224 x 128. Learning renders a day world
(2,000 images to learn from, 400 of other scenes to judge on), fits with every seed and prints AP50.
Fits that are done are skipped when run again.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from statistics import mean, median, stdev
from typing import Literal

import torch

from otherlight.recognisers import CompactConfig, FitConfig, Ingredient, Truth, fit
from otherlight.recognisers.compact import Compact
from otherlight.recognisers.optimisers import build_optimisers
from otherlight.training.average import averaged, follow
from otherlight.training.devices import autocast, channels_last
from otherlight.world import WorldConfig, render_world

SIZE = (128, 224)
CLASSES = 8
PRECISIONS: tuple[Literal["bf16", "fp32"], ...] = ("bf16", "fp32")


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--steps", type=int, nargs="*", default=[])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--optimisers", nargs="*", default=["muon"])
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.speed:
        _speed()
    if given.steps:
        _learning(given.to, given.steps, given.seeds, given.optimisers, given.threads)


def _speed() -> None:
    for precision, batch in product(PRECISIONS, (16, 32)):
        for optimiser in ("muon", "adamw"):
            config = FitConfig(optimiser=optimiser)
            step = _training_step(precision, batch, config)
            print(f"train {precision} batch {batch} {optimiser}:", _rates(step, batch))
    detector = Compact(CompactConfig(), CLASSES, torch.Generator())
    channels_last(detector.network)
    images = torch.randn(32, 3, *SIZE)
    print("detect fp32 batch 32:", _rates(lambda: detector.detect(images), 32))


def _training_step(
    precision: Literal["fp32", "bf16"], batch: int, config: FitConfig
) -> Callable[[], object]:
    generator = torch.Generator().manual_seed(0)
    detector = Compact(CompactConfig(), CLASSES, generator)
    network = channels_last(detector.network)
    average = averaged(network)
    optimisers = build_optimisers(network, config, precision)
    images = torch.randn(batch, 3, *SIZE, generator=generator)
    truth = [_truth(generator) for _ in range(batch)]

    def step() -> None:
        with autocast(torch.device("cpu"), precision):
            losses = detector.losses(images, truth)
        torch.stack(list(losses.values())).sum().backward()
        for optimiser in optimisers.values():
            optimiser.step()
            optimiser.zero_grad()
        follow(average, network, 1, 0.998)

    return step


def _truth(generator: torch.Generator) -> Truth:
    """Ten objects of 4 to 40 pixels."""
    corner = torch.rand(10, 2, generator=generator) * torch.tensor([180.0, 90.0])
    size = 4 + 36 * torch.rand(10, 2, generator=generator)
    labels = torch.randint(CLASSES, (10,), generator=generator)
    return Truth(boxes=torch.cat([corner, corner + size], 1), labels=labels)


def _rates(step: Callable[[], object], batch: int, repeats: int = 15) -> str:
    """Images a second: median of the repeats by the clock, and by processor time."""
    for _ in range(3):
        step()
    clock: list[float] = []
    used: list[float] = []
    for _ in range(repeats):
        before, worked = time.perf_counter(), time.process_time()
        step()
        clock.append(time.perf_counter() - before)
        used.append(time.process_time() - worked)
    return f"{batch / median(clock):.0f} a second, {batch / median(used):.0f} a processor second"


def _learning(
    to: Path, lengths: list[int], seeds: int, optimisers: list[str], threads: int
) -> None:
    train = render_world(WorldConfig(images=2000), to / "train")
    test = render_world(WorldConfig(images=400, split="test"), to / "test")
    config = FitConfig(width=SIZE[1], height=SIZE[0], threads=threads)
    for optimiser, steps in product(optimisers, lengths):
        values: list[float] = []
        for seed in range(seeds):
            wanted = replace(config, optimiser=optimiser, steps=steps)
            folder = to / "runs" / f"{optimiser}-{steps}-{seed}"
            run = fit([Ingredient(images=train)], test, wanted, seed, folder)
            values.append(run.record.results["ap50"])
        spread = stdev(values) if seeds > 1 else 0.0
        print(
            f"{optimiser}, {steps * config.batch:,} images: AP50 {mean(values):.3f} ± {spread:.3f}",
            *(f"{value:.3f}" for value in values),
        )


if __name__ == "__main__":
    main()
