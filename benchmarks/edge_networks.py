"""Train the small edge networks that come with the package, on the built-in world's own edges.

Run: python benchmarks/edge_networks.py hed [--steps 1500] [--to FOLDER] [--data FOLDER]

The truth is where instance masks change or depth breaks; streets of training and test are
different ones. Prints F1 within two pixels at the best threshold, by day and by night, beside the
edge operator's.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from otherlight.images.dense import read_depth, read_ids
from otherlight.images.files import read_pixels
from otherlight.images.tensors import stack, to_images
from otherlight.losses.edges import balanced_edges
from otherlight.nets.edge_operator import SobelEdges
from otherlight.nets.edges import HED, RCF, EdgeDetector, edge_network
from otherlight.sets import ImageSet
from otherlight.training.checkpoint import save_state
from otherlight.training.schedule import warmup_cosine
from otherlight.training.seeding import torch_generator
from otherlight.world import WorldConfig, render_world

WIDTH, CROP = 8, (128, 192)
Frames = tuple[Tensor, Tensor]


def main() -> None:
    """Render, train, measure, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("architecture", choices=["hed", "rcf"])
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--images", type=int, default=480)
    parser.add_argument("--to", type=Path, default=Path())
    parser.add_argument("--data", type=Path, default=Path("edge-worlds"))
    asked = parser.parse_args()
    train = frames(asked.data / "train", condition="day", images=asked.images, seed=11)
    tests = {
        light: frames(asked.data / light, condition=light, images=64, split="test", seed=12)
        for light in ("day", "night")
    }
    net = learn(asked.architecture, train, asked.steps, asked.batch)
    for light, test in tests.items():
        for name, detector in (("network", net), ("operator", SobelEdges())):
            print(f"{light:6s} {name:9s} F1 {best_f1(detector, test):.3f}", flush=True)
    half = {name: value.half() for name, value in net.state_dict().items()}
    file = asked.to / f"edges_{asked.architecture}.safetensors"
    save_state(file, half, {"architecture": asked.architecture, "width": WIDTH, "span": 255})
    print(f"{file}: {file.stat().st_size / 1e6:.2f} MB")


def frames(folder: Path, **world: Any) -> Frames:
    """Render a set; give its images and, beside them, their true edges."""
    rendered = render_world(
        WorldConfig(depth=True, mask=True, pool="edges-" + world.get("split", "train"), **world),
        folder,
    )
    images = to_images(stack([read_pixels(file) for file in rendered.files()]))
    return images, torch.stack([edges_of(rendered, row) for row in rendered.images.to_pylist()])


def edges_of(rendered: ImageSet, row: dict[str, Any]) -> Float[Tensor, "1 height width"]:
    """Find where masks change or depth breaks; two pixels wide, one on each side."""
    near = 1.0 / torch.from_numpy(read_depth(rendered.root / row["depth"])).double()
    thing = torch.from_numpy(read_ids(rendered.root / row["mask"]).astype(np.int64))
    edges = torch.zeros_like(near, dtype=torch.bool)
    for axis in (0, 1):
        edges |= _both_sides(thing.diff(dim=axis) != 0, axis)
        edges |= _both_sides(_breaks(near, axis), axis)
    return edges.float().unsqueeze(0)


def _breaks(near: Tensor, axis: int) -> Bool[Tensor, "rows columns"]:
    """Inverse depth is linear along a plane: a break is a jump far from those beside it."""
    jump = near.diff(dim=axis)
    length = jump.shape[axis]
    padded = torch.cat([jump.narrow(axis, 0, 1), jump, jump.narrow(axis, length - 1, 1)], axis)
    beside = torch.minimum(
        (jump - padded.narrow(axis, 0, length)).abs(),
        (jump - padded.narrow(axis, 2, length)).abs(),
    )
    here = torch.maximum(near.narrow(axis, 0, length), near.narrow(axis, 1, length))
    return beside > 0.05 * here + 0.001


def _both_sides(changes: Tensor, axis: int) -> Tensor:
    before = [0, 0, 0, 0]
    after = list(before)
    before[2 * (1 - axis) + 1] = after[2 * (1 - axis)] = 1
    return F.pad(changes, before) | F.pad(changes, after)


def learn(architecture: Any, data: Frames, steps: int, batch: int) -> HED | RCF:
    """Train on random batches under changing light, deeply supervised as both papers do."""
    chance = torch_generator(0, "edges", architecture)
    net = edge_network(architecture, WIDTH)
    _first_weights(net, chance)
    optimiser = torch.optim.Adam(net.parameters(), 2e-3)
    images, edges = data
    total = 0.0
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * warmup_cosine(step, steps, 50)
        rows = torch.randint(len(images), (batch,), generator=chance)
        shown, wanted = augmented(*cropped(images[rows], edges[rows], chance), chance)
        loss = torch.stack([balanced_edges(found, wanted) for found in net.maps(shown)]).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += float(loss.detach())
        if (step + 1) % 100 == 0:
            print(f"step {step + 1} loss {total / 100:.3f}", flush=True)
            total = 0.0
    return net.eval()


def _first_weights(net: HED | RCF, chance: torch.Generator) -> None:
    with torch.no_grad():
        for name, value in net.named_parameters():
            if name.endswith("bias"):
                value.zero_()
            else:
                drawn = torch.randn(value.shape, generator=chance)
                value.copy_(drawn * (2.0 / value[0].numel()) ** 0.5)
        net.fusion.weight.fill_(0.2)
        first = net.stages.get_submodule("0.0")
        assert isinstance(first.weight, Tensor)
        first.weight.div_(64.0)  # pixels are 64 from their mean, not 1


def cropped(images: Tensor, edges: Tensor, chance: torch.Generator) -> Frames:
    """Cut one window out of all images of a batch."""
    top, left = (
        int(torch.randint(whole - part + 1, (), generator=chance))
        for whole, part in zip(images.shape[-2:], CROP, strict=True)
    )
    window = slice(top, top + CROP[0]), slice(left, left + CROP[1])
    return images[..., *window], edges[..., *window]


def augmented(images: Tensor, edges: Tensor, chance: torch.Generator) -> Frames:
    """Change the light, the colours, the sharpness and the side; noise on top."""

    def draw(low: float, high: float, *shape: int) -> Tensor:
        count = (len(images), *shape)
        return low + (high - low) * torch.rand(count, generator=chance)

    if float(torch.rand((), generator=chance)) < 0.5:
        images, edges = images.flip(3), edges.flip(3)
    bright = (images + 1.0) / 2.0
    if float(torch.rand((), generator=chance)) < 0.3:
        bright = F.avg_pool2d(bright, 3, 1, 1)
    bright = bright.clamp(min=1e-4) ** draw(0.6, 1.7, 1, 1, 1) * draw(0.7, 1.2, 3, 1, 1)
    noise = torch.randn(bright.shape, generator=chance) * draw(0.0, 0.04, 1, 1, 1)
    return (bright + noise).clamp(0.0, 1.0) * 2.0 - 1.0, edges


@torch.inference_mode()
def best_f1(detector: EdgeDetector, test: Frames, reach: int = 2) -> float:
    """Score edges that lie within ``reach`` pixels of one another, at the best threshold."""
    images, edges = test
    chances = torch.cat([detector(image) for image in images.split(8)]).sigmoid()
    best = 0.0
    for threshold in np.linspace(0.1, 0.9, 17):
        found = (chances > float(threshold)).float()
        right = (found * _spread(edges, reach)).sum() / found.sum().clamp(min=1)
        seen = (edges * _spread(found, reach)).sum() / edges.sum()
        best = max(best, float(2 * right * seen / (right + seen).clamp(min=1e-9)))
    return best


def _spread(edges: Tensor, reach: int) -> Tensor:
    return F.max_pool2d(edges, 2 * reach + 1, 1, reach)


if __name__ == "__main__":
    main()
