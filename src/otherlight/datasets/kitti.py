"""KITTI: a text file an image (label_2, detection) or a sequence (label_02, tracking).

Geiger et al. 2012, https://www.cvlibs.net/datasets/kitti; the columns are those of the two
development kits' readmes. DontCare regions hold for all classes: each becomes one ignored box of
every class.
"""

import math
from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from otherlight.datasets.config import ImportConfig
from otherlight.datasets.listing import list_files, list_images, read_text
from otherlight.datasets.locating import drop_sample
from otherlight.datasets.samples import Content, RawBox, Sample, Tally
from otherlight.errors import DatasetError
from otherlight.records.progress import track

CLASSES = (
    "Car", "Van", "Truck", "Pedestrian", "Person_sitting", "Cyclist", "Tram", "Misc",
)  # fmt: skip
_ALIASES = {"Person": "Person_sitting"}
DONT_CARE = "DontCare"
"""The type of a region in which nothing was labelled."""
_FRAMES_PER_SECOND = 10.0
_NUMBERS = 14
"""Numbers after the type: truncation, occlusion, alpha, 4 edges, 3 sizes, 3 places, rotation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One object: where it stands, what it is called, and its numbers by name."""

    at: str
    label: str
    edges: tuple[float, float, float, float]
    columns: Mapping[str, Any]
    frame: int = 0


@dataclass(frozen=True, kw_only=True)
class _Labels:
    """Objects by image, and the images that label files speak of, with what else is known."""

    classes: Sequence[str]
    objects: Mapping[str, Sequence[Line]]
    files: Sequence[Path]
    columns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])


def read_kitti(source: Path, images: Path | None, config: ImportConfig, tally: Tally) -> Content:
    """Read KITTI's detection or tracking labels; which, their folder says.

    Classes are KITTI's eight unless ``names`` says others.
    """
    folder, root = _places(source, images)
    there = list_images(root) if config.pixels else None
    classes = config.names or CLASSES
    read = _by_drive if folder.name == "label_02" else _by_image
    labels = read(folder, there, classes)
    names = sorted(set(there or ()) | set(labels.objects))
    return Content(
        classes=classes,
        samples=_samples(folder, root, labels, there, names, tally),
        count=len(names),
        files=[*labels.files, *(root / name for name in there or ())],
        origin="kitti",
    )


def parse_line(text: str, at: str, *, tracking: bool = False) -> Line:
    """Read one line; tracking lines begin with frame and track.

    Raises:
        DatasetError: it has too few words, or a word is no finite number.
    """
    words = text.split()
    lead = 2 if tracking else 0
    least, most = lead + 1 + _NUMBERS, lead + 2 + _NUMBERS
    if not least <= len(words) <= most:
        raise DatasetError(
            f"A KITTI line has {least} words (or {most}, with a score); {len(words)} came in {at}."
        )
    try:
        numbers = [float(word) for word in words[lead + 1 :]]
        frame, identity = (int(words[0]), int(words[1])) if tracking else (0, -1)
    except ValueError as error:
        raise DatasetError(f"All but the type must be numbers in {at}; {error}.") from error
    if not all(map(math.isfinite, numbers)):
        raise DatasetError(f"Numbers must be finite in {at}; {text.strip()[:120]!r} came.")
    return Line(
        at=at,
        label=words[lead],
        edges=(numbers[3], numbers[4], numbers[5], numbers[6]),
        columns=_columns(words[lead:], numbers, identity, tracking=tracking),
        frame=frame,
    )


def _columns(
    words: Sequence[str], numbers: Sequence[float], identity: int, *, tracking: bool
) -> dict[str, Any]:
    truncation, occlusion, depth = numbers[0], numbers[1], numbers[12]
    named = {
        "alpha": words[3],
        "dimensions_m": " ".join(words[8:11]),
        "location_m": " ".join(words[11:14]),
        "rotation_y": words[14],
    }
    columns: dict[str, Any] = {}
    if tracking:
        # Tracking knows three degrees of truncation, and no share.
        named["truncated"] = words[1]
    elif 0 <= truncation <= 1:
        columns["truncation"] = truncation
    if occlusion in (0, 1, 2):
        columns["occlusion_level"] = int(occlusion)
    if depth > 0:
        columns["depth_m"] = depth
    if identity >= 0:
        columns["track"] = str(identity)
    return columns | {"attributes": named}


def type_of(name: str) -> str:
    """Write a class's name as one word, since blanks part the words of a line.

    >>> type_of("traffic light")
    'traffic_light'
    """
    return "_".join(name.split())


def _by_image(folder: Path, there: Sequence[str] | None, classes: Sequence[str]) -> _Labels:
    """Read detection labels: the file of an image bears its name."""
    files = list_files(folder, (".txt",))
    stems = {PurePosixPath(name).with_suffix("").as_posix(): name for name in there or ()}
    objects: dict[str, list[Line]] = {}
    for name in track(files, "reading labels", len(files)):
        stem = PurePosixPath(name).with_suffix("").as_posix()
        image = stems.get(stem, f"{stem}.png")
        objects[image] = list(_lines(folder / name, tracking=False))
    return _Labels(classes=classes, objects=objects, files=[folder / name for name in files])


def _by_drive(folder: Path, there: Sequence[str] | None, classes: Sequence[str]) -> _Labels:
    """Read tracking labels: one file for all frames of a drive; frames without lines are empty."""
    files = list_files(folder, (".txt",))
    drives = {PurePosixPath(name).stem for name in files}
    stems = {PurePosixPath(name).with_suffix("").as_posix(): name for name in there or ()}
    objects: defaultdict[str, list[Line]] = defaultdict(list)
    for name in track(files, "reading labels", len(files)):
        drive = PurePosixPath(name).stem
        for line in _lines(folder / name, tracking=True):
            stem = f"{drive}/{line.frame:06d}"
            objects[stems.get(stem, f"{stem}.png")].append(line)
    for image in there or ():
        if PurePosixPath(image).parent.as_posix() in drives:
            objects.setdefault(image, [])
    return _Labels(
        classes=classes,
        objects=objects,
        files=[folder / name for name in files],
        columns={image: _frame_of(image) for image in objects},
    )


def _frame_of(image: str) -> dict[str, Any]:
    path = PurePosixPath(image)
    if not path.stem.isdigit() or len(path.stem) > 9:
        return {}
    frame = int(path.stem)
    drive = path.parent.as_posix()
    return {"sequence": drive, "frame": frame, "time_s": frame / _FRAMES_PER_SECOND}


def _lines(path: Path, *, tracking: bool) -> Generator[Line]:
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if line.strip():
            yield parse_line(line, f"{path}, line {number}", tracking=tracking)


def _places(source: Path, images: Path | None) -> tuple[Path, Path]:
    """Find the folder of labels and that of images, from the folder above or the labels' own."""
    usual = {"label_2": "image_2", "label_02": "image_02"}
    within = [source / part / name for part in ("", "training") for name in usual]
    folder = next((place for place in within if place.is_dir()), source)
    if folder.name not in usual or not folder.is_dir():
        raise DatasetError(
            f"Expected label_2 (detection) or label_02 (tracking) in {source} or {source}/training;"
            f" neither is there. Point to the folder above them."
        )
    return folder, (images or folder.parent / usual[folder.name]).resolve()


def _samples(
    folder: Path,
    root: Path,
    labels: _Labels,
    there: Sequence[str] | None,
    names: Sequence[str],
    tally: Tally,
) -> Generator[Sample]:
    known = None if there is None else set(there)
    names_of = {type_of(label): label for label in labels.classes}
    for other, label in _ALIASES.items():
        if label in names_of:
            names_of.setdefault(other, label)
    for name in names:
        lines = labels.objects.get(name)
        sample = Sample(
            image=name,
            file=root / name,
            at=str(folder),
            labelled=None if lines is None else True,
            boxes=list(_boxes(lines or (), names_of, tally)),
            columns=labels.columns.get(name, {}),
        )
        if known is None or name in known:
            yield sample
        else:
            drop_sample(sample, tally)


def _boxes(lines: Sequence[Line], names: Mapping[str, str], tally: Tally) -> Generator[RawBox]:
    """Name each object by its type; a region that nobody labelled is ignored for every class."""
    for line in lines:
        if line.label == DONT_CARE:
            tally.note("DontCare region, ignored for every class", line.at)
            ignored = {"ignore": True, "ignore_reason": "dontcare"}
            for label in dict.fromkeys(names.values()):
                yield RawBox(label=label, edges=line.edges, at=line.at, columns=ignored)
        elif line.label not in names:
            tally.drop_box(f"unknown type {line.label!r}", line.at, line.label)
        else:
            label = names[line.label]
            yield RawBox(label=label, edges=line.edges, at=line.at, columns=line.columns)
