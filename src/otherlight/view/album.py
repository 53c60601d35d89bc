"""A set, opened for leafing: filtered, paged and described row by row, as JSON values."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Int

from otherlight.errors import DatasetError, OtherlightError
from otherlight.records.files import read_json
from otherlight.sets import ImageSet, read_set
from otherlight.sets.arrow import compute as pc
from otherlight.sets.queries import Questions
from otherlight.sets.rows import image_rows
from otherlight.view.colours import colours_of
from otherlight.view.pictures import Pictures

MOST_A_PAGE = 200
_SECONDS = 10.0
_FILTERS_KEPT = 16
_BOXES_A_THUMBNAIL, _BOXES_AN_IMAGE = 200, 2000
_SIBLINGS = 500
_LINEAGE = ("parent", "parent_sha256", "translator", "method_version", "direction", "seed")
_EDGES = ("left", "top", "right", "bottom")
_DRAWN = ("label", *_EDGES, "ignore")

Found = Int[np.ndarray, " found"]


class Album:
    """One set and, where there is one, the set to show beside it; safe to share between threads.

    ``seconds`` is how long one filter may take.
    """

    def __init__(
        self, images: ImageSet, beside: ImageSet | None = None, *, seconds: float = _SECONDS
    ) -> None:
        self.images = images
        self.pictures = Pictures(images)
        self.beside = None if beside is None else Album(beside)
        rows = image_rows(images.images, images.boxes, images.classes)
        self._questions = Questions(rows, kept=True, seconds=seconds)
        keys = images.images["image"]
        place = pc.index_in(images.boxes["image"], keys.combine_chunks()).to_numpy()
        self._offsets = np.searchsorted(place, np.arange(len(images) + 1))
        self._found: OrderedDict[str, Found] = OrderedDict()
        self._lock = Lock()

    def about(self) -> dict[str, Any]:
        """Say what the page says first: counts, classes with their colours, names to ask for."""
        found = pc.value_counts(self.images.boxes["label"]).to_pylist()
        counts = {each["values"]: each["counts"] for each in found}
        return {
            "name": self.images.name,
            "images": len(self.images),
            "boxes": self.images.boxes.num_rows,
            "classes": [
                {"name": name, "colour": colour, "boxes": counts.get(name, 0)}
                for name, colour in zip(
                    self.images.classes, colours_of(self.images.classes), strict=True
                )
            ],
            "names": list(self._questions.names),
            "beside": None if self.beside is None else self.beside.images.name,
        }

    def page(self, where: str, first: int, count: int) -> dict[str, Any]:
        """Describe a stretch of the images that a filter chooses; an empty filter chooses all.

        Raises:
            QueryError: the filter is not one SQL expression, or takes too long.
        """
        found = self._chosen(where.strip())
        rows = found[first : first + min(count, MOST_A_PAGE)].tolist()
        return {
            "total": len(found),
            "of": len(self.images),
            "first": first,
            "rows": [self._drawn(row, _BOXES_A_THUMBNAIL) for row in rows],
        }

    def image(self, row: int) -> dict[str, Any]:
        """Describe one image: columns, attributes, lineage, boxes, and what stands beside it."""
        row_of = self.images.images.slice(row, 1).to_pylist()[0]
        known = {name: value for name, value in row_of.items() if value is not None}
        attributes = dict(known.pop("attributes"))
        lineage = {name: known.pop(name) for name in _LINEAGE if name in known}
        boxes = self._largest(row, _BOXES_AN_IMAGE, self.images.boxes.column_names)
        return plain(
            {
                **self._drawn(row, _BOXES_AN_IMAGE),
                "columns": known,
                "attributes": attributes,
                "lineage": lineage,
                "details": [_known(box) for box in boxes.to_pylist()],
                "beside": self._found_beside(known["image"]),
            }
        )

    def _chosen(self, where: str) -> Found:
        if not where:
            return np.arange(len(self.images))
        with self._lock:
            if where in self._found:
                self._found.move_to_end(where)
                return self._found[where]
        found = np.flatnonzero(self._questions.choose(where))
        with self._lock:
            self._found[where] = found
            while len(self._found) > _FILTERS_KEPT:
                self._found.popitem(last=False)
        return found

    def _drawn(self, row: int, most: int) -> dict[str, Any]:
        """What is needed to draw an image with its boxes; edges are in its own pixels."""
        size = self.pictures.size(row)
        about = self.images.images
        boxes = self._largest(row, most, _DRAWN)
        return {
            "row": row,
            "image": about["image"][row].as_py(),
            "labelled": about["labelled"][row].as_py(),
            "width": None if size is None else size[0],
            "height": None if size is None else size[1],
            "count": int(self._offsets[row + 1] - self._offsets[row]),
            "boxes": [
                list(box) for box in zip(*(boxes[name].to_pylist() for name in _DRAWN), strict=True)
            ],
        }

    def _largest(self, row: int, most: int, names: Sequence[str]) -> pa.Table:
        """Columns of an image's boxes, the large ones first, so that small ones lie on top."""
        first, last = int(self._offsets[row]), int(self._offsets[row + 1])
        part = self.images.boxes.slice(first, last - first)
        left, top, right, bottom = (part[edge].to_numpy() for edge in _EDGES)
        order = np.argsort(-(right - left) * (bottom - top), kind="stable")[:most]
        return part.select(names).take(pa.array(order))

    def _found_beside(self, key: str) -> dict[str, Any] | None:
        if self.beside is None:
            return None
        row = pc.index(self.beside.images.images["image"], value=key).as_py()
        if row < 0:
            return None
        return {"name": self.beside.images.name, **self.beside._drawn(row, _BOXES_AN_IMAGE)}


def open_album(folder: Path, beside: Path | None = None) -> Album:
    """Open a set; without ``beside``, a translated set finds the one it was made from next to it.

    Raises:
        DatasetError: no image of ``beside`` has the name of one of the set's.
    """
    images = read_set(folder)
    if beside is None:
        return Album(images, _parent_of(images))
    other = read_set(beside)
    if not pc.any(pc.is_in(images.images["image"], other.images["image"].combine_chunks())).as_py():
        raise DatasetError(
            f"A set beside another shows the images of the same names; {other.name} and "
            f"{images.name} share none. Give the set that it was translated from."
        )
    return Album(images, other)


def _parent_of(images: ImageSet) -> ImageSet | None:
    """Find the set that a translated one was made from among the folders next to it."""
    wanted = {parent.get("hash") for parent in images.parents}
    if images.images["parent"].null_count == len(images) or not wanted:
        return None
    around = sorted(images.root.resolve().parent.glob("*/set.json"))[:_SIBLINGS]
    for header in around:
        try:
            if read_json(header).get("hash") in wanted:
                return read_set(header.parent)
        except (OtherlightError, OSError, AttributeError):
            continue
    return None


def _known(box: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out of a box what nobody knows."""
    known = {name: value for name, value in box.items() if value is not None}
    return {**known, "attributes": dict(known["attributes"])}


def plain(value: Any) -> Any:
    """Make a value fit for JSON: nan and inf, which it does not know, become their names."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, float) and not isfinite(value) else value
