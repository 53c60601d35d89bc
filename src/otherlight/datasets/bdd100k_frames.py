"""One frame of BDD100K, in the form of 2018, of Scalabel or of tracking: an image and its boxes.

Yu et al., BDD100K, CVPR 2020; https://doc.bdd100k.com/format.html. The forms differ in spelling
(person, bike, motor in 2018; capital flags and `index` in tracking's first release), in frames
without labels (null or absent in Scalabel's), and in `videoName`, `frameIndex` and ids as text.
Edges are taken as continuous pixels; Scalabel's own COCO export adds a pixel to right and bottom.
"""

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from otherlight.datasets.json_stream import as_number, get, stream_json
from otherlight.datasets.samples import RawBox, Sample, inside
from otherlight.datasets.tally import Tally
from otherlight.datasets.words import Words, as_words, normalise, share
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

_NAME = re.compile(r"(?:.*/)?([0-9a-f]{8})-[0-9a-f]{8}(?:-\d+)?\.[^./]+\Z", re.DOTALL)
_SIMPLE = re.compile(r"[\w-]+(?:/[\w-]+)*\.\w+\Z")
"""Names that lead nowhere else for certain: most, and told faster than by taking them apart."""
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
    words: Words = field(default_factory=dict[tuple[tuple[str, str], ...], dict[str, str]])
    """Attributes that came before: of very many images few differ, and alike ones are shared."""


def frames_of(path: Path) -> Generator[Any]:
    """Read the frames of a label file one by one; Scalabel may put them into an object."""
    return (item for key, item in stream_json(path) if key in ("", "frames"))


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
    tracked = bool(video_of(frame, source))
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
    video = video_of(frame, source)
    key = _key(name, video, source, reading.layout)
    words = _object(frame, "attributes", at)
    told = as_words(words)
    if (time := frame.get("timestamp")) is not None:
        told["timestamp"] = str(time)
    columns = {**normalise(words, at, tally), "attributes": share(told, reading.words)}
    return Sample(
        image=key,
        file=reading.root / key,
        at=at,
        columns={**columns, **_sequence(name, video, _index(frame), source)},
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
    name = category if category in classes else spelling_of(category)
    return name if name in classes else None


def spelling_of(category: str) -> str:
    """Spell a category as Scalabel does."""
    return SPELLINGS.get(category, category)


def reason_without_box(category: str, name: str | None) -> str:
    """Say why a label brings no box."""
    return f"label without box2d: {category!r}" if name else f"unknown category {category!r}"


def name_of(frame: Any, at: str) -> str:
    """Take a frame's name, which must stay inside the images' folder."""
    name: str = get(frame, "name", (str,), at)
    return name if _SIMPLE.match(name) else inside(name, at)


def layouts_of(frame: Any, source: Source) -> list[str]:
    """Say how images may lie, the collection's own way first.

    A file of a folder of videos has them in a folder each; any other file beside one another.
    """
    own = ["{name}"]
    if video_of(frame, source):
        own += ["{video}/{name}"] + ["{folder}/{video}/{name}"] * bool(source.folder)
    return own[::-1] if source.video else own


def key_of(frame: Any, source: Source, layout: str) -> str:
    """Say where under the images a frame lies: its key."""
    return _key(name_of(frame, str(source.path)), video_of(frame, source), source, layout)


def _key(name: str, video: Any, source: Source, layout: str) -> str:
    if layout == "{name}" or not video or "/" in name:
        return name
    key = layout.format(folder=source.folder, video=video, name=name)
    return inside(key, f"{source.path}, frame {name}")


def is_bdd(name: str) -> bool:
    """Say whether a name is one of the collection's own."""
    return bool(_NAME.match(name))


def video_of(frame: Any, source: Source) -> Any:
    """Say of which video a frame is: as it says, else as its file is called."""
    return frame.get("videoName") or frame.get("video_name") or source.video


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
        tally.drop_box(reason_without_box(category, name), at, name or spelling_of(category))
        return None
    box = get(label, "box2d", (dict,), at)
    left, top, right, bottom = (
        as_number(box.get(edge), edge, at) for edge in ("x1", "y1", "x2", "y2")
    )
    columns = kind_of(category, _object(label, "attributes", at), name)
    return RawBox(label=name, edges=(left, top, right, bottom), at=place[1], columns=columns)


def _object(item: Mapping[str, Any], key: str, at: str) -> Mapping[str, Any]:
    return get(item, key, (dict,), at) if item.get(key) is not None else {}


def _index(frame: Mapping[str, Any]) -> Any:
    index = frame.get("frameIndex")
    return frame.get("index") if index is None else index


def _sequence(name: str, video: Any, frame: Any, source: Source) -> dict[str, Any]:
    """Name the drive: the video, and by the first part of BDD100K's names the recording.

    Clips of one recording share that first part, so it is the group that must not be split.
    """
    found = _NAME.match(name)
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
