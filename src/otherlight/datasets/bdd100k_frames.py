"""One frame of BDD100K, in the form of 2018, of Scalabel or of tracking: an image and its boxes.

Yu et al., BDD100K, CVPR 2020; https://doc.bdd100k.com/format.html. The forms differ in spelling
(person, bike, motor in 2018; capital flags and `index` in tracking's first release), in frames
without labels (null or absent in Scalabel's), and in `videoName`, `frameIndex` and ids as text.
Edges are taken as continuous pixels; Scalabel's own COCO export adds a pixel to right and bottom.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from otherlight.datasets.json_stream import as_number, get
from otherlight.datasets.samples import RawBox, Sample, Tally, inside
from otherlight.datasets.words import as_words, normalise
from otherlight.errors import DatasetError
from otherlight.sets.columns import SPLITS

CLASSES = (
    "pedestrian", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle",
    "traffic light", "traffic sign",
)  # fmt: skip
"""The ten classes of detection, in Scalabel's spelling and order; tracking has the first eight."""
SPELLINGS = {"person": "pedestrian", "bike": "bicycle", "motor": "motorcycle"}
"""Those of 2018, and Scalabel's."""
RATE = 5.0
"""Frames a second of the tracking set: "about 40 seconds long with 5 FPS", as its description says
(https://bdd-data.berkeley.edu/wad-2020.html)."""

_NAME = re.compile(r"([0-9a-f]{8})-[0-9a-f]{8}(?:-\d+)?$")
_LIGHTS = ("green", "yellow", "red")


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One label file; in a folder of files that are a video each also its name and place."""

    path: Path
    video: str = ""
    folder: str = ""
    """Below the folder of all: train, val or none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How all frames of an import are read."""

    root: Path
    layout: str
    """Of the images under ``root``, from folder, video and name."""
    classes: Sequence[str]


def read_frame(frame: Any, source: Source, reading: Reading, tally: Tally) -> Sample:
    """Turn one frame, of whichever form, into an image with its boxes.

    Raises:
        DatasetError: it is no frame; the message names the file, the frame and the label.
    """
    sample = read_image(frame, source, reading, tally)
    labels = frame.get("labels")
    if labels is not None and not isinstance(labels, list):
        raise DatasetError(
            f"labels must be a list; {str(labels)[:80]!r} came in {sample.at}. Mend it."
        )
    boxes: list[RawBox] = []
    tracked = bool(_video(frame, source))
    for number, label in enumerate(labels or (), 1):
        box = _read_label(label, (sample.at, f"label {number}"), reading.classes, tally)
        if box and tracked and label.get("id") is not None:
            box = replace(box, columns={**box.columns, "track": str(label["id"])})
        boxes += [box] if box else []
    return replace(sample, labelled=None if labels is None else True, boxes=boxes)


def read_image(frame: Any, source: Source, reading: Reading, tally: Tally) -> Sample:
    """Read what a frame says of its image; its labels are left alone."""
    name = name_of(frame, str(source.path))
    at = f"{source.path}, frame {name}"
    words = _object(frame, "attributes", at)
    columns: dict[str, Any] = {**normalise(words, at, tally), "attributes": as_words(words)}
    if (time := frame.get("timestamp")) is not None:
        columns["attributes"]["timestamp"] = str(time)
    key = key_of(frame, source, reading.layout)
    return Sample(
        image=key,
        file=reading.root / key,
        at=at,
        columns={**columns, **_sequence(name, _video(frame, source), _index(frame), source)},
    )


def kind_of(category: str, words: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Say what a box's category and attributes tell of it; ``name`` is its class."""
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
    return columns


def class_of(category: str, classes: Sequence[str]) -> str | None:
    """Say which class a category is, None for those that are none."""
    name = category if category in classes else SPELLINGS.get(category, category)
    return name if name in classes else None


def reason_without_box(category: str, name: str | None) -> str:
    """Say why a label brings no box."""
    return f"label without box2d: {category!r}" if name else f"unknown category {category!r}"


def name_of(frame: Any, at: str) -> str:
    """Take a frame's name, which must stay inside the images' folder."""
    return inside(get(frame, "name", (str,), at), at)


def layouts_of(frame: Mapping[str, Any], source: Source) -> list[str]:
    """Say how images may lie, the collection's own way first.

    A file of a folder of videos has them in a folder each; any other file beside one another.
    """
    own = ["{name}"]
    if _video(frame, source):
        own += ["{video}/{name}"] + ["{folder}/{video}/{name}"] * bool(source.folder)
    return own[::-1] if source.video else own


def key_of(frame: Mapping[str, Any], source: Source, layout: str) -> str:
    """Say where under the images a frame lies: its key."""
    name, video = name_of(frame, str(source.path)), _video(frame, source)
    if layout == "{name}" or not video or "/" in name:
        return name
    key = layout.format(folder=source.folder, video=video, name=name)
    return inside(key, f"{source.path}, frame {name}")


def is_bdd(name: str) -> bool:
    """Say whether a name is one of the collection's own."""
    return bool(_NAME.match(PurePosixPath(name).stem))


def names_video(frame: Any) -> bool:
    """Say whether a frame says of which video it is."""
    return isinstance(frame, dict) and bool(frame.get("videoName") or frame.get("video_name"))


def _read_label(
    label: Any, place: tuple[str, str], classes: Sequence[str], tally: Tally
) -> RawBox | None:
    at = ", ".join(place)
    category: str = get(label, "category", (str,), at)
    name = class_of(category, classes)
    if name is None or label.get("box2d") is None:
        tally.boxes += 1
        tally.drop(reason_without_box(category, name), at)
        return None
    box = get(label, "box2d", (dict,), at)
    left, top, right, bottom = (
        as_number(box.get(edge), edge, at) for edge in ("x1", "y1", "x2", "y2")
    )
    columns = kind_of(category, _object(label, "attributes", at), name)
    return RawBox(label=name, edges=(left, top, right, bottom), at=place[1], columns=columns)


def _object(item: Mapping[str, Any], key: str, at: str) -> Mapping[str, Any]:
    return get(item, key, (dict,), at) if item.get(key) is not None else {}


def _video(frame: Mapping[str, Any], source: Source) -> Any:
    return frame.get("videoName") or frame.get("video_name") or source.video


def _index(frame: Mapping[str, Any]) -> Any:
    index = frame.get("frameIndex")
    return frame.get("index") if index is None else index


def _sequence(name: str, video: Any, frame: Any, source: Source) -> dict[str, Any]:
    """Name the drive: the video, and by the first part of BDD100K's names the recording.

    Clips of one recording share that first part, so it is the group that must not be split.
    """
    found = _NAME.match(PurePosixPath(name).stem)
    recording = found[1] if found else None
    if not isinstance(video, str) or not video:
        return {"sequence": recording} if recording else {}
    columns: dict[str, Any] = {"sequence": video, "group": recording or video}
    if type(frame) is int and 0 <= frame < 1 << 31:
        columns["frame"] = frame
        if recording:
            columns["time_s"] = frame / RATE
    if source.folder in SPLITS:
        columns["split"] = source.folder
    return columns
