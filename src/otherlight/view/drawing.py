"""Boxes and words on a Pillow image, in the colours of the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ImageDraw, ImageFont

INK, SOFT, TINT, PAPER = "#1f2933", "#52606d", "#e4e7eb", "#ffffff"
_DASH, _HOLE = 6, 5
_TAG = 12

Corners = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pen:
    """How one box is drawn."""

    colour: str
    name: str
    dashed: bool


@cache
def font(size: int) -> Any:
    """The sans-serif face that comes with matplotlib; it holds most of Europe's letters."""
    found = find_spec("matplotlib")
    if found is not None and found.origin is not None:
        file = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        if file.exists():
            return ImageFont.truetype(str(file), size)
    return ImageFont.load_default(size)


def fitted(text: str, size: int, width: int) -> str:
    """Cut a text in its middle, so that it fits a width in pixels."""
    text = "".join(letter if letter.isprintable() else " " for letter in text[:4000])
    if font(size).getlength(text) <= width:
        return text
    keep = len(text)
    while keep > 2:
        keep = min(keep - 1, int(keep * 0.95))
        short = f"{text[: keep // 2]}…{text[-(keep - keep // 2) :]}"
        if font(size).getlength(short) <= width:
            return short
    return "…"


def draw_box(draw: ImageDraw.ImageDraw, edges: Sequence[float] | np.ndarray, pen: Pen) -> None:
    """Draw a frame over a thin dark one, so that it is seen on any ground; ignored: dashed."""
    left, top, right, bottom = (round(float(edge)) for edge in edges)
    right, bottom = max(right - 1, left), max(bottom - 1, top)
    if pen.dashed:
        for start, end in _sides(left, top, right, bottom):
            _dashed(draw, start, end, pen.colour)
        return
    draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), outline="#00000080")
    draw.rectangle((left, top, right, bottom), outline=pen.colour, width=2)


def draw_tag(
    draw: ImageDraw.ImageDraw,
    edges: Sequence[float] | np.ndarray,
    pen: Pen,
    taken: list[Corners],
) -> None:
    """Write a box's name on its upper edge, unless another name stands there."""
    left, top = float(edges[0]), float(edges[1])
    name = fitted(pen.name, _TAG, 160)
    width, height = font(_TAG).getlength(name) + 6, _TAG + 4
    canvas = draw.im.size
    left = min(max(left, 0.0), max(0.0, canvas[0] - width))
    top = top - height if top >= height else max(top, 0.0)
    tag = (left, top, left + width, top + height)
    if any(_overlap(tag, other) for other in taken):
        return
    taken.append(tag)
    draw.rectangle(tag, fill=pen.colour)
    draw.text((left + 3, top + 1), name, "#10151b", font(_TAG))


def _overlap(one: Corners, other: Corners) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _sides(left: int, top: int, right: int, bottom: int) -> list[tuple[Any, Any]]:
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    return list(pairwise(corners))


def _dashed(draw: ImageDraw.ImageDraw, start: Any, end: Any, colour: str) -> None:
    length = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    way = np.subtract(end, start) / length
    for at in range(0, length, _DASH + _HOLE):
        first = np.add(start, way * at)
        last = np.add(start, way * min(at + _DASH, length))
        draw.line((*first.tolist(), *last.tolist()), fill=colour, width=2)
