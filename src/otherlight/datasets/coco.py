"""COCO: one JSON file of images, annotations and categories; x, y, width, height in pixels.

Lin et al., Microsoft COCO, 2014; https://cocodataset.org/#format-data. Crowds (`iscrowd`, or the
`ignore` of some tools) become ignored boxes. Masks and key points are not read.
"""

from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from otherlight.datasets.config import ImportConfig
from otherlight.datasets.json_stream import as_number, get, stream_json
from otherlight.datasets.locating import drop_sample, find_images, label_file, note_unlabelled
from otherlight.datasets.placing import Placed, size_of
from otherlight.datasets.samples import Content, RawBox, Sample, Tally, inside
from otherlight.datasets.words import as_words, normalise, spoken
from otherlight.errors import DatasetError
from otherlight.records.files import write_json
from otherlight.sets import ImageSet

Note = tuple[int, tuple[float, float, float, float], bool, str, Mapping[str, Any]]
"""Of one annotation: category, edges, ignored, id, attributes."""


@dataclass(frozen=True, kw_only=True)
class _File:
    """A COCO file, read: images and annotations by image id, names by category id."""

    pictures: Mapping[Any, Mapping[str, Any]]
    notes: Mapping[Any, Sequence[Note]]
    categories: Mapping[int, str]


def read_coco(source: Path, images: Path | None, config: ImportConfig, tally: Tally) -> Content:
    """Read a COCO file; images lie beside it, in images/ beside it, or where the user says."""
    path = label_file(source, ("annotations.json",))
    file = _load(path, tally)
    pictures = file.pictures.values()
    names = [inside(get(p, "file_name", (str,), str(path)), str(path)) for p in pictures]
    root, there = find_images(path, images, names, config.pixels)
    for number, rows in file.notes.items():
        if number not in file.pictures:
            tally.drop_box("annotation without image", f"{path}, image id {number}",
                           count=len(rows))  # fmt: skip
    note_unlabelled(root, there, names, tally)
    return Content(
        classes=tuple(dict(sorted(file.categories.items())).values()),
        samples=_samples(path, file, root, there, tally),
        count=len(names),
        files=[path, *(root / name for name in there or ())],
    )


def _load(path: Path, tally: Tally) -> _File:
    pictures: dict[Any, Mapping[str, Any]] = {}
    notes: dict[Any, list[Note]] = defaultdict(list)
    categories: dict[int, str] = {}
    for key, item in stream_json(path):
        if key == "images":
            at = f"{path}, image {len(pictures) + 1}"
            number = get(item, "id", (int, str), at)
            if number in pictures:
                raise DatasetError(f"Image ids must be unique; {number!r} comes again in {at}.")
            pictures[number] = item
        elif key == "annotations":
            _take_annotation(item, notes, path, tally)
        elif key == "categories":
            at = f"{path}, category {len(categories) + 1}"
            categories[get(item, "id", (int,), at)] = get(item, "name", (str,), at)
    if not pictures or not categories:
        raise DatasetError(
            f"A COCO file must hold images and categories; {path} has {len(pictures)} and "
            f"{len(categories)}. Point to an instances file."
        )
    return _File(pictures=pictures, notes=notes, categories=categories)


def _take_annotation(item: Any, notes: dict[Any, list[Note]], path: Path, tally: Tally) -> None:
    number = str(item.get("id", "?")) if isinstance(item, dict) else "?"
    at = f"{path}, annotation {number}"
    image = get(item, "image_id", (int, str), at)
    if item.get("bbox") is None:
        tally.drop_box("annotation without bbox", at)
        return
    words = item.get("attributes")
    notes[image].append(
        (
            get(item, "category_id", (int,), at),
            parse_bbox(item["bbox"], at),
            bool(item.get("iscrowd") or item.get("ignore")),
            number,
            words if isinstance(words, dict) else {},
        )
    )


def parse_bbox(values: Any, at: str) -> tuple[float, float, float, float]:
    """Turn x, y, width, height into edges.

    >>> parse_bbox([1, 2, 30, 40], "annotation 1")
    (1.0, 2.0, 31.0, 42.0)
    """
    if not isinstance(values, list) or len(values) != 4:
        raise DatasetError(
            f"bbox must be x, y, width, height; {str(values)[:80]} came in {at}. Mend it."
        )
    x, y, width, height = (as_number(value, "bbox", at) for value in values)
    return x, y, x + width, y + height


def _samples(
    path: Path, file: _File, root: Path, there: set[str] | None, tally: Tally
) -> Generator[Sample]:
    for number, picture in file.pictures.items():
        name = inside(str(picture["file_name"]), str(path))
        rows = file.notes.get(number, ())
        sample = Sample(
            image=name,
            file=root / name,
            at=str(path),
            boxes=_boxes(rows, file.categories, path, tally),
            columns=_columns(picture, number, str(path), tally),
        )
        if there is None or name in there:
            yield sample
        else:
            drop_sample(sample, tally)


def _boxes(
    rows: Sequence[Note], categories: Mapping[int, str], path: Path, tally: Tally
) -> list[RawBox]:
    boxes: list[RawBox] = []
    for category, edges, ignored, number, words in rows:
        at = f"annotation {number}"
        if category not in categories:
            tally.drop_box(f"unknown category {category}", f"{path}, {at}", str(category))
            continue
        columns: dict[str, Any] = {"attributes": {**as_words(words), "coco_id": number}}
        if ignored:
            columns |= {"ignore": True, "ignore_reason": "crowd"}
        if isinstance(occluded := words.get("occluded"), bool):
            columns["occlusion_level"] = int(occluded)
        boxes.append(RawBox(label=categories[category], edges=edges, at=at, columns=columns))
    return boxes


def _columns(picture: Mapping[str, Any], number: Any, at: str, tally: Tally) -> dict[str, Any]:
    words = picture.get("attributes")
    words = words if isinstance(words, dict) else {}
    size = {
        side: picture[side]
        for side in ("width", "height")
        if type(picture.get(side)) is int and 0 < picture[side] < 1 << 31
    }
    return {
        **(size if len(size) == 2 else {}),
        **normalise(words, at, tally),
        "attributes": {**as_words(words), "coco_id": str(number)},
    }


def write_coco(images: ImageSet, placed: Placed, to: Path, tally: Tally) -> None:
    """Write ``annotations.json``; ignored boxes become crowds, ids begin at 1.

    What else is known in words goes under ``attributes``, as CVAT has it; other tools leave it
    alone.
    """
    rows, boxes = images.images.to_pylist(), images.boxes.to_pylist()
    labels = {name: number for number, name in enumerate(images.classes, 1)}
    offsets = images.boxes_of().offsets
    pictures: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    numbers = _numbers(images, placed.rows)
    for number, row, name in zip(numbers, placed.rows, placed.names, strict=True):
        width, height = size_of(images, row, name, "COCO files state")
        about = {"file_name": name, "width": width, "height": height}
        words = _without_id(spoken(rows[row]))
        pictures.append({"id": number, **about, "attributes": words})
        for box in boxes[offsets[row] : offsets[row + 1]]:
            if (box["occlusion_level"] or 0) > 1:
                tally.note("box occluded at level 2, which COCO's flag holds as 1", name)
            ids = {"id": len(notes) + 1, "image_id": number, "category_id": labels[box["label"]]}
            notes.append({**ids, **_note(box)})
    tally.boxes += len(notes)
    categories = [{"id": number, "name": name} for name, number in labels.items()]
    info = {"description": images.name, "licence": images.licence}
    write_json(
        to / "annotations.json",
        {"info": info, "images": pictures, "annotations": notes, "categories": categories},
    )


def _note(box: Mapping[str, Any]) -> dict[str, Any]:
    width, height = box["right"] - box["left"], box["bottom"] - box["top"]
    words: dict[str, Any] = _without_id(dict(box["attributes"]))
    if box["occlusion_level"] is not None:
        words["occluded"] = box["occlusion_level"] >= 1
    return {
        "bbox": [box["left"], box["top"], width, height],
        "area": width * height,
        "iscrowd": int(box["ignore"]),
        "attributes": words,
    }


def _without_id(words: Mapping[str, str]) -> dict[str, str]:
    return {key: word for key, word in words.items() if key != "coco_id"}


def _numbers(images: ImageSet, rows: Sequence[int]) -> list[int]:
    """Keep the ids that images came with, if all have one; else count from 1."""
    attributes = images.column("attributes")
    words = [dict(attributes[row] or ()) for row in rows]
    came = [word.get("coco_id", "") for word in words]
    if all(number.isascii() and number.isdigit() for number in came) and len(set(came)) == len(
        came
    ):
        return [int(number) for number in came]
    return list(range(1, len(rows) + 1))
