"""Translated sets made by hand, so that a test knows what became of every box."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from otherlight.images.files import Array, encode, read_pixels
from otherlight.records.files import sha256_of
from otherlight.sets import ImageSet, write_set
from otherlight.sets.columns import IMAGES

Change = Callable[[Array, "np.ndarray[tuple[int, int], np.dtype[np.float64]]"], Array]
"""From an image and the edges of its boxes to its translation."""


def translate_by_hand(source: ImageSet, to: Path, changes: Mapping[str, Change]) -> ImageSet:
    """Write a set with its lineage; images without a change are copied pixel by pixel."""
    boxes = source.boxes_of()
    rows = source.images.to_pylist()
    for number, row in enumerate(rows):
        captured = source.files()[number]
        pixels = read_pixels(captured)
        own = boxes.edges[boxes.offsets[number] : boxes.offsets[number + 1]]
        change = changes.get(row["image"])
        file = to / "images" / row["image"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encode(pixels if change is None else change(pixels, own), ".png"))
        row |= {
            "file": str(file.resolve()),
            "sha256": sha256_of(file),
            "parent": source.name,
            "parent_sha256": sha256_of(captured),
            "translator": "by hand",
        }
    made = ImageSet(
        name="by hand",
        classes=source.classes,
        images=pa.Table.from_pylist(rows, IMAGES),
        boxes=source.boxes,
        root=to,
        made_by={"command": "translate", "source": str(source.root.resolve())},
    )
    return write_set(made, to)


def erase(which: int) -> Change:
    """Paint a box over with the noise of what lies around it."""

    def change(pixels: Array, edges: np.ndarray) -> Array:
        left, top, right, bottom = edges[which].astype(int).tolist()
        area = (bottom - top + 4, right - left + 4, 3)
        painted = pixels.copy()
        noise = np.random.default_rng(99).integers(90, 130, area).astype(np.uint8)
        rows, columns = slice(max(top - 2, 0), bottom + 2), slice(max(left - 2, 0), right + 2)
        shape = painted[rows, columns].shape
        painted[rows, columns] = noise[: shape[0], : shape[1]]
        return painted

    return change


def darken(pixels: Array, edges: np.ndarray) -> Array:
    """A power law and a third of the light: nothing is lost."""
    del edges
    return np.rint(255 * (pixels / 255.0) ** 1.5 * 0.5).astype(np.uint8)
