"""PASCAL VOC, written: whole pixels from 1, both ends inside, as its development kit has them.

Edges between pixels are rounded, since many tools read whole numbers and break off at others.
"""

import math
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from otherlight.datasets.placing import Placed, size_of
from otherlight.datasets.samples import Tally
from otherlight.errors import DatasetError
from otherlight.records.files import told_when_full, write_bytes
from otherlight.records.progress import track
from otherlight.sets import ImageSet

FOLDER = "JPEGImages"
_SPLITS = ("train", "val", "test")
_YES = ("1", "true", "yes")
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 cannot hold, or that no name should."""
_EXACT = 1e-6


def write_voc(images: ImageSet, placed: Placed, to: Path, tally: Tally) -> None:
    """Write Annotations/ and ImageSets/Main; ignored boxes are marked as difficult.

    Raises:
        DatasetError: a class has a name that XML cannot hold, or an image's size is unknown.
    """
    for name in images.classes:
        if not name or name != name.strip() or _UNFIT.search(name):
            raise DatasetError(
                f"A class of a VOC file has a name without control characters and without blanks "
                f"at its ends; {name!r} came. Rename it with classes when you import the set."
            )
    boxes = images.boxes.to_pylist()
    offsets = images.boxes_of().offsets
    channels = images.column("channels")
    for row, name in track(
        zip(placed.rows, placed.names, strict=True), "writing labels", len(placed.rows)
    ):
        size = size_of(images, row, name, "VOC files state")
        root = _head(images.name, name, (*size, channels[row] or 3))
        for box in boxes[offsets[row] : offsets[row + 1]]:
            root.append(_object(box, size, name, tally))
            tally.boxes += 1
        if PurePosixPath(name).suffix != ".jpg":
            tally.note("image that is no .jpg, which some VOC tools alone look for", name)
        indent(root, "\t")
        path = (to / "Annotations" / name).with_suffix(".xml")
        with told_when_full(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(tostring(root, encoding="utf-8") + b"\n")
    _write_splits(images, placed, to, tally)


def whole_pixels(low: float, high: float, length: int) -> tuple[int, int]:
    """Round two edges to the first and last pixel inside, counted from 1; at least one pixel.

    >>> whole_pixels(10.0, 30.0, 100), whole_pixels(9.6, 30.4, 100), whole_pixels(99.7, 100.0, 100)
    ((11, 30), (11, 30), (100, 100))
    """
    first, last = math.floor(low + 0.5) + 1, math.floor(high + 0.5)
    if first > last:
        first = last = min(math.floor((low + high) / 2), length - 1) + 1
    return max(first, 1), min(last, length)


def _head(database: str, name: str, size: tuple[int, int, int]) -> Element:
    root = Element("annotation")
    SubElement(root, "folder").text = FOLDER
    SubElement(root, "filename").text = _fit(PurePosixPath(name).name)
    SubElement(SubElement(root, "source"), "database").text = _fit(database)
    said = SubElement(root, "size")
    for side, value in zip(("width", "height", "depth"), size, strict=True):
        SubElement(said, side).text = str(value)
    SubElement(root, "segmented").text = "0"
    return root


def _object(box: dict[str, Any], size: tuple[int, int], name: str, tally: Tally) -> Element:
    words = dict(box["attributes"])
    root = Element("object")
    SubElement(root, "name").text = box["label"]
    SubElement(root, "pose").text = _fit(words.get("pose", "Unspecified"))
    truncated = words.get("truncated", "").lower() in _YES or (box["truncation"] or 0) > 0
    SubElement(root, "truncated").text = str(int(truncated))
    if (level := box["occlusion_level"]) is not None:
        SubElement(root, "occluded").text = str(int(level >= 1))
        tally.note("box occluded at level 2, which VOC holds as 1", name, int(level > 1))
    SubElement(root, "difficult").text = str(int(box["ignore"]))
    bounds = SubElement(root, "bndbox")
    left, right = whole_pixels(box["left"], box["right"], size[0])
    top, bottom = whole_pixels(box["top"], box["bottom"], size[1])
    for side, value in zip(
        ("xmin", "ymin", "xmax", "ymax"), (left, top, right, bottom), strict=True
    ):
        SubElement(bounds, side).text = str(value)
    _count_rounding(box, (left - 1, top - 1, right, bottom), name, tally)
    return root


def _count_rounding(box: dict[str, Any], written: Sequence[int], name: str, tally: Tally) -> None:
    edges = (box["left"], box["top"], box["right"], box["bottom"])
    moved = max(abs(edge - to) for edge, to in zip(edges, written, strict=True))
    if moved > 0.5 + _EXACT:
        tally.note("box that was thinner than a pixel or reached over the border", name)
    elif moved > _EXACT:
        tally.note("box with edges between pixels, rounded (half a pixel at most)", name)


def _write_splits(images: ImageSet, placed: Placed, to: Path, tally: Tally) -> None:
    """Write the lists of splits, and trainval, which tools ask for: all that is not for testing."""
    splits = images.column("split")
    lists: dict[str, list[str]] = {"trainval": []}
    for row, name in zip(placed.rows, placed.names, strict=True):
        split = splits[row]
        stem = PurePosixPath(name).with_suffix("").as_posix()
        if split in _SPLITS:
            lists.setdefault(split, []).append(stem)
        elif split is not None:
            tally.note(f"image of split {split}, which ImageSets does not name", name)
        if split in (None, "train", "val"):
            lists["trainval"].append(stem)
    for split, stems in lists.items():
        text = "".join(f"{stem}\n" for stem in stems)
        write_bytes(to / "ImageSets" / "Main" / f"{split}.txt", text.encode())


def _fit(text: str) -> str:
    return _UNFIT.sub("?", text)
