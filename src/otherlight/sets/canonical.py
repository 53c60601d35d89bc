"""The hash of a set: of its rows' content, wherever its files lie."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

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
    if pa.types.is_map(kind) or pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind):
        return [_nested(value) for value in column.to_pylist() if value]
    present = column.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_string(kind):
        text = pc.fill_null(column, "")
        lengths = pc.binary_length(text).to_numpy(zero_copy_only=False).astype("<i8")
        joined = "".join(text.to_pylist())
        return [present.tobytes(), lengths.tobytes(), joined.encode()]
    values = pc.fill_null(column, False if pa.types.is_boolean(kind) else 0)
    numbers = values.to_numpy(zero_copy_only=False)
    return [
        present.tobytes(),
        np.ascontiguousarray(numbers, numbers.dtype.newbyteorder("<")).tobytes(),
    ]


def _nested(value: list[Any]) -> bytes:
    return json.dumps(sorted(value) if isinstance(value[0], tuple) else value).encode()
