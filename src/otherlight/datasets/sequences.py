"""Which images follow one another: by folder, by name, or by gaps between file numbers."""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from otherlight.errors import DatasetError

Rows = Sequence[dict[str, Any]]


def set_sequences(rows: Rows, rule: str | None, gap: int | None) -> None:
    """Fill the columns sequence and frame of image rows; neither rule leaves them alone.

    Raises:
        DatasetError: a name has no number, or does not fit the expression.
    """
    if gap is not None:
        _by_gap(rows, gap)
    elif rule == "folder":
        for row in rows:
            row["sequence"] = PurePosixPath(row["image"]).parent.as_posix()
            row["group"] = None
    elif rule is not None:
        for row in rows:
            row["sequence"] = _named(row["image"], rule)
            row["group"] = None


def split_by_gap(numbers: Sequence[int], gap: int) -> list[int]:
    """Give the first number of its run to each of the sorted numbers.

    >>> split_by_gap([1, 5, 105, 206], gap=100)
    [1, 1, 1, 206]
    """
    firsts: list[int] = []
    for position, number in enumerate(numbers):
        follows = position and number - numbers[position - 1] <= gap
        firsts.append(firsts[-1] if follows else number)
    return firsts


def _by_gap(rows: Rows, gap: int) -> None:
    names = {PurePosixPath(row["image"]).name for row in rows}
    # Folders such as day/ and night/ may share one count of frames; only a name that occurs in
    # two folders shows that each folder counts for itself.
    apart = len(names) < len(rows)
    strands: dict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    for row in rows:
        strand, number = _numbered(row["image"], apart)
        strands[strand].append((number, row))
    for strand, numbered in strands.items():
        numbered.sort(key=lambda pair: pair[0])
        firsts = split_by_gap([number for number, _ in numbered], gap)
        for (number, row), first in zip(numbered, firsts, strict=True):
            row |= {"sequence": f"{strand}{first:06d}", "frame": number - first, "group": None}


def _numbered(image: str, apart: bool) -> tuple[str, int]:
    """Split off the last number of a name; what comes before it names the strand."""
    path = PurePosixPath(image)
    found = re.match(r"(.*?)(\d+)\D*$", path.stem)
    if not found or len(found[2]) > 9:
        raise DatasetError(
            f"sequence_gap needs a number of at most nine digits in every file name; {image!r} "
            f"has none. Name sequences by another rule."
        )
    folder = f"{path.parent.as_posix()}/" if apart else ""
    return folder + found[1], int(found[2])


def _named(image: str, expression: str) -> str:
    found = re.search(expression, image)
    if not found or found[1] is None:
        raise DatasetError(
            f"The sequence expression {expression!r} must fit every image; {image!r} does not. "
            f"Widen the expression, or leave the image out with where."
        )
    return found[1]
