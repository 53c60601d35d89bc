"""The hash of a set: of its rows' content, wherever its files lie."""

import hashlib
import json
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from jaxtyping import Int

from otherlight.sets.arrow import compute as pc

WHERE_FILES_LIE = frozenset({"file", "depth", "flow", "mask"})
"""Columns left out: moving a set does not change what it is."""


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
                for part in _bytes_of(table[column].combine_chunks()):
                    hasher.update(part)
    return hasher.hexdigest()


def _bytes_of(column: pa.Array) -> list[bytes]:
    kind = column.type
    if pa.types.is_map(kind):
        return [_words(column)]
    if pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind):
        return [json.dumps(value).encode() for value in column.to_pylist() if value]
    present = column.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_string(kind):
        text = pc.fill_null(column, "")
        lengths = pc.binary_length(text).to_numpy(zero_copy_only=False).astype("<i8")
        return [present.tobytes(), lengths.tobytes(), _joined(text)]
    values = pc.fill_null(column, False if pa.types.is_boolean(kind) else 0)
    numbers = values.to_numpy(zero_copy_only=False)
    return [
        present.tobytes(),
        np.ascontiguousarray(numbers, numbers.dtype.newbyteorder("<")).tobytes(),
    ]


def _joined(text: pa.Array) -> bytes:
    """All texts one after the other, without making a Python string of each."""
    _, offsets, data = text.buffers()
    if offsets is None or data is None:
        return b""
    ends = np.frombuffer(offsets, np.int32)
    return memoryview(data)[ends[text.offset] : ends[text.offset + len(text)]].tobytes()


def _words(column: pa.MapArray) -> bytes:
    """Each row's words, sorted, as JSON; rows alike are written once, as most are alike."""
    offsets = column.offsets.to_numpy()
    pairs = slice(int(offsets[0]), int(offsets[-1]))
    texts: list[bytes] = [b""] * len(column)
    lengths = np.diff(offsets)
    codes = [_codes(part.slice(pairs.start, pairs.stop - pairs.start))
             for part in (column.keys, column.items)]  # fmt: skip
    for length in np.unique(lengths[lengths > 0]):
        rows = np.flatnonzero(lengths == length)
        places = offsets[rows][:, None] - pairs.start + np.arange(length)
        alike = np.concatenate([code[places] for code in codes], axis=1)
        _, firsts, which = np.unique(alike, axis=0, return_index=True, return_inverse=True)
        once = [
            json.dumps(sorted(value)).encode()
            for value in column.take(pa.array(rows[firsts])).to_pylist()
        ]
        for row, number in zip(rows.tolist(), which.ravel().tolist(), strict=True):
            texts[row] = once[number]
    return b"".join(texts)


def _codes(texts: pa.Array) -> Int[np.ndarray, " texts"]:
    """Number texts: alike, alike; a null is -1."""
    indices = texts.dictionary_encode().indices
    return pc.fill_null(indices, -1).to_numpy(zero_copy_only=False)
