"""Virtual KITTI 2: one folder a scene and variant, with bbox.txt, info.txt and perhaps pose.txt.

Cabon et al. 2020, https://arxiv.org/abs/2001.10773; columns as the data's own description names
them. Edges there are whole pixels, both ends inside. Track ids begin anew in every scene, so that a
class is looked up in the info.txt of the same folder alone.
"""

import math
from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from otherlight.datasets.beside import Beside, find_beside, folder_of_masks
from otherlight.datasets.config import ImportConfig
from otherlight.datasets.listing import list_images, read_text
from otherlight.datasets.locating import drop_sample
from otherlight.datasets.samples import Content, RawBox, Sample
from otherlight.datasets.tally import UNTOLD, Tally
from otherlight.errors import DatasetError
from otherlight.records.progress import track

CLASSES = ("Car", "Van", "Truck")
_LIGHT: Mapping[str, tuple[str, str]] = {
    "fog": ("day", "fog"), "morning": ("day", "clear"), "overcast": ("day", "overcast"),
    "rain": ("day", "rain"), "sunset": ("twilight", "clear"),
}  # fmt: skip
"""Time of day and weather of the variants; the others show a clear day."""
_BOXES = (
    "frame", "cameraID", "trackID", "left", "right", "top", "bottom", "number_pixels",
    "truncation_ratio", "occupancy_ratio", "isMoving",
)  # fmt: skip
_BESIDE = (
    ("mask", "instanceSegmentation", "instancegt", "vkitti2_tracks"),
    ("mask", "classSegmentation", "classgt", "vkitti2_classes"),
    ("depth", "depth", "depth", "centimetres"),
    ("flow", "forwardFlow", "flow", "vkitti2"),
)
"""Column, folder, beginning of the file's name, and how it is to be read."""
_POSES = ("frame", "cameraID", "trackID", "camera_space_Z")
_INFO = ("trackID", "label")

Row = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class _Trees:
    """Where labels, images and what lies beside them are; ``there`` None: not looked at."""

    labels: Path
    images: Path
    there: Sequence[str] | None
    beside: Sequence[Path]


@dataclass(frozen=True, kw_only=True)
class _Variant:
    """One folder, read: boxes by camera and frame."""

    path: PurePosixPath
    boxes: Mapping[tuple[int, int], Sequence[RawBox]]


def read_vkitti2(source: Path, images: Path | None, config: ImportConfig, tally: Tally) -> Content:
    """Read all scenes and variants under a folder; images may lie in another with the same tree."""
    folders = sorted(path.parent for path in source.rglob("bbox.txt"))
    if not folders:
        raise DatasetError(
            f"Expected bbox.txt in folders such as Scene01/clone under {source}; there is none. "
            f"Unpack the archive of texts (vkitti_2.0.3_textgt)."
        )
    variants = [
        _read_variant(folder, PurePosixPath(folder.relative_to(source).as_posix()), tally)
        for folder in track(folders, "reading labels", len(folders))
    ]
    root = (images or source).resolve()
    there = list_images(root) if config.pixels else None
    masks = [folder_of_masks(config.masks)] if config.masks else [root, source.resolve()]
    trees = _Trees(
        labels=source,
        images=root,
        there=there,
        beside=list(dict.fromkeys(masks)) if config.pixels else [],
    )
    texts = (folder / name for folder in folders for name in ("bbox.txt", "info.txt", "pose.txt"))
    return Content(
        classes=CLASSES,
        samples=_samples(variants, trees, tally),
        files=[*(t for t in texts if t.exists()), *(root / name for name in there or ())],
        origin="vkitti2",
    )


def parse_table(text: str, wanted: Sequence[str], at: str) -> list[Row]:
    r"""Read a table with a header, words apart by blanks.

    >>> parse_table("trackID label model\n0 Car Hatchback", ("trackID", "label"), "info.txt")
    [{'trackID': '0', 'label': 'Car', 'model': 'Hatchback'}]

    Raises:
        DatasetError: a column is missing, or a line has another number of words.
    """
    lines = text.splitlines()
    names = lines[0].split() if lines else []
    if absent := [name for name in wanted if name not in names]:
        raise DatasetError(
            f"{at} must begin with a header that names {', '.join(wanted)}; "
            f"{', '.join(absent)} is not there. Take the official texts."
        )
    rows: list[Row] = []
    for number, line in enumerate(lines[1:], 2):
        words = line.split()
        if words and len(words) != len(names):
            raise DatasetError(
                f"Every line of {at} must have the header's {len(names)} words; line {number} has "
                f"{len(words)}."
            )
        if words:
            rows.append(dict(zip(names, words, strict=True)))
    return rows


def _read_variant(folder: Path, path: PurePosixPath, tally: Tally) -> _Variant:
    info = _table(folder / "info.txt", _INFO)
    labels = {row["trackID"]: row["label"] for row in info}
    has_poses = (folder / "pose.txt").exists()
    poses = _table(folder / "pose.txt", _POSES) if has_poses else ()
    depths = {
        (row["frame"], row["cameraID"], row["trackID"]): row["camera_space_Z"] for row in poses
    }
    boxes: defaultdict[tuple[int, int], list[RawBox]] = defaultdict(list)
    for number, row in enumerate(_table(folder / "bbox.txt", _BOXES), 2):
        at = f"{folder / 'bbox.txt'}, row {number}"
        label = labels.get(row["trackID"])
        if label is None or label not in CLASSES:
            what = f"class {label!r}" if label else "track without class in its info.txt"
            tally.drop_box(f"unknown {what}" if label else what, at, label or UNTOLD)
            continue
        key = _whole(row, "cameraID", at), _whole(row, "frame", at)
        depth = depths.get((row["frame"], row["cameraID"], row["trackID"]))
        boxes[key].append(_box(row, label, depth, at, tally))
    return _Variant(path=path, boxes=boxes)


def _table(path: Path, wanted: Sequence[str]) -> list[Row]:
    if not path.is_file():
        raise DatasetError(f"Beside bbox.txt there must be {path}; there is none.")
    return parse_table(read_text(path), wanted, str(path))


def _box(row: Row, label: str, depth: str | None, at: str, tally: Tally) -> RawBox:
    left, right, top, bottom, pixels, truncation, occupancy = (
        _number(row, name, at) for name in _BOXES[3:10]
    )
    hidden = 1.0 - occupancy
    columns: dict[str, Any] = {
        "track": row["trackID"],
        "pixels": int(pixels),
        "truncation": truncation,
        "occlusion": hidden,
        "occlusion_level": 0 if hidden < 0.1 else 1 if hidden < 0.5 else 2,
        "attributes": {"moving": row["isMoving"].lower()},
    }
    if depth is not None:
        columns["depth_m"] = _number({"camera_space_Z": depth}, "camera_space_Z", at)
    if pixels <= 0:
        tally.note("box without a visible pixel, ignored", at)
        columns |= {"ignore": True, "ignore_reason": "hidden"}
    return RawBox(label=label, edges=(left, top, right + 1, bottom + 1), at=at, columns=columns)


def _number(row: Row, name: str, at: str) -> float:
    try:
        value = float(row[name])
    except ValueError as error:
        raise DatasetError(f"{name} must be a number; {row[name]!r} came in {at}.") from error
    if not math.isfinite(value) or abs(value) > 1e9:
        raise DatasetError(f"{name} must be a finite number; {row[name]!r} came in {at}.")
    return value


def _whole(row: Row, name: str, at: str) -> int:
    value = _number(row, name, at)
    if value != int(value) or value < 0:
        raise DatasetError(f"{name} must count from 0; {row[name]!r} came in {at}.")
    return int(value)


def _samples(variants: Sequence[_Variant], trees: _Trees, tally: Tally) -> Generator[Sample]:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for name in trees.there or ():
        places[PurePosixPath(name).parent.as_posix()].append(name)
    for variant in variants:
        at = str(trees.labels / variant.path / "bbox.txt")
        left = dict(variant.boxes)
        for camera in (0, 1):
            folder = variant.path / "frames" / "rgb" / f"Camera_{camera}"
            for name in places.get(folder.as_posix(), ()):
                boxes = left.pop((camera, _frame(name, at)), ())
                columns = _columns(variant, camera, _frame(name, at))
                columns = _joined(columns, _beside(variant, camera, name, trees, tally))
                yield _sample(name, trees, at, boxes, columns)
        for (camera, frame), boxes in left.items():
            folder = variant.path / "frames" / "rgb" / f"Camera_{camera}"
            name = (folder / f"rgb_{frame:05d}.jpg").as_posix()
            sample = _sample(name, trees, at, boxes, _columns(variant, camera, frame))
            if trees.there is None:
                yield sample
            else:
                drop_sample(sample, tally)


def _sample(
    name: str, trees: _Trees, at: str, boxes: Sequence[RawBox], columns: Mapping[str, Any]
) -> Sample:
    return Sample(image=name, file=trees.images / name, at=at, boxes=boxes, columns=columns)


def _columns(variant: _Variant, camera: int, frame: int) -> dict[str, Any]:
    """Variants of a scene show the same drive: they are one group, and never split."""
    kind = variant.path.name
    scene = variant.path.parent.name or variant.path.name
    timeofday, weather = _LIGHT.get(kind, ("day", "clear"))
    return {
        "sequence": f"{scene}/{kind}/Camera_{camera}",
        "group": scene,
        "frame": frame,
        "time_s": frame / 10,
        "timeofday": timeofday,
        "weather": weather,
        "attributes": {"variant": kind, "camera": str(camera)},
    }


def _beside(
    variant: _Variant, camera: int, name: str, trees: _Trees, tally: Tally
) -> dict[str, Any]:
    """Find the files of the same frame in the folders beside ``rgb``."""
    digits = PurePosixPath(name).stem.removeprefix("rgb_")
    wanted = [
        Beside(
            column=column,
            file=(variant.path / "frames" / folder / f"Camera_{camera}" / f"{stem}_{digits}.png")
            .as_posix(),
            kind=kind,
        )
        for column, folder, stem, kind in _BESIDE
    ]  # fmt: skip
    return find_beside(trees.beside, wanted, name, tally)


def _joined(columns: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return columns | more | {"attributes": columns["attributes"] | more.get("attributes", {})}


def _frame(name: str, at: str) -> int:
    digits = PurePosixPath(name).stem.removeprefix("rgb_")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise DatasetError(f"Frames are named rgb_00000.jpg; {name!r} came beside {at}.")
    return int(digits)
