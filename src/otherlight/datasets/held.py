"""What a format can hold of a set; what an export therefore leaves behind, by column.

Lineage and the keys are never left behind: they lie in ``lineage.csv`` beside every export.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from otherlight.datasets.placing import Placed
from otherlight.records.files import write_bytes
from otherlight.sets import ImageSet
from otherlight.sets.arrow import compute as pc
from otherlight.sets.columns import BOXES, IMAGES

LINEAGE = ("parent", "parent_sha256", "translator", "method_version", "direction", "seed")
_OF_PIXELS = ("image", "file", "sha256", "width", "height", "channels", "bits", "labelled")
_OF_BOXES = ("image", "box", "label", "left", "top", "right", "bottom")
_SPECIAL = ("group", "attributes", "ignore", "ignore_reason")


@dataclass(frozen=True, kw_only=True)
class Holds:
    """Columns and words that come back from a format; pixels, labels and edges always do.

    A column is named here if the writer keeps it, or counts itself what it cannot keep of it.
    """

    images: frozenset[str] = frozenset()
    image_words: frozenset[str] | None = frozenset()
    """Keys of the attributes that come back; None: all."""
    boxes: frozenset[str] | None = frozenset()
    """None: boxes have no place at all, which is counted elsewhere."""
    box_words: frozenset[str] | None = frozenset()
    reason: str | None = None
    """The ignore reason that comes back."""


NOTHING = Holds()
"""Pixels, labels and edges alone."""


def count_lost(images: ImageSet, rows: Sequence[int], holds: Holds) -> dict[str, int]:
    """Count, by column, the images and boxes of some rows that say what a format cannot hold.

    The group counts where it is neither the sequence nor the image itself.
    """
    of_images = images.images.take(pa.array(rows, pa.int64()))
    lost = _lost(of_images, IMAGES, {*_OF_PIXELS, *LINEAGE, *_SPECIAL, *holds.images}, "an image")
    if holds.boxes is not None:
        inside = pc.is_in(images.boxes["image"], of_images["image"].combine_chunks())
        of_boxes = images.boxes.filter(inside)
        lost |= _lost(of_boxes, BOXES, {*_OF_BOXES, *_SPECIAL, *holds.boxes}, "a box")
        reasons = of_boxes["ignore_reason"].to_pylist()
        lost["ignore_reason of a box"] = sum(r not in (None, holds.reason) for r in reasons)
        lost["other attributes of a box"] = _worded(of_boxes, holds.box_words)
    if "group" not in holds.images:
        keys, drives, groups = (of_images[c].to_pylist() for c in ("image", "sequence", "group"))
        lost["group of an image"] = sum(
            group not in (key, drive)
            for key, drive, group in zip(keys, drives, groups, strict=True)
        )
    lost["grade of an image for a query"] = images.relevance.num_rows
    lost["other attributes of an image"] = _worded(of_images, holds.image_words)
    return {rule: times for rule, times in sorted(lost.items()) if times}


def _lost(table: pa.Table, columns: pa.Schema, held: set[str], of: str) -> dict[str, int]:
    return {
        f"{name} of {of}": len(table) - table[name].null_count
        for name in columns.names
        if name not in held
    }


def _worded(table: pa.Table, held: frozenset[str] | None) -> int:
    if held is None:
        return 0
    return sum(
        any(key not in held for key, _ in words) for words in table["attributes"].to_pylist()
    )


def write_lineage(images: ImageSet, placed: Placed, to: Path) -> None:
    """Write which image of the set each exported file is, and what it was translated from."""
    columns: Mapping[str, list[Any]] = {
        name: images.column(name) for name in ("image", "group", *LINEAGE)
    }
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("exported", *columns))
    for row, name in zip(placed.rows, placed.names, strict=True):
        table.writerow((name, *(values[row] for values in columns.values())))
    write_bytes(to / "lineage.csv", text.getvalue().encode())
