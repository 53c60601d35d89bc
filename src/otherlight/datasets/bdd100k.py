"""BDD100K: one JSON file of frames, in the form of 2018 or in Scalabel's.

Yu et al., BDD100K, CVPR 2020; https://doc.bdd100k.com/format.html. Both forms are lists of frames
with `box2d` labels; they differ in spelling (person, bike, motor in 2018), in frames without
labels (null or absent in Scalabel's), and in Scalabel's `videoName`, `frameIndex` and ids as text.
Edges are taken as continuous pixels; Scalabel's own COCO export adds a pixel to right and bottom.
"""

import re
from collections.abc import Generator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from otherlight.datasets.config import ImportConfig
from otherlight.datasets.json_stream import as_number, get, stream_json
from otherlight.datasets.locating import drop_sample, find_images, label_file, note_unlabelled
from otherlight.datasets.placing import Placed
from otherlight.datasets.samples import Content, RawBox, Sample, Tally, inside
from otherlight.datasets.words import as_words, normalise, spoken
from otherlight.errors import DatasetError
from otherlight.records.files import write_json
from otherlight.sets import ImageSet

CLASSES = (
    "pedestrian", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle",
    "traffic light", "traffic sign",
)  # fmt: skip
"""The ten classes of detection, in Scalabel's spelling and order."""
SPELLINGS = {"person": "pedestrian", "bike": "bicycle", "motor": "motorcycle"}
"""Those of 2018, and Scalabel's."""

_NAME = re.compile(r"([0-9a-f]{8})-[0-9a-f]{8}(?:-\d+)?$")
_LIGHTS = ("green", "yellow", "red")
_FIRST = 1000


def read_bdd100k(source: Path, images: Path | None, config: ImportConfig, tally: Tally) -> Content:
    """Read frames one by one; the form is found out from each frame itself.

    Classes are the ten of detection unless ``names`` says others.
    """
    path = label_file(source, ("labels.json",))
    frames = (item for key, item in stream_json(path) if key in ("", "frames"))
    head = list(islice(frames, _FIRST))
    if not head:
        raise DatasetError(f"{path} must hold a list of frames; it holds none. Point to another.")
    root, there = find_images(
        path, images, [_name(frame, str(path)) for frame in head], config.pixels
    )
    classes = config.names or CLASSES
    return Content(
        classes=classes,
        samples=_samples(path, chain(head, frames), classes, root, there, tally),
        files=[path, *(root / name for name in sorted(there or ()))],
        origin="bdd100k" if _is_bdd(_name(head[0], str(path))) else None,
    )


def _samples(
    path: Path,
    frames: Any,
    classes: Sequence[str],
    root: Path,
    there: set[str] | None,
    tally: Tally,
) -> Generator[Sample]:
    names: list[str] = []
    for frame in frames:
        name = _name(frame, str(path))
        names.append(name)
        sample = read_frame(frame, f"{path}, frame {name}", root, classes, tally)
        if there is None or name in there:
            yield sample
        else:
            drop_sample(sample, tally)
    note_unlabelled(root, there, names, tally)


def read_frame(
    frame: Mapping[str, Any], at: str, root: Path, classes: Sequence[str], tally: Tally
) -> Sample:
    """Turn one frame, of either form, into an image with its boxes."""
    name = _name(frame, at)
    words = _object(frame, "attributes", at)
    labels = frame.get("labels")
    if labels is not None and not isinstance(labels, list):
        raise DatasetError(f"labels must be a list; {str(labels)[:80]!r} came in {at}. Mend it.")
    video = frame.get("videoName")
    boxes = (
        _read_label(label, f"label {number}", at, classes, tally, bool(video))
        for number, label in enumerate(labels or (), 1)
    )
    columns: dict[str, Any] = {**normalise(words, at, tally), "attributes": as_words(words)}
    if (time := frame.get("timestamp")) is not None:
        columns["attributes"]["timestamp"] = str(time)
    return Sample(
        image=name,
        file=root / name,
        at=at,
        labelled=None if labels is None else True,
        boxes=[box for box in boxes if box],
        columns={**columns, **_sequence(name, video, frame.get("frameIndex"))},
    )


def _read_label(
    label: Any, number: str, at: str, classes: Sequence[str], tally: Tally, tracked: bool
) -> RawBox | None:
    category: str = get(label, "category", (str,), f"{at}, {number}")
    name = category if category in classes else SPELLINGS.get(category, category)
    place = f"{at}, {number}"
    if name not in classes or label.get("box2d") is None:
        reason = f"unknown category {category!r}"
        if name in classes:
            reason = f"label without box2d: {category!r}"
        tally.drop_box(reason, place, name)
        return None
    box = get(label, "box2d", (dict,), place)
    left, top, right, bottom = (
        as_number(box.get(edge), edge, place) for edge in ("x1", "y1", "x2", "y2")
    )
    words = _object(label, "attributes", place)
    columns: dict[str, Any] = {"attributes": as_words(words)}
    if category != name:
        columns["attributes"]["category"] = category
    flags = {str(key).lower(): value for key, value in words.items()}
    if isinstance(flags.get("occluded"), bool):
        columns["occlusion_level"] = int(flags["occluded"])
    if flags.get("crowd") is True:
        columns |= {"ignore": True, "ignore_reason": "crowd"}
    if (colour := str(flags.get("trafficlightcolor", "")).lower()) in _LIGHTS:
        columns["state"] = colour
    if tracked and label.get("id") is not None:
        columns["track"] = str(label["id"])
    return RawBox(label=name, edges=(left, top, right, bottom), at=number, columns=columns)


def _object(item: Mapping[str, Any], key: str, at: str) -> Mapping[str, Any]:
    return get(item, key, (dict,), at) if item.get(key) is not None else {}


def _name(frame: Any, at: str) -> str:
    return inside(get(frame, "name", (str,), at), at)


def _is_bdd(name: str) -> bool:
    return bool(_NAME.match(Path(name).stem))


def _sequence(name: str, video: Any, frame: Any) -> dict[str, Any]:
    """Name the drive: the video, and by the first part of BDD100K's names the recording.

    Clips of one recording share that first part, so it is the group that must not be split.
    """
    found = _NAME.match(Path(name).stem)
    recording = found[1] if found else None
    if isinstance(video, str) and video:
        columns: dict[str, Any] = {"sequence": video, "group": recording or video}
        if type(frame) is int and 0 <= frame < 1 << 31:
            columns["frame"] = frame
        return columns
    return {"sequence": recording} if recording else {}


def write_bdd100k(images: ImageSet, placed: Placed, to: Path, tally: Tally) -> None:
    """Write ``labels.json`` in Scalabel's form; ignored boxes become crowds."""
    rows = images.images.to_pylist()
    boxes = images.boxes.to_pylist()
    offsets = images.boxes_of().offsets
    for name in sorted(set(images.classes) - set(CLASSES)):
        tally.note(f"class {name!r} is none of BDD100K's ten: to import it, name it", name)
    frames: list[dict[str, Any]] = []
    for row, name in zip(placed.rows, placed.names, strict=True):
        about = rows[row]
        here = boxes[offsets[row] : offsets[row + 1]]
        labels = [_label(box) for box in here]
        _count_levels([box["occlusion_level"] for box in here], name, tally)
        tally.boxes += len(labels)
        said = spoken(about)
        words = {key: said.get(key) or "undefined" for key in ("weather", "scene", "timeofday")}
        frame: dict[str, Any] = {"name": name, "attributes": words, "labels": labels}
        if about["sequence"] and not _is_bdd(name):
            frame |= {"videoName": about["sequence"], "frameIndex": about["frame"]}
        else:
            tracks = sum(box["track"] is not None for box in here)
            rule = "track of a box outside a video, which BDD100K's form cannot hold"
            tally.note(rule, name, tracks)
        frames.append(frame)
    write_json(to / "labels.json", frames)


def _count_levels(levels: Sequence[int | None], name: str, tally: Tally) -> None:
    """Count what the flag ``occluded``, which is yes or no, cannot say."""
    tally.note("box occluded at level 2, which BDD100K's flag holds as 1", name, levels.count(2))
    rule = "box of unknown occlusion, which BDD100K's flag holds as not occluded"
    tally.note(rule, name, levels.count(None))


def _label(box: Mapping[str, Any]) -> dict[str, Any]:
    words: dict[str, Any] = {
        "occluded": (box["occlusion_level"] or 0) >= 1,
        "truncated": dict(box["attributes"]).get("truncated") == "true"
        or (box["truncation"] or 0) > 0,
        "crowd": box["ignore"],
        "trafficLightColor": box["state"] or "NA",
    }
    edges = {"x1": box["left"], "y1": box["top"], "x2": box["right"], "y2": box["bottom"]}
    number = box["track"] or str(box["box"])
    return {"id": number, "category": box["label"], "attributes": words, "box2d": edges}
