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
from otherlight.errors import DatasetError, ImageError
from otherlight.records.progress import track
from otherlight.sets.columns import BOXES

_CHUNK = 50_000
Chosen = Bool[np.ndarray, " images"]


Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Haul:
    """Images as rows of a set's table, where each stands in the source, and boxes as columns."""

    rows: list[Row]
    at: Sequence[str]
    faults: Sequence[ImageError | None]
    boxes: BoxColumns

    def keep(self, chosen: Chosen, rule: str, tally: Tally, *, user: bool = True) -> "Haul":
        """Keep the images that a mask chooses, with their boxes; count the others.

        Raises:
            DatasetError: none is left.
        """
        if chosen.all():
            return self
        first = int(np.argmin(chosen))
        out = int((~chosen).sum())
        tally.drop_images(rule, self.rows[first]["file"], out, chosen=user)
        gone = ~chosen[self.boxes.image]
        lost = self.boxes.count(gone)
        tally.drop_boxes(f"box of an {rule}", self.at[first], lost, chosen=user)
        boxes = self.boxes.without(gone)
        number = np.cumsum(chosen) - 1
        return Haul(
            rows=list(compress(self.rows, chosen)),
            at=list(compress(self.at, chosen)),
            faults=list(compress(self.faults, chosen)),
            boxes=replace(boxes, image=number[boxes.image]),
        )


def gather(content: Content, tally: Tally, row_of: Callable[[Sample], Row]) -> Haul:
    """Read all labels; every image and box is counted as read.

    A sample becomes its row at once: of very many images, objects that wait take as much memory
    as the boxes.

    Raises:
        DatasetError: the source holds no image.
    """
    gatherer = Gatherer(content.classes)
    rows: list[Row] = []
    faults: list[ImageError | None] = []
    for sample in track(content.samples, "reading labels", content.count):
        gatherer.add(sample)
        rows.append(row_of(sample))
        faults.append(sample.fault)
    tally.images += len(rows)
    if not rows:
        raise DatasetError(
            "An import must bring at least one image; none came. Point to another source."
        )
    boxes = gatherer.columns() if content.boxes is None else content.boxes()
    tally.read_boxes(boxes.count())
    return Haul(rows=rows, at=gatherer.at, faults=faults, boxes=boxes)


class Gatherer:
    """Takes samples one by one and makes columns of their boxes, a chunk at a time."""

    def __init__(self, names: Sequence[str]) -> None:
        self._codes = {name: code for code, name in enumerate(names)}
        self._parts: list[BoxColumns] = []
        self._waiting: list[RawBox] = []
        self._image: list[int] = []
        self.at: list[str] = []
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
            at=lambda row: f"{samples[int(images[row])]}, {ats[row].as_py()}",
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
