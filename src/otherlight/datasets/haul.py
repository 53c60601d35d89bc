"""A source's labels, read: its images in their order, and all boxes as columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Bool

from otherlight.config import nearest
from otherlight.datasets.box_columns import FURTHER, BoxColumns, words_of
from otherlight.datasets.samples import Content, RawBox, Sample
from otherlight.datasets.tally import Tally
from otherlight.datasets.texts import Texts
from otherlight.errors import DatasetError, ImageError
from otherlight.records.progress import track
from otherlight.sets.build import image_table, with_columns
from otherlight.sets.columns import BOXES

_CHUNK = 50_000
_ROWS = 4096
_UNKNOWN = (None, None)
Chosen = Bool[np.ndarray, " images"]


Row = dict[str, Any]
Size = tuple[Any, Any]


@dataclass(frozen=True, kw_only=True)
class Haul:
    """Images as the columns of a set, and boxes as columns; both in the order of the source."""

    images: pa.Table
    """Columns of `otherlight.sets.columns.IMAGES`, but width and height, which are unknown yet."""
    said: Sequence[Size]
    """Width and height of each image as the source has them, None where it does not say."""
    at: Callable[[int], str]
    """Where an image stands in the source, for messages."""
    faults: Sequence[ImageError | None]
    boxes: BoxColumns

    def column(self, name: str) -> list[Any]:
        """One column of the images."""
        return self.images[name].to_pylist()

    def keep(self, chosen: Chosen, rule: str, tally: Tally, *, user: bool = True) -> "Haul":
        """Keep the images that a mask chooses, with their boxes; count the others.

        Raises:
            DatasetError: none is left.
        """
        if chosen.all():
            return self
        first, at, rows = int(np.argmin(chosen)), self.at, np.flatnonzero(chosen)
        out = int((~chosen).sum())
        tally.drop_images(rule, self.images["file"][first].as_py(), out, chosen=user)
        gone = ~chosen[self.boxes.image]
        lost = self.boxes.count(gone)
        tally.drop_boxes(f"box of an {rule}", at(first), lost, chosen=user)
        boxes = self.boxes.without(gone)
        number = np.cumsum(chosen) - 1
        return Haul(
            images=self.images.filter(pa.array(chosen)),
            said=list(compress(self.said, chosen)),
            at=lambda row: at(int(rows[row])),
            faults=list(compress(self.faults, chosen)),
            boxes=replace(boxes, image=number[boxes.image]),
        )


def gather(content: Content, tally: Tally, row_of: Callable[[Sample], Row]) -> Haul:
    """Read all labels; every image and box is counted as read.

    Samples become columns some at a time: as objects, very many of them take as much memory as
    their boxes.

    Raises:
        DatasetError: the source holds no image.
    """
    gatherer, shelf = Gatherer(content.classes), Shelf()
    faults: list[ImageError | None] = []
    for sample in track(content.samples, "reading labels", content.count):
        gatherer.add(sample)
        shelf.add(row_of(sample))
        faults.append(sample.fault)
    tally.images += len(faults)
    if not faults:
        raise DatasetError(
            "An import must bring at least one image; none came. Point to another source."
        )
    images = shelf.images(tally)
    where = gatherer.at.of
    boxes = gatherer.columns() if content.boxes is None else content.boxes(where)
    tally.read_boxes(boxes.count())
    return Haul(images=images, said=shelf.said, at=where, faults=faults, boxes=boxes)


class Shelf:
    """Takes rows of images one by one and makes columns of them, a chunk at a time."""

    def __init__(self) -> None:
        self.said: list[Size] = []
        """Sizes may be anything yet, and no column."""
        self._parts: list[pa.Table] = []
        self._waiting: list[Row] = []
        self._silent: list[bool] = []

    def add(self, row: Row) -> None:
        """Take one row, which is the shelf's from then on."""
        size = row.pop("width", None), row.pop("height", None)
        self.said.append(_UNKNOWN if size == _UNKNOWN else size)
        self._silent.append(row.get("labelled", True) is None)
        self._waiting.append(row)
        if len(self._waiting) >= _ROWS:
            self._flush()

    def images(self, tally: Tally) -> pa.Table:
        """Hand out all images.

        Those of which no label speaks are background, if any other image has labels.
        """
        self._flush()
        images = pa.concat_tables(self._parts).combine_chunks()
        silent = np.array(self._silent, bool)
        if not silent.any():
            return images
        told = images["labelled"].to_numpy() & ~silent
        labelled = bool(told.any())
        rule = "taken as background" if labelled else "taken as unlabelled"
        first = images["image"][int(np.argmax(silent))].as_py()
        tally.note(f"image without labels, {rule}", first, int(silent.sum()))
        return with_columns(images, labelled=told | (silent & labelled))

    def _flush(self) -> None:
        if self._waiting:
            self._parts.append(image_table(self._waiting))
        self._waiting = []


class Gatherer:
    """Takes samples one by one and makes columns of their boxes, a chunk at a time."""

    def __init__(self, names: Sequence[str]) -> None:
        self._codes = {name: code for code, name in enumerate(names)}
        self._parts: list[BoxColumns] = []
        self._waiting: list[RawBox] = []
        self._image: list[int] = []
        self.at = Texts()
        """Where each sample stands in the source."""
        self._samples = 0

    def add(self, sample: Sample) -> None:
        """Take one sample; samples are numbered in the order in which they come."""
        if sample.boxes:
            self._waiting += sample.boxes
            self._image += [self._samples] * len(sample.boxes)
        self._samples += 1
        self.at.append(sample.at)
        if len(self._waiting) >= _CHUNK:
            self._flush()

    def columns(self) -> BoxColumns:
        """Hand out the boxes of all samples."""
        self._flush()
        ats = pa.concat_arrays([part.further["at"] for part in self._parts])
        images = np.concatenate([part.image for part in self._parts])
        samples = self.at
        known = {name for part in self._parts for name in part.further} - {"at"}
        return BoxColumns(
            names=tuple(self._codes),
            image=images,
            label=np.concatenate([part.label for part in self._parts]),
            edges=np.concatenate([part.edges for part in self._parts]),
            further={
                name: pa.concat_arrays([_column(part, name) for part in self._parts])
                for name in FURTHER
                if name in known
            },
            at=lambda row: f"{samples.of(int(images[row]))}, {ats[row].as_py()}",
        )

    def _flush(self) -> None:
        if self._parts and not self._waiting:
            return
        boxes, codes = self._waiting, self._codes
        label = [codes.setdefault(box.label, len(codes)) for box in boxes]
        edges = np.array([box.edges for box in boxes], np.float64).reshape(-1, 4)
        further = _further([box.columns for box in boxes])
        further["at"] = pa.array([box.at for box in boxes], pa.string())
        self._parts.append(
            BoxColumns(
                names=(),
                image=np.array(self._image, np.int64),
                label=np.array(label, np.int64),
                edges=edges,
                further=further,
            )
        )
        self._waiting, self._image = [], []


def _column(part: BoxColumns, name: str) -> pa.Array:
    if name in part.further:
        return part.further[name]
    kind = BOXES.field(name).type
    if name == "attributes":
        return words_of([{}] * len(part))
    return pa.nulls(len(part), kind)


def _further(boxes: Sequence[Mapping[str, Any]]) -> dict[str, pa.Array]:
    known: set[str] = set().union(*boxes)
    if unknown := sorted(known.difference(FURTHER)):
        raise DatasetError(f"A box has no column {unknown[0]!r}. {nearest(unknown[0], FURTHER)}")
    return {
        name: words_of([box.get(name) or {} for box in boxes])
        if name == "attributes"
        else pa.array([box.get(name) for box in boxes], BOXES.field(name).type)
        for name in FURTHER
        if name in known
    }
