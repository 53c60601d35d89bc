"""Small labelled scenes, and a fit that learns them by heart."""

from pathlib import Path

import numpy as np

from otherlight.images.files import encode
from otherlight.recognisers import FitConfig
from otherlight.sets import ImageSet, build_set, write_set

CLASSES = ("car", "pedestrian")
WIDTH, HEIGHT = 96, 64
OVERFIT = FitConfig(
    options={"width": 16, "neck": 32},
    width=WIDTH,
    height=HEIGHT,
    batch=8,
    steps=80,
    warmup=5,
    flip=0.0,
    average=0.9,
    device="cpu",
    precision="fp32",
    threads=1,
    checkpoint_every=3,
)
"""Enough to learn eight images by heart."""


def scenes(folder: Path, count: int = 8, scale: int = 1, below: int = 0) -> ImageSet:
    """Wide red cars and high blue pedestrians on grey, ``below`` rows added; the last is empty."""
    images, boxes = [], []
    for index in range(count):
        chance = np.random.default_rng(index)
        pixels = chance.integers(90, 130, (HEIGHT, WIDTH, 3)).astype(np.uint8)
        name = f"{index}.png"
        placed = [] if index == count - 1 else [(0, 30, 16, 4), (1, 10, 26, 60)]
        for label, wide, high, left in placed:
            left, top = left + int(chance.integers(14)), 8 + int(chance.integers(20))
            colour = ((220, 30, 30), (20, 40, 230))[label]
            pixels[top : top + high, left : left + wide] = colour
            edges = {"left": left, "right": left + wide, "top": top, "bottom": top + high}
            edges = {side: edge * scale for side, edge in edges.items()}
            boxes.append({"image": name, "box": len(boxes), "label": CLASSES[label], **edges})
        large = np.pad(pixels.repeat(scale, 0).repeat(scale, 1), ((0, below), (0, 0), (0, 0)))
        path = folder / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(large, ".png"))
        size = {"width": large.shape[1], "height": large.shape[0]}
        images.append({"image": name, "file": f"images/{name}", **size})
    return write_set(build_set("scenes", CLASSES, images, boxes, root=folder), folder)
