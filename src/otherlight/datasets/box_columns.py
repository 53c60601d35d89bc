"""Boxes of many images as columns: what rules work on, a whole source at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float, Int

from otherlight.sets import ImageSet
from otherlight.sets.arrow import compute as pc
from otherlight.sets.columns import BOXES

EDGES = ("left", "top", "right", "bottom")
FURTHER = tuple(name for name in BOXES.names if name not in ("image", "box", "label", *EDGES))
"""Columns of boxes that a source may know beside label and edges."""
_FILLED = ("ignore", "attributes")
_CHUNK = 1 << 16


@dataclass(frozen=True, kw_only=True)
class BoxColumns:
    """Boxes of many images, one entry a box; those of one image stand together.

    ``image`` counts the samples, ``label`` the ``names``. Edges are left, top, right, bottom, in
    the unit of the source (`Content.shares`) until `otherlight.datasets.rules` made pixels of them.
    ``further`` holds columns of `otherlight.sets.columns.BOXES` by name, typed as there; what is
    not there is null. Attributes may be a dictionary array of such, where few differ.
    """

    names: tuple[str, ...]
    image: Int[np.ndarray, " boxes"]
    label: Int[np.ndarray, " boxes"]
    edges: Float[np.ndarray, "boxes 4"]
    further: Mapping[str, pa.Array] = field(default_factory=dict[str, pa.Array])
    at: Callable[[int], str] = str
    """Where a box stands in the source, by its row, for messages."""

    def __len__(self) -> int:
        return len(self.label)

    def numbers(self, name: str) -> Float[np.ndarray, " boxes"]:
        """One further column of numbers; what is unknown is nan."""
        if name not in self.further:
            return np.full(len(self), np.nan)
        column = self.further[name].cast(pa.float64())
        return pc.fill_null(column, np.nan).to_numpy(zero_copy_only=False)

    def ignored(self) -> Bool[np.ndarray, " boxes"]:
        """Which boxes are neither truth nor background."""
        if "ignore" not in self.further:
            return np.zeros(len(self), bool)
        return pc.fill_null(self.further["ignore"], False).to_numpy(zero_copy_only=False)

    def take(self, rows: Int[np.ndarray, " taken"]) -> "BoxColumns":
        """Keep some rows, in the order given."""
        if len(rows) == len(self) and (rows == np.arange(len(rows))).all():
            return self
        index, at = pa.array(rows), self.at
        return replace(
            self,
            image=self.image[rows],
            label=self.label[rows],
            edges=self.edges[rows],
            further={name: column.take(index) for name, column in self.further.items()},
            at=_through(at, rows),
        )

    def without(self, which: Bool[np.ndarray, " boxes"]) -> "BoxColumns":
        """Leave out the boxes that a mask chooses."""
        return self.take(np.flatnonzero(~which)) if which.any() else self

    def count(self, chosen: Bool[np.ndarray, " boxes"] | None = None) -> dict[str, int]:
        """Count boxes by name, all or those that a mask chooses."""
        label = self.label if chosen is None else self.label[chosen]
        counts = np.bincount(label, minlength=len(self.names))
        return {name: int(n) for name, n in zip(self.names, counts, strict=True) if n}

    def first(self, which: Bool[np.ndarray, " boxes"]) -> str:
        """Say where the first box stands that a mask chooses."""
        return self.at(int(np.argmax(which)))


def _through(at: Callable[[int], str], rows: Int[np.ndarray, " taken"]) -> Callable[[int], str]:
    return lambda row: at(int(rows[row]))


def words_of(rows: Sequence[Mapping[str, str]]) -> pa.MapArray:
    """Turn mappings from text to text into a column."""
    offsets = np.zeros(len(rows) + 1, np.int32)
    np.cumsum(np.fromiter(map(len, rows), np.int32, len(rows)), out=offsets[1:])
    keys = pa.array(list(chain.from_iterable(rows)), pa.string())
    values = pa.array(list(chain.from_iterable(row.values() for row in rows)), pa.string())
    return pa.MapArray.from_arrays(pa.array(offsets), keys, values)


def with_word(words: pa.MapArray, key: str, new: pa.Array) -> pa.MapArray:
    """Set one word of each row; a null leaves the row alone.

    >>> words = words_of([{"a": "1"}, {"a": "2"}])
    >>> with_word(words, "a", pa.array([None, "3"])).to_pylist()
    [[('a', '1')], [('a', '3')]]
    """
    told = new.is_valid().to_numpy(zero_copy_only=False)
    offsets = words.offsets.to_numpy()
    # Keys and items are those of the whole column that this one may be a part of.
    first, count = int(offsets[0]), int(offsets[-1] - offsets[0])
    keys, items = words.keys.slice(first, count), words.items.slice(first, count)
    row = np.repeat(np.arange(len(told)), np.diff(offsets))
    stays = ~(told[row] & pc.equal(keys, key).to_numpy(zero_copy_only=False))
    rows = np.concatenate([row[stays], np.flatnonzero(told)])
    order = pa.array(np.argsort(rows, kind="stable"))
    added = new.drop_null()
    keys = pa.concat_arrays(
        [keys.filter(pa.array(stays)), pa.array([key] * len(added), pa.string())]
    )
    items = pa.concat_arrays([items.filter(pa.array(stays)), added.cast(pa.string())])
    ends = np.zeros(len(told) + 1, np.int32)
    np.cumsum(np.bincount(rows, minlength=len(told)), out=ends[1:])
    return pa.MapArray.from_arrays(pa.array(ends), keys.take(order), items.take(order))


def columns_of(images: ImageSet) -> BoxColumns:
    """Take the boxes of a set as columns; their numbers are kept."""
    table, arrays = images.boxes.combine_chunks(), images.boxes_of()
    names = table["image"].combine_chunks() if len(table) else pa.array([], pa.string())
    numbers = table["box"]
    return BoxColumns(
        names=images.classes,
        image=arrays.image,
        label=arrays.label,
        edges=arrays.edges,
        further={name: _whole(table[name]) for name in (*FURTHER, "box")},
        at=lambda row: f"{names[row].as_py()}, box {numbers[row].as_py()}",
    )


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _nulls(kind: pa.DataType, count: int, zeros: pa.Buffer) -> pa.Array:
    """Make a column of nulls that shares its memory with others: tables have many of them."""
    buffers = [zeros, zeros, zeros] if pa.types.is_string(kind) else [zeros, zeros]
    return pa.Array.from_buffers(kind, count, buffers, null_count=count)


def _attributes(boxes: BoxColumns) -> pa.MapArray | pa.ChunkedArray:
    if "attributes" not in boxes.further:
        return words_of([{}] * len(boxes))
    words = boxes.further["attributes"]
    if not pa.types.is_dictionary(words.type):
        return words
    codes = words.indices.to_numpy()
    # In chunks, so that what is needed in between stays small.
    parts = np.split(codes, range(_CHUNK, len(codes), _CHUNK))
    return pa.chunked_array([_taken(words.dictionary, part) for part in parts])


def _taken(words: pa.MapArray, rows: Int[np.ndarray, " taken"]) -> pa.MapArray:
    """Take rows of maps; a quarter of the time that Arrow's own way needs."""
    offsets = words.offsets.to_numpy()
    lengths = np.diff(offsets)[rows]
    ends = np.zeros(len(rows) + 1, np.int32)
    np.cumsum(lengths, out=ends[1:])
    shift = np.repeat(offsets[:-1][rows] - ends[:-1], lengths)
    pairs = pa.array(np.arange(ends[-1], dtype=np.int32) + shift)
    return pa.MapArray.from_arrays(pa.array(ends), words.keys.take(pairs), words.items.take(pairs))


def table_of(boxes: BoxColumns, images: pa.Array, classes: Mapping[str, str]) -> pa.Table:
    """Make the table of a set's boxes: keys of ``images``, new classes, numbers in each image.

    A box whose class has a new name keeps the old one among its attributes, as "category".
    """
    starts = np.searchsorted(boxes.image, np.arange(len(images)))
    number = np.arange(len(boxes)) - starts[boxes.image] if len(boxes) else boxes.image
    code = pa.array(boxes.label)
    columns: dict[str, Any] = {
        "image": images.take(pa.array(boxes.image)),
        "box": pa.array(number, pa.int32()),
        "label": pa.array([classes.get(name) for name in boxes.names], pa.string()).take(code),
        **{edge: pa.array(boxes.edges[:, n]) for n, edge in enumerate(EDGES)},
        "ignore": pa.array(boxes.ignored()),
        "attributes": _attributes(boxes),
        **{key: value for key, value in boxes.further.items() if key not in _FILLED},
    }
    old = [name if classes.get(name, name) != name else None for name in boxes.names]
    if any(old):
        renamed = pa.array(old, pa.string()).take(code)
        words = columns["attributes"]
        words = words.combine_chunks() if isinstance(words, pa.ChunkedArray) else words
        columns["attributes"] = with_word(words, "category", renamed)
    zeros = pa.py_buffer(bytes(8 * len(boxes) + 8))
    absent = {f.name: _nulls(f.type, len(boxes), zeros) for f in BOXES if f.name not in columns}
    return pa.table({**columns, **absent}).select(BOXES.names).cast(BOXES)
