"""From boxes as they came to rows: scaled, mapped, clipped; each omission counted by name."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from otherlight.config import nearest
from otherlight.datasets.samples import RawBox, Sample, Tally
from otherlight.errors import DatasetError

_ROUNDING = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What is done to every box: new names, unit of the edges, lowest height that counts."""

    classes: Mapping[str, str]
    shares: bool = False
    ignore_below: float = 0.0


def map_classes(
    known: tuple[str, ...], chosen: Mapping[str, tuple[str, ...]] | None, tally: Tally
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Say which classes a set has, and which of the source's classes becomes which.

    Raises:
        DatasetError: a class goes two ways, or nothing of the source is chosen.
    """
    if chosen is None:
        return known, {name: name for name in known}
    way: dict[str, str] = {}
    for new, olds in chosen.items():
        for old in olds:
            if way.setdefault(old, new) != new:
                raise DatasetError(
                    f"A class is merged into one other; {old!r} is named under both {way[old]!r} "
                    f"and {new!r}. Leave one out."
                )
    absent = [old for old in way if old not in known]
    if len(absent) == len(way):
        raise DatasetError(
            f"At least one class of the source must be chosen; none of {', '.join(absent)} is "
            f"there. {nearest(absent[0] if absent else '', known)}"
        )
    for old in absent:
        tally.note(f"class {old!r} asked for, not in the source", "classes")
    return tuple(chosen), way


def keep_boxes(
    sample: Sample, size: tuple[int, int] | None, rules: Rules, tally: Tally
) -> list[dict[str, Any]]:
    """Turn one image's boxes into rows; ``size`` is width and height, None if unknown.

    Raises:
        DatasetError: an edge is not a finite number.
    """
    rows: list[dict[str, Any]] = []
    tally.boxes += len(sample.boxes)
    for box in sample.boxes:
        label = rules.classes.get(box.label)
        edges = _edges(box, sample, size if rules.shares else None)
        if label is None:
            tally.choose(f"class {box.label!r} not chosen", _at(sample, box))
        elif kept := _clip(edges, size, tally, _at(sample, box)):
            row: dict[str, Any] = {
                "image": sample.image,
                "box": len(rows),
                "label": label,
                **box.columns,
            }
            row |= zip(("left", "top", "right", "bottom"), kept, strict=True)
            if label != box.label:
                row["attributes"] = {**row.get("attributes", {}), "category": box.label}
            if size and kept[3] - kept[1] < rules.ignore_below * size[1]:
                _ignore(row, f"below {100 * rules.ignore_below:g} %", tally, _at(sample, box))
            rows.append(row)
    return rows


def _ignore(row: dict[str, Any], reason: str, tally: Tally, at: str) -> None:
    if not row.get("ignore"):
        row |= {"ignore": True, "ignore_reason": reason}
        tally.note(f"box {reason} of the image's height, ignored", at)


def _edges(box: RawBox, sample: Sample, size: tuple[int, int] | None) -> tuple[float, ...]:
    if not all(map(math.isfinite, box.edges)):
        raise DatasetError(
            f"Box edges must be finite numbers; {', '.join(map(str, box.edges))} came in "
            f"{_at(sample, box)}. Mend or remove it."
        )
    width, height = size or (1, 1)
    left, top, right, bottom = box.edges
    return left * width, top * height, right * width, bottom * height


def _clip(
    edges: tuple[float, ...], size: tuple[int, int] | None, tally: Tally, at: str
) -> tuple[float, ...] | None:
    """Keep what lies inside the image; None if nothing does."""
    left, top, right, bottom = edges
    if left >= right or top >= bottom:
        tally.drop("box without area", at)
        return None
    if size is None:
        return edges
    width, height = size
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        tally.drop("box outside the image", at)
        return None
    over = max(-left, -top, right - width, bottom - height)
    if over > _ROUNDING:
        tally.mend("box clipped at the image's border", at)
    elif over > 0:
        tally.note("box clipped at the image's border by rounding (half a pixel at most)", at)
    return max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height))


def _at(sample: Sample, box: RawBox) -> str:
    return f"{sample.at}, {box.at}"
