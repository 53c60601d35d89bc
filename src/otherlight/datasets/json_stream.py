"""JSON of any size, item by item: the arrays of a label file are never held whole."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any, TextIO

from otherlight.datasets.walking import check_plain
from otherlight.errors import DatasetError

_STEP = 1 << 22
_SPACE = " \t\r\n"
_LONGEST_CUT = 4


def stream_json(path: Path) -> Generator[tuple[str, Any]]:
    """Yield the items of a top-level array under "", or (key, item) of a top-level object.

    An object's arrays come item by item, its other values whole.

    Raises:
        DatasetError: the file is missing or not JSON; the message has the line.
    """
    check_plain(path)
    try:
        with path.open(encoding="utf-8-sig") as file:
            window = _Window(file)
            try:
                yield from _top(window)
            except (ValueError, RecursionError) as error:
                raise DatasetError(
                    f"{path} must be JSON; line {window.line()} is not "
                    f"({getattr(error, 'msg', None) or error}). Mend or replace the file."
                ) from error
    except OSError as error:
        raise DatasetError(
            f"Expected labels at {path}; they cannot be read ({error.strerror}). Point to the file."
        ) from error


def _top(window: "_Window") -> Generator[tuple[str, Any]]:
    if window.peek() == "[":
        yield from (("", item) for item in _items(window))
    elif window.peek() == "{":
        window.take("{")
        while window.peek() != "}":
            key = window.value()
            window.take(":")
            if window.peek() == "[":
                yield from ((str(key), item) for item in _items(window))
            else:
                yield str(key), window.value()
            if window.peek() != "}":
                window.take(",")
        window.take("}")
    else:
        raise ValueError("expected [ or { at the beginning")
    if window.peek():
        raise ValueError("expected nothing after the end")


def _items(window: "_Window") -> Generator[Any]:
    window.take("[")
    while window.peek() != "]":
        yield window.value()
        if window.peek() != "]":
            window.take(",")
    window.take("]")


class _Window:
    """A stretch of the text, moved on as values are taken from it."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._lines = 1
        self._decode = json.JSONDecoder().raw_decode

    def line(self) -> int:
        """Say which line is being read."""
        return self._lines + self._text.count("\n", 0, self._at)

    def peek(self) -> str:
        """Skip blanks and show the next character; "" at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill(_STEP):
                return ""

    def take(self, wanted: str) -> None:
        """Step over one character that must come next."""
        if (found := self.peek()) != wanted:
            raise ValueError(f"expected {wanted!r}, found {found or 'the end of the file'!r}")
        self._at += 1

    def value(self) -> Any:
        """Decode the next value, reading on until it is complete."""
        self.peek()
        step = _STEP
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except json.JSONDecodeError as error:
                # A value cut off by the window fails at its end; elsewhere it is simply wrong.
                cut = len(self._text) - error.pos < 64 or error.msg.startswith("Unterminated")
                if cut and self._fill(step):
                    step *= 2
                    continue
                raise
            if len(self._text) - end < _LONGEST_CUT and self._fill(step):
                continue  # "12" may go on as "123", "12." and "12e-" as longer numbers
            self._at = end
            return value

    def _fill(self, size: int) -> bool:
        more = self._file.read(size)
        if not more:
            return False
        self._lines += self._text.count("\n", 0, self._at)
        self._text = self._text[self._at :] + more
        self._at = 0
        return True


def get(item: Any, key: str, kinds: tuple[type, ...], at: str) -> Any:
    """Take one key of a JSON object.

    Raises:
        DatasetError: it is no object, or the key is missing or of another kind.
    """
    if not isinstance(item, dict):
        raise DatasetError(f"Expected a JSON object; {str(item)[:80]!r} came in {at}. Mend it.")
    value = item.get(key)
    if not isinstance(value, kinds) or isinstance(value, bool):
        kind = " or ".join({"int": "a number", "str": "text"}.get(k.__name__, k.__name__)
                           for k in kinds)  # fmt: skip
        raise DatasetError(f"{key} must be {kind}; {str(value)[:80]!r} came in {at}. Mend it.")
    return value


def as_number(value: Any, key: str, at: str) -> float:
    """Take a JSON number; whether it is finite is checked with the other edges."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DatasetError(f"{key} must be numbers; {str(value)[:80]!r} came in {at}. Mend it.")
    try:
        return float(value)
    except OverflowError:
        return float("inf")
