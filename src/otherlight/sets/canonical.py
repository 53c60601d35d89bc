"""The hash of a set: of its rows' content, wherever its files lie."""

import hashlib
import json
from collections.abc import Generator, Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Int

from otherlight.sets.arrow import compute as pc

WHERE_FILES_LIE = frozenset({"file", "depth", "flow", "mask"})
"""Columns left out: moving a set does not change what it is."""
_ROWS = 1 << 14

Buffer = bytes | memoryview
"""What a hasher takes as it lies in memory, without a copy."""


def hash_of(classes: Sequence[str], images: pa.Table, boxes: pa.Table, relevance: pa.Table) -> str:
    """Hash classes and rows, column by column, nulls told apart from zeros.

    A set without relevance has the hash that it had before there was any.
    """
    hasher = hashlib.sha256(json.dumps(list(classes)).encode())
    tables = {"images": images, "boxes": boxes}
    for name, table in (tables | ({"relevance": relevance} if len(relevance) else {})).items():
        hasher.update(f"{name}:{table.num_rows}".encode())
        for column in table.column_names:
            if column not in WHERE_FILES_LIE:
                hasher.update(column.encode())
                for part in _bytes_of(table[column]):
                    hasher.update(part)
    return hasher.hexdigest()


def _bytes_of(column: pa.ChunkedArray) -> Iterable[Buffer]:
    """Yield the parts of a column, some rows at a time: how it is cut does not change its bytes."""
    kind, chunks = column.type, column.chunks
    if pa.types.is_map(kind):
        yield from chain.from_iterable(map(_words, chunks))
        return
    if pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind):
        for chunk in chunks:
            yield from (json.dumps(value).encode() for value in chunk.to_pylist() if value)
        return
    parts = [chunk.slice(start, _ROWS) for chunk in chunks for start in range(0, len(chunk), _ROWS)]
    yield from (part.is_valid().to_numpy(zero_copy_only=False).data for part in parts)
    if pa.types.is_string(kind):
        for part in parts:
            length = pc.binary_length(_filled(part, ""))
            yield length.to_numpy(zero_copy_only=False).astype("<i8").data
        yield from (_joined(_filled(part, "")) for part in parts)
        return
    for part in parts:
        values = _filled(part, False if pa.types.is_boolean(kind) else 0)
        numbers = values.to_numpy(zero_copy_only=False)
        yield np.ascontiguousarray(numbers, numbers.dtype.newbyteorder("<")).data


def _filled(part: pa.Array, value: Any) -> pa.Array:
    return pc.fill_null(part, value) if part.null_count else part


def _joined(text: pa.Array) -> Buffer:
    """All texts one after the other, without making a Python string of each."""
    _, offsets, data = text.buffers()
    if offsets is None or data is None:
        return b""
    ends = np.frombuffer(offsets, np.int32)
    return memoryview(data)[ends[text.offset] : ends[text.offset + len(text)]]


def _words(column: pa.MapArray) -> Generator[bytes]:
    """Each row's words, sorted, as JSON; some rows at a time, so that memory stays small."""
    for start in range(0, len(column), _ROWS):
        yield b"".join(_texts(column.slice(start, _ROWS)))


def _texts(column: pa.MapArray) -> list[bytes]:
    """Rows that are alike are written once, as most are alike."""
    offsets = column.offsets.to_numpy()
    pairs = slice(int(offsets[0]), int(offsets[-1]))
    texts: list[bytes] = [b""] * len(column)
    lengths = np.diff(offsets)
    codes = [_codes(part.slice(pairs.start, pairs.stop - pairs.start))
             for part in (column.keys, column.items)]  # fmt: skip
    for length in np.unique(lengths[lengths > 0]):
        rows = np.flatnonzero(lengths == length)
        places = offsets[rows][:, None] - pairs.start + np.arange(length)
        which = _alike([code[places[:, word]] for code in codes for word in range(length)])
        firsts = np.empty(which.max() + 1, np.int64)
        firsts[which[::-1]] = rows[::-1]
        once = [
            json.dumps(sorted(value)).encode()
            for value in column.take(pa.array(firsts)).to_pylist()
        ]
        for row, number in zip(rows.tolist(), which.tolist(), strict=True):
            texts[row] = once[number]
    return texts


def _alike(columns: Sequence[Int[np.ndarray, " rows"]]) -> Int[np.ndarray, " rows"]:
    """Number rows of numbers from 0: alike, alike. Hashing is many times faster than sorting."""
    which = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        pairs = which * (int(column.max()) + 2) + column + 1
        which = pa.array(pairs).dictionary_encode().indices.to_numpy().astype(np.int64)
    return which


def _codes(texts: pa.Array) -> Int[np.ndarray, " texts"]:
    """Number texts: alike, alike; a null is -1."""
    indices = texts.dictionary_encode().indices
    return pc.fill_null(indices, -1).to_numpy(zero_copy_only=False)
