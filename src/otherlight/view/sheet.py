"""A contact sheet: images spread over a set, with their boxes, on one page of paper."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from otherlight.errors import ImageError
from otherlight.images.files import read_pixels
from otherlight.records.files import write_bytes
from otherlight.records.seeds import seed_of
from otherlight.sets import Boxes, ImageSet
from otherlight.view.colours import colours_of
from otherlight.view.drawing import (
    INK,
    PAPER,
    SOFT,
    TINT,
    Pen,
    draw_box,
    draw_tag,
    fitted,
    font,
)

WIDTH = 1600
_COLUMNS, _MARGIN, _GAP = 3, 28, 16
_IMAGES = 12
_TALLEST = 0.75
_CAPTION = 24
_MOST_BOXES = 500


@dataclass(frozen=True, kw_only=True)
class _Section:
    """One set's part of the sheet: which rows, and how large a tile is."""

    images: ImageSet
    boxes: Boxes
    rows: Sequence[int]
    tile: tuple[int, int]
    legend: Sequence[Sequence[tuple[str, str]]]

    @property
    def height(self) -> int:
        lines = -(-len(self.rows) // _COLUMNS)
        return 46 + 26 * len(self.legend) + lines * (self.tile[1] + _CAPTION + _GAP) + _GAP


def write_sheet(sets: Sequence[ImageSet], to: Path, *, seed: int = 0) -> None:
    """Write a PNG of 1600 pixels' width: twelve images, of several sets fewer of each.

    A file that cannot be read becomes a grey tile that says so.

    Raises:
        ImageError: the file's name does not end in ``.png``.
    """
    if to.suffix.lower() != ".png":
        raise ImageError(f"A sheet is written as PNG; {to.name!r} came. Name it FILE.png.")
    buffer = io.BytesIO()
    contact_sheet(sets, seed=seed).save(buffer, "PNG")
    write_bytes(to, buffer.getvalue())


def contact_sheet(sets: Sequence[ImageSet], *, seed: int = 0) -> Image.Image:
    """Draw images of each set: one from each stretch of it, chosen by a hash of key and seed."""
    each = max(_COLUMNS, _IMAGES // len(sets) // _COLUMNS * _COLUMNS)
    sections = [_section(images, each, seed) for images in sets]
    height = sum(section.height for section in sections) + _MARGIN
    paper = Image.new("RGB", (WIDTH, height), PAPER)
    top = _MARGIN // 2
    for section in sections:
        _draw_section(paper, section, top)
        top += section.height
    return paper


def chosen_rows(keys: Sequence[str], count: int, seed: int) -> list[int]:
    """Choose one row from each of ``count`` equal stretches, by a hash of its key.

    >>> chosen_rows(["a", "b"], 5, 0)
    [0, 1]
    """
    count = min(count, len(keys))
    stretches = [range(n * len(keys) // count, (n + 1) * len(keys) // count) for n in range(count)]
    return [min(rows, key=lambda row: seed_of(seed, "sheet", keys[row])) for rows in stretches]


def _section(images: ImageSet, count: int, seed: int) -> _Section:
    rows = chosen_rows(images.names(), count, seed)
    boxes = images.boxes_of()
    width = (WIDTH - 2 * _MARGIN - (_COLUMNS - 1) * _GAP) // _COLUMNS
    sizes = zip(images.column("width"), images.column("height"), strict=True)
    shapes = [tall / wide for wide, tall in sizes if wide and tall]
    shape = float(np.median(shapes)) if shapes else 9 / 16
    tile = (width, max(60, round(width * min(shape, _TALLEST))))
    return _Section(
        images=images, boxes=boxes, rows=rows, tile=tile, legend=_legend(images, boxes, rows)
    )


def _legend(images: ImageSet, boxes: Boxes, rows: Sequence[int]) -> list[list[tuple[str, str]]]:
    """Lay the classes seen on the sheet out in lines."""
    seen = {
        int(label)
        for row in rows
        for label in boxes.label[boxes.offsets[row] : boxes.offsets[row + 1]]
    }
    lines: list[list[tuple[str, str]]] = []
    room = 0.0
    for place, colour in enumerate(colours_of(images.classes)):
        if place in seen:
            width = font(15).getlength(images.classes[place]) + 44
            if room < width:
                lines.append([])
                room = WIDTH - 2 * _MARGIN
            lines[-1].append((images.classes[place], colour))
            room -= width
    return lines


def _draw_section(paper: Image.Image, section: _Section, top: int) -> None:
    draw = ImageDraw.Draw(paper)
    images = section.images
    title = fitted(images.name, 22, WIDTH - 640)
    draw.text((_MARGIN, top + 8), title, INK, font(22))
    draw.text(
        (_MARGIN + font(22).getlength(title) + 14, top + 14),
        f"{len(section.rows)} of {len(images):,} images · {images.boxes.num_rows:,} boxes in all"
        " · dashed: ignored",
        SOFT,
        font(15),
    )
    top += 46
    for line in section.legend:
        left = float(_MARGIN)
        for name, colour in line:
            draw.rounded_rectangle((left, top + 3, left + 16, top + 15), 3, colour)
            draw.text((left + 22, top), name, INK, font(15))
            left += font(15).getlength(name) + 44
        top += 26
    width, height = section.tile
    for place, row in enumerate(section.rows):
        line, column = divmod(place, _COLUMNS)
        corner = (
            _MARGIN + column * (width + _GAP),
            top + line * (height + _CAPTION + _GAP),
        )
        paper.paste(_tile(section, row), corner)
        caption = fitted(_caption(section, row), 14, width)
        draw.text((corner[0], corner[1] + height + 4), caption, SOFT, font(14))


def _caption(section: _Section, row: int) -> str:
    about = section.images.images.slice(row, 1).to_pylist()[0]
    count = int(section.boxes.offsets[row + 1] - section.boxes.offsets[row])
    boxes = f"{count} box{'' if count == 1 else 'es'}" if about["labelled"] else "no labels"
    words = [str(about[name]) for name in ("timeofday", "weather") if about[name]]
    return " · ".join((about["image"], *words, boxes))


def _tile(section: _Section, row: int) -> Image.Image:
    """One image with its boxes, as large as its tile, on tinted paper where it is narrower."""
    tile = Image.new("RGB", section.tile, TINT)
    file = section.images.files()[row]
    try:
        pixels = Image.fromarray(read_pixels(file))
    except ImageError:
        ImageDraw.Draw(tile).text((14, 12), "This file cannot be read.", INK, font(15))
        return tile
    scale = min(tile.width / pixels.width, tile.height / pixels.height)
    size = (max(1, round(pixels.width * scale)), max(1, round(pixels.height * scale)))
    corner = ((tile.width - size[0]) // 2, (tile.height - size[1]) // 2)
    tile.paste(pixels.resize(size, Image.Resampling.LANCZOS), corner)
    _draw_boxes(tile, section, row, (scale, *corner))
    return tile


def _draw_boxes(
    tile: Image.Image, section: _Section, row: int, place: tuple[float, int, int]
) -> None:
    """Draw the large boxes first; a name is left out where another name stands already."""
    scale, left, top = place
    boxes, colours = section.boxes, colours_of(section.images.classes)
    rows = np.arange(boxes.offsets[row], boxes.offsets[row + 1])
    edges = boxes.edges[rows] * scale + np.array([left, top, left, top])
    area = (edges[:, 2] - edges[:, 0]) * (edges[:, 3] - edges[:, 1])
    order = np.argsort(-area)[:_MOST_BOXES]
    draw = ImageDraw.Draw(tile)
    pens: list[tuple[Any, Pen]] = []
    for index in order.tolist():
        box = int(rows[index])
        name = section.images.classes[int(boxes.label[box])]
        pen = Pen(colour=colours[int(boxes.label[box])], name=name, dashed=bool(boxes.ignore[box]))
        draw_box(draw, edges[index], pen)
        pens.append((edges[index], pen))
    taken: list[tuple[float, float, float, float]] = []
    for at, pen in pens:
        if not pen.dashed:
            draw_tag(draw, at, pen, taken)
