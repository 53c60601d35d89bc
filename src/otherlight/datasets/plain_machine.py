"""The stack machine that a pickle is a program for: bytes, a stack with marks, a memory."""

import struct
from collections.abc import Callable, Mapping
from typing import Any

from otherlight.datasets.plain_arrays import Unfinished

MAX_STEPS = 1 << 23
"""Eight times what SfM-120k takes: a flood ends here, before it fills the memory."""
MAX_CONTAINERS = 1 << 20
"""Lists, dicts, sets and arrays: one byte asks for a set of two hundred."""
_CONTAINERS = frozenset((b"]", b"}", b"\x8f", b"l", b"d", b"\x91", b"R"))


class Refused(Exception):  # noqa: N818 - becomes a DatasetError
    """The pickle asks for something that is not plain."""


class Machine:
    """Bytes, a stack, marks on it, and what is remembered by number."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.begun = 0
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self, codes: Mapping[bytes, Callable[["Machine"], None]]) -> Any:
        """Take one step after another until the pickle stops; what lies on top is its value."""
        containers = 0
        for _ in range(MAX_STEPS):
            self.begun = self.at
            code = self.take(1)
            if code == b".":
                return self.stack.pop()
            step = codes.get(code)
            if step is None:
                raise ValueError(f"no step of a pickle has the code {code!r}")
            containers += code in _CONTAINERS
            if containers > MAX_CONTAINERS:
                raise ValueError(f"it has more than {MAX_CONTAINERS:,} lists, dicts and sets")
            step(self)
        raise ValueError(f"it has more than {MAX_STEPS:,} steps")

    def take(self, count: int) -> bytes:
        """Take so many bytes, which must be there: nothing is set aside for a promise."""
        end = self.at + count
        if end > len(self.data) or count < 0:
            raise ValueError("it ends early")
        taken = self.data[self.at : end]
        self.at = end
        return taken

    def line(self) -> bytes:
        """Take what is left of a line."""
        end = self.data.find(b"\n", self.at)
        if end < 0:
            raise ValueError("it ends early")
        taken = self.data[self.at : end]
        self.at = end + 1
        return taken

    def number(self, form: str) -> Any:
        """Take a number, as `struct` writes it."""
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def since_mark(self) -> list[Any]:
        """Take what lies above the last mark."""
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def remember(self, number: int) -> None:
        """Keep what lies on top under a number."""
        value = self.stack[-1]
        self.memo[number] = value
        if isinstance(value, Unfinished):
            value.places.append(number)
