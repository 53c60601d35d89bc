"""Pickles as plain data: dicts, lists, tuples, sets, words, numbers and arrays; nothing is called.

A pickle is a program for a small stack machine that may call whatever it names. The machine here
has no call: the few names by which plain values are written (set, bytes, numpy's arrays) stand for
functions of this house, and every other name is refused. Protocols 0 to 5; Python 2's str comes as
bytes.
"""

import struct
from pathlib import Path
from typing import Any

import numpy as np

from otherlight.datasets.listing import there_is
from otherlight.datasets.plain_machine import Machine, Refused
from otherlight.datasets.plain_steps import CODES, SCALARS, Name
from otherlight.errors import DatasetError

_BYTES = 1 << 28
_DEPTH = 16


def load_plain(path: Path) -> Any:
    """Read one pickle as plain values, nested at most 16 deep and without cycles.

    Raises:
        DatasetError: the file is no whole pickle, is larger than 256 MiB, or names a function or
            class (it is named, and nothing of it is run).
    """
    if not there_is(path):
        raise DatasetError(f"Expected a pickle at {path}; there is none.")
    if (size := path.stat().st_size) > _BYTES:
        raise DatasetError(
            f"A pickle of ground truth may have {_BYTES >> 20} MiB; {path} has {size >> 20} MiB."
        )
    return parse_plain(path.read_bytes(), str(path))


def parse_plain(data: bytes, at: str) -> Any:
    r"""Read the bytes of one pickle.

    >>> parse_plain(b"(dS'cids'\n(lS'ab38a'\nas.", "db.pkl")
    {b'cids': [b'ab38a']}
    """
    machine = Machine(data)
    try:
        value = machine.run(CODES)
        _check_plain(value, 0, {})
    except Refused as error:
        raise DatasetError(
            f"A pickle may hold lists, dicts, words, numbers and arrays alone; {error} came in "
            f"{at}, byte {machine.begun}. Nothing of it was run: ask for the original file."
        ) from None
    except (ValueError, LookupError, TypeError, AttributeError, struct.error) as error:
        raise DatasetError(
            f"A pickle must be whole and hold plain data; {at} does not at byte {machine.begun} "
            f"({str(error)[:200] or type(error).__name__}). Fetch the original file again."
        ) from error
    return value


def _check_plain(value: Any, depth: int, heights: dict[int, int]) -> int:
    """Refuse what is not plain, and cycles; say how deep the value is. Each is visited once."""
    if type(value) in SCALARS or isinstance(value, np.ndarray):
        return 0
    if type(value) not in (dict, list, tuple, set, frozenset):
        raise Refused(f"{value!r}" if isinstance(value, Name) else "an unfinished array")
    if depth + heights.get(id(value), 0) >= _DEPTH:
        raise ValueError(f"it is nested deeper than {_DEPTH}, or holds itself")
    if id(value) not in heights:
        # Sets and keys hold nothing but words and numbers.
        inner = value.values() if isinstance(value, dict) else value
        deepest = max((_check_plain(each, depth + 1, heights) for each in inner), default=0)
        heights[id(value)] = 1 + deepest
    return heights[id(value)]
