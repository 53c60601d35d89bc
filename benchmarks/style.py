"""Time neural style transfer of one 828 x 250 frame: L-BFGS, 5 rounds of 20, against Adam.

Weights do not change the time, so they are drawn unless a file is given. Both optimisers evaluate
the same loss of sim2real's preset; the loss that each reached after as many seconds is printed too.

Run: python benchmarks/style.py [--width 828 --height 250] [--rounds 5] [--evaluations 20]
     [--weights FILE --inputs bgr] [--backbone vgg16] [--threads 1]
"""

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor

from otherlight.images.tensors import Images
from otherlight.training.devices import threads
from otherlight.training.seeding import torch_generator
from otherlight.translators.nst import NST
from otherlight.translators.nst_recipes import NSTConfig
from otherlight.translators.optimising import Optimiser, optimised


def main() -> None:
    """Print seconds, evaluations and losses."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--width", type=int, default=828)
    parser.add_argument("--height", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--evaluations", type=int, default=20)
    parser.add_argument("--weights", default="random")
    parser.add_argument("--inputs", default="auto")
    parser.add_argument("--backbone", default="vgg16")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    asked = parser.parse_args()
    config = NSTConfig(
        preset="sim2real",
        weights=asked.weights,
        inputs=asked.inputs,
        backbone=asked.backbone,
        scale=1.0,
    )
    translator = NST(config, torch_generator(0))
    content, style = (_scene(seed, asked.height, asked.width, asked.device) for seed in (1, 2))
    start = torch.rand(content.shape, generator=torch_generator(3)).to(asked.device) * 255 - 127.5
    with threads(asked.threads):
        loss = translator.loss(content, style)
        print(f"start: loss {float(loss(start)):.4g}", flush=True)
        for how in (
            Optimiser("lbfgs", asked.rounds, asked.evaluations, 2.0),
            Optimiser("adam", asked.rounds, asked.evaluations, 2.0),
            Optimiser("adam", asked.rounds, asked.evaluations, 10.0),
        ):
            _time(how, loss, start)
    print(f"torch {torch.__version__}, {asked.threads} threads, {asked.backbone}, {asked.device}")


def _scene(seed: int, height: int, width: int, device: str) -> Images:
    """Draw coarse and fine noise: the losses need something to match, the time does not."""
    chance, parts = torch_generator(seed), []
    for coarse in (1, 8, 64):
        small = torch.rand(1, 3, -(-height // coarse), -(-width // coarse), generator=chance)
        parts.append(torch.nn.functional.interpolate(small, (height, width), mode="bilinear"))
    return (torch.stack(parts).mean(0) * 2 - 1).to(device)


def _time(how: Optimiser, loss: Callable[[Tensor], Tensor], start: Tensor) -> None:
    calls: list[float] = []

    def counted(levels: Tensor) -> Tensor:
        value = loss(levels)
        calls.append(float(value.detach()))
        return value

    wall, cpu = time.perf_counter(), time.process_time()
    optimised(start, counted, how)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    rate = f" at {how.learning_rate}" if how.name == "adam" else ""
    print(
        f"{how.name}{rate}: {len(calls)} evaluations, {wall:.1f} s wall, {cpu:.1f} s CPU, "
        f"{cpu / len(calls):.2f} s CPU each, loss {calls[-1]:.4g} (least {min(calls):.4g})",
        flush=True,
    )


if __name__ == "__main__":
    main()
