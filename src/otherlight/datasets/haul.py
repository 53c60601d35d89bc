"""A source's labels, read: its images in their order, and all boxes as columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Bool

from otherlight.config import nearest
from otherlight.datasets.box_columns import FURTHER, BoxColumns, words_of
from otherlight.datasets.samples import Content, RawBox, Sample
from otherlight.datasets.tally import Tally
from otherlight.errors import DatasetError
from otherlight.records.progress import track
from otherlight.sets.columns import BOXES

_CHUNK = 50_000
Chosen = Bool[np.ndarray, " images"]


@dataclass(frozen=True, kw_only=True)
class Haul:
    """Images as the source has them, without their boxes, which are columns."""

    samples: Sequence[Sample]
    boxes: BoxColumns

    def keep(self, chosen: Chosen, rule: str, tally: Tally, *, user: bool = True) -> "Haul":
        """Keep the images that a mask chooses, with their boxes; count the others.

        Raises:
            DatasetError: none is left.
        """
        if chosen.all():
            return self
        out = [sample for sample, stays in zip(self.samples, chosen, strict=True) if not stays]
        kept = [sample for sample, stays in zip(self.samples, chosen, strict=True) if stays]
        tally.drop_images(rule, str(out[0].file), len(out), chosen=user)
        gone = ~chosen[self.boxes.image]
        lost = self.boxes.count(gone)
        tally.drop_boxes(f"box of an {rule}", out[0].at, lost, chosen=user)
        boxes = self.boxes.without(gone)
        number = np.cumsum(chosen) - 1
        return Haul(samples=kept, boxes=replace(boxes, image=number[boxes.image]))


def gather(content: Content, tally: Tally) -> Haul:
    """Read all labels; every image and box is counted as read.

    Raises:
        DatasetError: the source holds no image.
    """
    gatherer = Gatherer(content.classes)
    samples: list[Sample] = []
    for sample in track(content.samples, "reading labels", content.count):
        gatherer.add(sample)
        samples.append(replace(sample, boxes=()) if sample.boxes else sample)
    tally.images += len(samples)
    if not samples:
        raise DatasetError(
            "An import must bring at least one image; none came. Point to another source."
        )
    boxes = gatherer.columns() if content.boxes is None else content.boxes()
    tally.read_boxes(boxes.count())
    return Haul(samples=samples, boxes=boxes)


class Gatherer:
    """Takes samples one by one and makes columns of their boxes, a chunk at a time."""

    def __init__(self, names: Sequence[str]) -> None:
        self._codes = {name: code for code, name in enumerate(names)}
        self._parts: list[BoxColumns] = []
        self._waiting: list[RawBox] = []
        self._image: list[int] = []
        self._at: list[str] = []
        self._samples = 0

    def add(self, sample: Sample) -> None:
        """Take one sample; samples are numbered in the order in which they come."""
        if sample.boxes:
            self._waiting += sample.boxes
            self._image += [self._samples] * len(sample.boxes)
        self._samples += 1
        self._at.append(sample.at)
        if len(self._waiting) >= _CHUNK:
            self._flush()

    def columns(self) -> BoxColumns:
        """Hand out the boxes of all samples."""
        self._flush()
        ats = pa.concat_arrays([part.further["at"] for part in self._parts])
        images = np.concatenate([part.image for part in self._parts])
        samples = self._at
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
