"""Time a CycleGAN step against a plain textbook step, in one run, in turns.

Run: python benchmarks/cyclegan_step.py [--size 256] [--rounds 7] [--threads 2]
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from plain_cyclegan import PlainCycleGAN

from otherlight.translators.cyclegan import CycleGAN, CycleGANConfig


def main() -> None:
    """Print medians, spread and ratio."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--compile", action="store_true", help="compile our form")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    clock = time.perf_counter if asked.clock == "wall" else time.process_time

    chance = torch.Generator().manual_seed(0)
    ours = CycleGAN(CycleGANConfig(compile=asked.compile), chance)
    plain = PlainCycleGAN(64, 9, 64)
    plain.start_from(ours)
    shape = (1, 3, asked.size, asked.size)
    source, target = (torch.rand(shape, generator=chance) * 2 - 1 for _ in range(2))

    first = {"plain": plain.step(source, target), "ours": ours.step(source, target)}
    for name in first["plain"]:
        print(f"{name:14s} plain {first['plain'][name]:.5f}  ours {first['ours'][name]:.5f}")
    seconds: dict[str, list[float]] = {"plain": [], "ours": []}
    for _ in range(asked.rounds):
        seconds["plain"].append(_seconds(lambda: plain.step(source, target), clock))
        seconds["ours"].append(_seconds(lambda: ours.step(source, target), clock))
        print(f"plain {seconds['plain'][-1]:.2f}  ours {seconds['ours'][-1]:.2f}", flush=True)
    for name, taken in seconds.items():
        print(
            f"{name:6s} median {statistics.median(taken):.2f} s, {min(taken):.2f}-{max(taken):.2f}"
        )
    ratios = [slow / fast for slow, fast in zip(seconds["plain"], seconds["ours"], strict=True)]
    print(f"ratio  median {statistics.median(ratios):.2f}, {min(ratios):.2f}-{max(ratios):.2f}")
    print(f"torch {torch.__version__}, {asked.threads} threads, seconds of {asked.clock} time")


def _seconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    started = clock()
    work()
    return clock() - started


if __name__ == "__main__":
    main()
