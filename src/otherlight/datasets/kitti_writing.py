"""KITTI's detection labels, written: fifteen words a box, unknown ones as DontCare lines have them.

The columns and the values for "unknown" are those of the development kit's readme.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from otherlight.datasets.kitti import CLASSES, DONT_CARE, type_of
from otherlight.datasets.placing import Placed
from otherlight.datasets.samples import Tally
from otherlight.errors import DatasetError
from otherlight.records.files import told_when_full
from otherlight.records.progress import track
from otherlight.sets import ImageSet

FOLDER = "training/image_2"
_UNKNOWN_TRUNCATION, _UNKNOWN_OCCLUSION = "-1", "3"
_WORDS: Mapping[str, str] = {
    "alpha": "-10", "dimensions_m": "-1 -1 -1", "location_m": "-1000 -1000 -1000",
    "rotation_y": "-10",
}  # fmt: skip
"""What is written where a box does not say, by the words that an import keeps."""
_PARTLY, _LARGELY = 0.1, 0.5

Edges = tuple[float, float, float, float]


def arrange_kitti(keys: Sequence[str], splits: Sequence[str | None]) -> list[str]:
    """Name exported images: one flat folder, and label files of one name for one image.

    >>> arrange_kitti(["000000.png", "drive/b.jpg", "a.jpg", "a.png"], [None] * 4)
    ['000000.png', 'drive_b.jpg', 'a_jpg.jpg', 'a_png.png']
    """
    del splits
    flat = [key.replace("/", "_") for key in keys]
    stems = Counter(PurePosixPath(name).stem for name in flat)
    # A name that need not change is never taken by one that must.
    taken = {PurePosixPath(name).stem for name in flat if stems[PurePosixPath(name).stem] == 1}
    names: list[str] = []
    for name in flat:
        path = PurePosixPath(name)
        if stems[path.stem] > 1:
            stem = f"{path.stem}_{path.suffix[1:]}"
            number = 2
            while stem in taken:
                stem, number = f"{path.stem}_{path.suffix[1:]}_{number}", number + 1
            taken.add(stem)
            name = f"{stem}{path.suffix}"
        names.append(name)
    return names


def write_kitti(images: ImageSet, placed: Placed, to: Path, tally: Tally) -> None:
    """Write training/label_2; ignored boxes become DontCare regions, which hold for every class.

    Raises:
        DatasetError: two classes would have one name once blanks are underlines.
    """
    types = _types(images.classes, tally)
    boxes = images.boxes.to_pylist()
    offsets = images.boxes_of().offsets
    for row, name in track(
        zip(placed.rows, placed.names, strict=True), "writing labels", len(placed.rows)
    ):
        here = boxes[offsets[row] : offsets[row + 1]]
        tally.boxes += len(here)
        lines = [_line(box, types, name, tally) for box in here if not box["ignore"]]
        lines += _regions(here, images.classes, name, tally)
        path = (to / "training" / "label_2" / name).with_suffix(".txt")
        with told_when_full(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"{line}\n" for line in lines))


def _types(classes: Sequence[str], tally: Tally) -> dict[str, str]:
    types: dict[str, str] = {}
    for name in classes:
        kind = type_of(name)
        if not kind or kind == DONT_CARE or kind in types.values():
            raise DatasetError(
                f"Types in KITTI files are words that differ, and none is {DONT_CARE}; class "
                f"{name!r} came. Rename it with classes when you import the set."
            )
        if name not in CLASSES:
            tally.note(f"class {name!r} is none of KITTI's eight: to import it, name it", name)
        types[name] = kind
    return types


def _line(box: Mapping[str, Any], types: Mapping[str, str], name: str, tally: Tally) -> str:
    words = dict(box["attributes"])
    placed = {key: _numbers(words.get(key, ""), unknown) for key, unknown in _WORDS.items()}
    if box["depth_m"] is not None and placed["location_m"] == _WORDS["location_m"]:
        tally.note("depth_m of a box without location, which KITTI cannot hold", name)
    if box["occlusion"] is not None:
        tally.note("hidden share of a box, of which KITTI holds the level", name)
    truncation = box["truncation"]
    share = _UNKNOWN_TRUNCATION if truncation is None else decimal(np.float32(truncation))
    return " ".join(
        (
            types[box["label"]],
            share,
            _occlusion(box),
            placed["alpha"],
            *(decimal(box[edge]) for edge in ("left", "top", "right", "bottom")),
            placed["dimensions_m"],
            placed["location_m"],
            placed["rotation_y"],
        )
    )


def _occlusion(box: Mapping[str, Any]) -> str:
    level, share = box["occlusion_level"], box["occlusion"]
    if level is None and share is not None:
        level = int(share >= _PARTLY) + int(share >= _LARGELY)
    return _UNKNOWN_OCCLUSION if level is None else str(level)


def _regions(
    boxes: Sequence[Mapping[str, Any]], classes: Sequence[str], name: str, tally: Tally
) -> list[str]:
    """Write each ignored region once; one that is not ignored for every class is counted."""
    regions: defaultdict[Edges, set[str]] = defaultdict(set)
    for box in boxes:
        if box["ignore"]:
            edges = (box["left"], box["top"], box["right"], box["bottom"])
            regions[edges].add(box["label"])
    for labels in regions.values():
        if len(labels) < len(classes):
            tally.note(
                "ignored box, which becomes a DontCare region of every class", name, len(labels)
            )
    return [
        f"{DONT_CARE} -1 -1 -10 {' '.join(map(decimal, edges))} -1 -1 -1 -1000 -1000 -1000 -10"
        for edges in regions
    ]


def decimal(value: float | np.float32) -> str:
    """Write a number with two decimals, as KITTI does, or with as many as it needs.

    >>> decimal(503.5), decimal(1 / 3), decimal(np.float32(0.1))
    ('503.50', '0.3333333333333333', '0.10')
    """
    short = f"{value:.2f}"
    return short if type(value)(short) == value else str(value)


def _numbers(text: str, unknown: str) -> str:
    """Keep words that are as many numbers as belong there."""
    try:
        numbers = [float(word) for word in text.split()]
    except ValueError:
        return unknown
    fit = len(numbers) == len(unknown.split()) and bool(np.isfinite(numbers).all())
    return " ".join(text.split()) if fit else unknown
