"""Time a HED^N-GAN step against a CycleGAN step, in one run, in turns.

Run: python benchmarks/edge_gan_step.py [--size 256] [--rounds 5] [--threads 1] [--clock cpu]

The edge networks are those that come with the package, and HED at its full size: the small one's
weights among noughts, since what a product costs does not depend on its numbers.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from otherlight.nets.edges import HED, edge_network
from otherlight.training.seeding import torch_generator
from otherlight.translators.cyclegan import CycleGAN, CycleGANConfig
from otherlight.translators.edge_gan import EdgeGAN
from otherlight.translators.edge_weights import BUILT_IN, edges_of
from otherlight.translators.hedgan import HEDGANConfig
from otherlight.translators.hedngan import HEDNGANConfig
from otherlight.translators.rcfngan import RCFNGANConfig


def main() -> None:
    """Print medians, spread and ratios to both forms of CycleGAN."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=["wall", "cpu"], default="cpu")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    clock = time.perf_counter if asked.clock == "wall" else time.process_time
    with tempfile.TemporaryDirectory() as folder:
        methods = _methods(full_size(Path(folder) / "hed.pth"))
        chance = torch_generator(0)
        shape = (1, 3, asked.size, asked.size)
        source, target = (torch.rand(shape, generator=chance) * 2 - 1 for _ in range(2))
        seconds: dict[str, list[float]] = {name: [] for name in methods}
        for turn in range(asked.rounds + 1):
            for name, method in methods.items():
                taken = _seconds(lambda method=method: method.step(source, target), clock)
                if turn:  # the first step of each reads weights and chooses kernels
                    seconds[name].append(taken)
    for name, taken in seconds.items():
        ratios = [
            statistics.median(a / b for a, b in zip(taken, seconds[base], strict=True))
            for base in ("cyclegan", "cyclegan without identity")
        ]
        print(
            f"{name:28s} {statistics.median(taken):6.2f} s ({min(taken):.2f}-{max(taken):.2f})  "
            f"{ratios[0]:.2f} and {ratios[1]:.2f} of CycleGAN with and without identity"
        )
    print(f"torch {torch.__version__}, {asked.threads} threads, seconds of {asked.clock} time")


def _methods(full: Path) -> dict[str, CycleGAN | EdgeGAN]:
    chance = torch_generator(0)
    return {
        "cyclegan": CycleGAN(CycleGANConfig(), chance),
        "cyclegan without identity": CycleGAN(CycleGANConfig(identity_weight=0.0), chance),
        "hedngan, built-in": EdgeGAN(HEDNGANConfig(), chance),
        "hedngan, full size": EdgeGAN(HEDNGANConfig(edges=str(full)), chance),
        "hedgan, full size": EdgeGAN(HEDGANConfig(edges=str(full)), chance),
        "rcfngan, built-in": EdgeGAN(RCFNGANConfig(), chance),
    }


def full_size(file: Path) -> Path:
    """Write a HED of the published size that finds the small one's edges."""
    small = edges_of(BUILT_IN, "hed")
    assert isinstance(small, HED)
    with torch.device("meta"):
        shapes = {name: p.shape for name, p in edge_network("hed").named_parameters()}
    state = {name: torch.zeros(shape) for name, shape in shapes.items()}
    for name, value in small.state_dict().items():
        state[name][tuple(slice(size) for size in value.shape)] = value
    torch.save(state, file)
    return file


def _seconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    started = clock()
    work()
    return clock() - started


if __name__ == "__main__":
    main()
