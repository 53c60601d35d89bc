"""Fields of pickled ground truth: words, indices and crops, checked, each named where it is wrong.

Keys and words may be text or, out of Python 2, bytes; lists may be arrays.
"""

import math
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from otherlight.errors import DatasetError


def table(value: Any, at: str) -> dict[str, Any]:
    """Take a dict whose keys are words.

    >>> table({b"imlist": []}, "gnd.pkl")
    {'imlist': []}
    """
    if not isinstance(value, dict):
        raise DatasetError(f"{at} must be a dict; {shown(value)} came.")
    return {word(key, f"a key of {at}"): each for key, each in value.items()}


def need(fields: Mapping[str, Any], name: str, at: str) -> Any:
    """Take a field that must be there."""
    if name not in fields:
        known = ", ".join(list(fields)[:8]) or "nothing"
        raise DatasetError(f"{at} must have {name!r}; it has {known[:200]}.")
    return fields[name]


def items(value: Any, at: str) -> list[Any]:
    """Take a list, a tuple or a flat array as a list."""
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return value.tolist()
    if not isinstance(value, list | tuple):
        raise DatasetError(f"{at} must be a list; {shown(value)} came.")
    return list(value)


def word(value: Any, at: str) -> str:
    """Take text, or bytes that are UTF-8."""
    try:
        text = value.decode("utf-8") if isinstance(value, bytes) else value
        if isinstance(text, str) and text.encode("utf-8"):
            return text
    except UnicodeError:
        pass
    raise DatasetError(f"{at} must be a word; {shown(value)} came.")


def names(value: Any, at: str) -> list[str]:
    """Take relative paths that stay inside the folder of images."""
    found: list[str] = []
    for number, each in enumerate(items(value, at)):
        name = word(each, f"entry {number} of {at}")
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
            raise DatasetError(
                f"An image's name must be relative and stay inside the folder of images; "
                f"{name[:80]!r} came as entry {number} of {at}."
            )
        found.append(path.as_posix())
    return found


def indices(value: Any, count: int, at: str) -> list[int]:
    """Take numbers from 0 to below ``count``.

    Raises:
        DatasetError: one is none of them; the message names its position.
    """
    found = items(value, at)
    for number, each in enumerate(found):
        if type(each) is not int or not 0 <= each < count:
            raise DatasetError(
                f"{at} must point to the {count} images, from 0 to {count - 1}; entry {number} is "
                f"{shown(each)}."
            )
    return found


def crop(value: Any, at: str) -> list[float] | None:
    """Take left, top, right, bottom; None (or nothing) where the whole image asks."""
    if value is None or (edges := items(value, at)) == []:
        return None
    numbers = [float(e) for e in edges if type(e) in (int, float) and abs(e) < 1e9]
    if len(edges) != 4 or len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise DatasetError(f"{at} must be four numbers; {shown(edges)} came.")
    if numbers[0] >= numbers[2] or numbers[1] >= numbers[3]:
        raise DatasetError(f"{at} must have left < right and top < bottom; {shown(edges)} came.")
    return numbers


def shown(value: Any) -> str:
    """Show a value in a message, however large it is."""
    if isinstance(value, str | bytes):
        return repr(value[:60])
    if isinstance(value, list) and len(value) <= 8:
        return f"({', '.join(map(_brief, value))})"
    return _brief(value)


def _brief(value: Any) -> str:
    if value is None or isinstance(value, bool | float):
        return str(value)
    if isinstance(value, int):
        return str(value) if abs(value) < 10**18 else "a number of more than 18 digits"
    return f"a {type(value).__name__}"
