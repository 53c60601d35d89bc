"""Time steps of learned translators against CycleGAN's, in turns, by processor time.

Run: OMP_NUM_THREADS=1 python benchmarks/step_shares.py cut fastcut [--size 128 256] [--width 16]
"""

import argparse
import statistics
import time

import torch

from otherlight.translators import TRANSLATORS, Learned

REFERENCE = "cyclegan"


def main() -> None:
    """Print each method's median share of a CycleGAN step, and seconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("methods", nargs="+")
    parser.add_argument("--size", type=int, nargs=2, default=(256, 256), help="height, width")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--blocks", type=int, default=9)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    torch.set_num_threads(1)

    settings = {"width": asked.width, "discriminator_width": asked.width, "blocks": asked.blocks}
    learners: dict[str, Learned] = {}
    for name in (REFERENCE, *asked.methods):
        method = TRANSLATORS[name]
        built = method.build(method.config(**settings), torch.Generator().manual_seed(0))
        assert isinstance(built, Learned)
        learners[name] = built
    chance = torch.Generator().manual_seed(1)
    source, target = (torch.rand(1, 3, *asked.size, generator=chance) * 2 - 1 for _ in range(2))

    seconds: dict[str, list[float]] = {name: [] for name in learners}
    for number in range(asked.rounds + 1):
        for name, learner in learners.items():
            started = time.process_time()
            learner.step(source, target)
            if number:  # the first round warms up
                seconds[name].append(time.process_time() - started)
    for name, taken in seconds.items():
        shares = [one / other for one, other in zip(taken, seconds[REFERENCE], strict=True)]
        print(
            f"{name:10s} {statistics.median(taken):7.3f} CPU s, "
            f"{statistics.median(shares):.2f} of a {REFERENCE} step "
            f"({min(shares):.2f}-{max(shares):.2f})"
        )


if __name__ == "__main__":
    main()
