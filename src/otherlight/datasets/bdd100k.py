"""BDD100K: a JSON file of frames, in the form of 2018 or in Scalabel's, or one such file a video.

Yu et al., BDD100K, CVPR 2020; https://doc.bdd100k.com/format.html. What a frame says is read by
`otherlight.datasets.bdd100k_frames`; this is about files, and about writing.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from otherlight.datasets.bdd100k_bulk import Bulk, is_large
from otherlight.datasets.bdd100k_frames import (
    CLASSES,
    Reading,
    Source,
    frames_of,
    is_bdd,
    key_of,
    layouts_of,
    name_of,
    names_video,
    read_frame,
)
from otherlight.datasets.config import ImportConfig
from otherlight.datasets.locating import drop_sample, find_images, label_file, note_unlabelled
from otherlight.datasets.placing import Placed
from otherlight.datasets.samples import Content, Sample
from otherlight.datasets.tally import Tally
from otherlight.datasets.words import spoken
from otherlight.errors import DatasetError
from otherlight.records.files import write_json
from otherlight.sets import ImageSet

_FIRST = 1000


def read_bdd100k(source: Path, images: Path | None, config: ImportConfig, tally: Tally) -> Content:
    """Read frames one by one; the form is found out from each frame itself.

    Classes are the ten of detection unless ``names`` says others.
    """
    sources = _sources(source)
    first, head = _head(sources)
    name = name_of(head[0], str(first.path))
    root, there, layout = _find(first, images, head, config.pixels)
    classes = config.names or CLASSES
    reading = Reading(root=root, layout=layout, classes=classes)
    bulk = Bulk(sources, reading, there, tally) if is_large(sources) else None
    return Content(
        classes=classes,
        samples=bulk.samples() if bulk else _samples(sources, reading, there, tally),
        boxes=bulk.columns if bulk else None,
        files=[*(each.path for each in sources), *(root / name for name in sorted(there or ()))],
        origin="bdd100k" if is_bdd(name) else None,
    )


def _head(sources: Sequence[Source]) -> tuple[Source, list[Any]]:
    """Read the first frames, of the first file that has some."""
    for source in sources:
        if head := [_without_labels(frame) for frame in islice(frames_of(source.path), _FIRST)]:
            return source, head
    raise DatasetError(
        f"{sources[0].path} must hold a list of frames; it holds none. Point to another."
    )


def _without_labels(frame: Any) -> Any:
    """Let go of what most of a frame is."""
    return {**frame, "labels": None} if isinstance(frame, dict) else frame


def _sources(source: Path) -> list[Source]:
    """List the label files: one of many images, or one a video in a folder (or in its folders)."""
    if source.is_dir() and not (source / "labels.json").is_file():
        files = sorted(source.glob("*.json")) or sorted(source.glob("*/*.json"))
        first = next((frame for file in files for frame in islice(frames_of(file), 1)), None)
        if names_video(first):
            return [
                Source(path=file, video=file.stem, folder=_below(file, source)) for file in files
            ]
    return [Source(path=label_file(source, ("labels.json",)))]


def _below(file: Path, source: Path) -> str:
    return "" if file.parent == source else file.parent.name


def _find(
    source: Source, images: Path | None, head: Sequence[Any], pixels: bool
) -> tuple[Path, set[str] | None, str]:
    """Find the images and how they lie: beside one another, or a folder a video."""
    if source.video:
        images = images or _track_images(source)
    layouts = layouts_of(head[0], source)
    for layout in layouts if pixels else ():
        names = [key_of(frame, source, layout) for frame in head]
        with suppress(DatasetError):
            return (*find_images(source.path, images, names, pixels), layout)
    names = [key_of(frame, source, layouts[0]) for frame in head]
    return (*find_images(source.path, images, names, pixels), layouts[0])


def _track_images(source: Source) -> Path | None:
    """Find images/track/train beside labels/box_track_20/train, as the collection lies."""
    up = source.path.resolve().parents
    for folder in (each / "images" / "track" for each in up[1:4]):
        if folder.is_dir():
            inner = folder / up[0].name
            return inner if not source.folder and inner.is_dir() else folder
    return None


def _samples(
    sources: Iterable[Source], reading: Reading, there: set[str] | None, tally: Tally
) -> Generator[Sample]:
    names: list[str] = []
    for source in sources:
        for frame in frames_of(source.path):
            sample = read_frame(frame, source, reading, tally)
            names.append(sample.image)
            if there is None or sample.image in there:
                yield sample
            else:
                drop_sample(sample, tally)
    note_unlabelled(reading.root, there, names, tally)


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
        if about["sequence"] and not is_bdd(name):
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
