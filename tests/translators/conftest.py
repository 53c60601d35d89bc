"""Two small sets of images to learn from."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from otherlight.images.files import encode
from otherlight.sets import ImageSet, build_set


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small tensors gain nothing from threads, and lose much where others use the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def small_set(root: Path, name: str, count: int, size: tuple[int, int] = (40, 32)) -> ImageSet:
    """Draw ``count`` images of (width, height) with one box each."""
    chance = np.random.default_rng(len(name))
    images, boxes = [], []
    for number in range(count):
        key = f"{name}/{number:02}.png"
        file = root / key
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = chance.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        file.write_bytes(encode(pixels, ".png"))
        images.append({"image": key, "width": size[0], "height": size[1]})
        boxes.append(
            {"image": key, "box": 0, "label": "car", "left": 1, "top": 2, "right": 9, "bottom": 8}
        )
    return build_set(name, ["car"], images, boxes, root=root, licence="CC0-1.0")


@pytest.fixture
def day(tmp_path: Path) -> ImageSet:
    return small_set(tmp_path / "sets", "day", 5)


@pytest.fixture
def night(tmp_path: Path) -> ImageSet:
    return small_set(tmp_path / "sets", "night", 3)
