"""PASCAL VOC: an XML file an image; edges in whole pixels, both ends inside.

Everingham et al. 2010, http://host.robots.ox.ac.uk/pascal/VOC. Pixels are counted from 1 there, so
that a box from 1 to 20 is 20 pixels wide: its left edge lies at 0. Tools that write the same form
(LabelImg, OpenLabeling, CVAT) count from 0 and mean edges; ``pixel_base`` tells them apart.
"""

from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from otherlight.datasets.config import ImportConfig
from otherlight.datasets.listing import list_files, list_images, read_bytes
from otherlight.datasets.locating import drop_sample
from otherlight.datasets.samples import Content, RawBox, Sample, Tally
from otherlight.errors import DatasetError
from otherlight.records.progress import track

Edges = tuple[float, float, float, float]

_SIDES = ("xmin", "ymin", "xmax", "ymax")
_SPLITS = ("train", "val", "test")
_MARKS = ("1", "0", "-1")
_WORDS = ("pose", "truncated", "occluded", "difficult")


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """One object of an annotation, as it is written."""

    label: str
    edges: Edges
    at: str
    words: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Annotation:
    """One file: the image's name and size as they are written, and its objects."""

    filename: str
    size: tuple[int, int] | None
    notes: Sequence[Note]


@dataclass(frozen=True, kw_only=True)
class _Source:
    """Labels by file name, images that are there (None: not looked at), splits by stem."""

    folder: Path
    root: Path
    notes: Mapping[str, Annotation]
    there: Sequence[str] | None
    splits: Mapping[str, str]
    base: int


def read_voc(source: Path, images: Path | None, config: ImportConfig, tally: Tally) -> Content:
    """Read a VOC folder (Annotations, JPEGImages, ImageSets), or a folder of XML files."""
    folder, root = _places(source, images)
    labels = list_files(folder, (".xml",))
    if not labels:
        raise DatasetError(f"Expected XML files of labels in {folder}; there are none.")
    notes = {
        name: parse_voc(read_bytes(folder / name), str(folder / name))
        for name in track(labels, "reading labels", len(labels))
    }
    there = list_images(root) if config.pixels else None
    voc = _Source(
        folder=folder,
        root=root,
        notes=notes,
        there=there,
        splits=_splits(folder.parent),
        base=_pixel_base(notes, config, tally),
    )
    return Content(
        classes=tuple(sorted({note.label for one in notes.values() for note in one.notes})),
        samples=_samples(voc, tally),
        count=len(there or labels),
        files=[*(folder / name for name in labels), *(root / name for name in there or ())],
    )


def parse_voc(data: bytes, at: str) -> Annotation:
    """Read one file; parts within objects are left alone.

    Raises:
        DatasetError: it is no such XML, declares entities, or an edge is no number.
    """
    try:
        tree: Element = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise DatasetError(
            f"{at} must be an XML file without entities; it is not ({error})."
        ) from error
    if tree.tag != "annotation":
        raise DatasetError(f"A VOC file holds an <annotation>; {at} holds <{tree.tag}>.")
    return Annotation(
        filename=_text(tree, "filename"),
        size=_size(_text(tree, "size/width"), _text(tree, "size/height")),
        notes=[
            _note(item, f"object {number}", at)
            for number, item in enumerate(tree.findall("object"), 1)
        ],
    )


def _note(item: Element, which: str, at: str) -> Note:
    label = _text(item, "name")
    if not label:
        raise DatasetError(f"Every object needs a name; {which} of {at} has none.")
    return Note(
        label=label,
        edges=(
            _number(item, "xmin", which, at),
            _number(item, "ymin", which, at),
            _number(item, "xmax", which, at),
            _number(item, "ymax", which, at),
        ),
        at=which,
        words={name: word for name in _WORDS if (word := _text(item, name))},
    )


def _size(width: str, height: str) -> tuple[int, int] | None:
    """Read the size where it is one; many tools write none, or nought."""
    if not all(side.isascii() and side.isdigit() and len(side) < 7 for side in (width, height)):
        return None
    size = int(width), int(height)
    return size if min(size) else None


def _number(item: Element, side: str, which: str, at: str) -> float:
    text = _text(item, f"bndbox/{side}")
    try:
        return float(text)
    except ValueError as error:
        raise DatasetError(
            f"{side} must be a number of pixels; {text[:40]!r} came in {at}, {which}. Mend it."
        ) from error


def _text(item: Element, path: str) -> str:
    return (item.findtext(path) or "").strip()


def _places(source: Path, images: Path | None) -> tuple[Path, Path]:
    """Find the folder of XML files and that of images."""
    if not source.is_dir():
        raise DatasetError(f"Expected a folder of VOC labels at {source}; there is none.")
    folder = source / "Annotations" if (source / "Annotations").is_dir() else source
    if images is not None:
        return folder, images.resolve()
    usual = (folder.parent / "JPEGImages", folder.parent / "images")
    return folder, next((place for place in usual if place.is_dir()), folder).resolve()


def _pixel_base(notes: Mapping[str, Annotation], config: ImportConfig, tally: Tally) -> int:
    """Say whether pixels count from 1, as VOC's do, or from 0: then some box begins there."""
    if config.pixel_base is not None:
        return config.pixel_base
    for name, one in notes.items():
        for note in one.notes:
            if min(note.edges[:2]) == 0:
                tally.note("edges count from 0, since a box begins there: pixel_base 0", name)
                return 0
    return 1


def _splits(root: Path) -> dict[str, str]:
    """Read which images belong to which split, where ImageSets/Main says so."""
    found: dict[str, str] = {}
    for split in _SPLITS:
        path = root / "ImageSets" / "Main" / f"{split}.txt"
        for line in path.read_text(errors="replace").splitlines() if path.is_file() else ():
            found[line] = found[line.strip()] = split
            # Lists by class say 1, 0 or -1 after the name, which may hold blanks itself.
            *words, mark = line.split() or [""]
            if words and mark in _MARKS:
                found.setdefault(" ".join(words), split)
    return found


def _samples(voc: _Source, tally: Tally) -> Generator[Sample]:
    there = voc.there or ()
    stems: defaultdict[str, list[str]] = defaultdict(list)
    for name in there:
        stems[_stem(name)].append(name)
    taken: set[str] = set()
    for name, one in voc.notes.items():
        at = str(voc.folder / name)
        found = _said(name, one) if voc.there is None else _image_of(name, one, stems, at)
        image = found or _said(name, one)
        sample = Sample(
            image=image,
            file=voc.root / image,
            at=at,
            boxes=[_box(note, voc.base) for note in one.notes],
            columns=_columns(one.size, voc.splits.get(_stem(name))),
        )
        if found is None:
            drop_sample(sample, tally)
        else:
            taken.add(image)
            yield sample
    for name in there:
        if name not in taken:
            file, columns = voc.root / name, _columns(None, voc.splits.get(_stem(name)))
            yield Sample(image=name, file=file, at=str(file), labelled=None, columns=columns)


def _image_of(
    name: str, one: Annotation, stems: Mapping[str, Sequence[str]], at: str
) -> str | None:
    """Find the image of a label file: of the same stem, and of two the one it names."""
    found = stems.get(_stem(name), ())
    if len(found) > 1:
        said = PurePosixPath(one.filename).name
        named = [image for image in found if PurePosixPath(image).name == said]
        if len(named) != 1:
            raise DatasetError(
                f"A label file belongs to one image; {at} would belong to {' and '.join(found)}, "
                f"and names {one.filename!r}. Rename one image and its labels."
            )
        found = named
    return found[0] if found else None


def _said(name: str, one: Annotation) -> str:
    """Name the image by its label file and the ending that this says."""
    suffix = PurePosixPath(one.filename).suffix or ".jpg"
    return PurePosixPath(name).with_suffix(suffix).as_posix()


def _stem(name: str) -> str:
    return PurePosixPath(name).with_suffix("").as_posix()


def _box(note: Note, base: int) -> RawBox:
    left, top, right, bottom = note.edges
    columns: dict[str, Any] = {"attributes": dict(note.words)}
    if note.words.get("difficult") == "1":
        columns |= {"ignore": True, "ignore_reason": "difficult"}
    if (occluded := note.words.get("occluded")) in ("0", "1"):
        columns["occlusion_level"] = int(occluded)
    # From 1, both ends inside: the left edge lies before the first pixel, the right one after the
    # last.
    edges = (left - base, top - base, right, bottom)
    return RawBox(label=note.label, edges=edges, at=note.at, columns=columns)


def _columns(size: tuple[int, int] | None, split: str | None) -> dict[str, Any]:
    columns: dict[str, Any] = {"split": split} if split else {}
    if size:
        columns |= {"width": size[0], "height": size[1]}
    return columns
