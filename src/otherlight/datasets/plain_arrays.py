"""Arrays out of pickles, made here from a kind, a shape and bytes; numpy's own helpers never run.

numpy writes an array as calls of its functions. The calls are recognised by name and their
arguments checked: kinds of plain numbers and text alone, and as many bytes as the shape asks for.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

_KIND = re.compile(r"[<>|=]?(?:[biu][1248]|f[248]|\?|[SU][1-9]\d{0,4})")
_SIDE = 1 << 40
_DIMENSIONS = 8
_LAST_LETTER = 0x10FFFF


class Unfinished:
    """An array whose bytes are still to come, or a kind of numbers; neither is a plain value."""

    __slots__ = ("kind", "places")

    def __init__(self, kind: str | None = None) -> None:
        self.kind = kind
        self.places: list[int] = []
        """Where the machine remembers it, since the finished array takes its place there."""

    def finish(self, state: Any) -> Any:
        """Take the state that follows: an array's bytes, or the byte order of a kind."""
        if self.kind is None:
            _, shape, kind, by_columns, data = state
            return _array(data, kind, shape, "F" if by_columns else "C")
        order = _text(state[1])
        if order not in ("<", ">", "|", "="):
            raise ValueError(f"a byte order is one sign, not {order[:20]!r}")
        self.kind = order + self.kind.lstrip("<>|=")
        return self


def _begin(kind: Any, shape: Any, code: Any) -> Unfinished:
    del kind, shape, code  # placeholders in every pickle: (ndarray, (0,), b"b")
    return Unfinished()


def _kind(code: Any, align: Any = False, copy: Any = True) -> Unfinished:
    del align, copy
    name = _text(code)
    if not _KIND.fullmatch(name):
        raise ValueError(f"arrays hold plain numbers or text, not {name[:20]!r}")
    return Unfinished("b1" if name == "?" else name)


def _number(kind: Any, data: Any) -> Any:
    return _array(data, kind, (1,), "C").tolist()[0]


def _from_buffer(data: Any, kind: Any, shape: Any, order: Any) -> Any:
    return _array(data, kind, shape, "F" if _text(order) == "F" else "C")


def _array(data: Any, kind: Any, shape: Any, order: Any) -> Any:
    if not isinstance(kind, Unfinished) or kind.kind is None:
        raise ValueError("an array needs a kind of plain numbers or text")
    raw = data.encode("latin-1") if isinstance(data, str) else data
    sides = list(shape) if isinstance(shape, tuple) else [shape]
    if len(sides) > _DIMENSIONS or not all(type(n) is int and 0 <= n < _SIDE for n in sides):
        raise ValueError("an array has a shape of at most eight whole numbers")
    if not isinstance(raw, bytes):
        raise ValueError("an array is made of bytes")
    known = np.dtype(kind.kind)
    if math.prod(sides) * known.itemsize != len(raw):
        raise ValueError(
            f"an array of shape {tuple(sides)} and kind {kind.kind} has another number of bytes "
            f"than the {len(raw)} that came"
        )
    if known.kind == "U" and np.any(np.frombuffer(raw, f"{known.byteorder}u4") > _LAST_LETTER):
        raise ValueError("an array of text holds what is no letter")
    made = np.frombuffer(raw, known).reshape(sides, order=order)
    return made.astype(known.newbyteorder("="))


def _text(value: Any) -> str:
    if not isinstance(value, str | bytes):
        raise ValueError(f"text is needed, not {type(value).__name__}")
    return value if isinstance(value, str) else value.decode("ascii")


CALLS: Mapping[str, Callable[..., Any]] = {
    **{
        f"numpy.{core}.{name}": call
        for core in ("core", "_core")
        for name, call in (
            ("multiarray._reconstruct", _begin),
            ("multiarray.scalar", _number),
            ("numeric._frombuffer", _from_buffer),
        )
    },
    "numpy.dtype": _kind,
}
"""What stands for the functions by which numpy's arrays and numbers are pickled."""
