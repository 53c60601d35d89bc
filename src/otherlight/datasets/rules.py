"""From boxes as they came to boxes of a set: scaled, clipped, judged; each omission counted.

All rules work on columns, a whole source at a time. They go in this order, and the first that
drops a box is the one that counts it: class, area, image's border, `drop`, `ignore`, coinciding.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool

from otherlight.config import nearest
from otherlight.datasets.box_columns import BoxColumns
from otherlight.datasets.coinciding import settle_coinciding
from otherlight.datasets.ignoring import ignore
from otherlight.datasets.limits import Sizes, broken
from otherlight.datasets.select_config import Limits, SelectConfig
from otherlight.datasets.tally import Tally
from otherlight.errors import DatasetError

_ROUNDING = 0.5

Mask = Bool[np.ndarray, " boxes"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What is done to every box: new names, unit of the edges, and what it must reach."""

    classes: Mapping[str, str]
    shares: bool = False
    config: SelectConfig


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


def apply_rules(boxes: BoxColumns, sizes: Sizes, rules: Rules, tally: Tally) -> BoxColumns:
    """Judge the boxes of a whole source, read and counted before; what stays has pixels as edges.

    ``label`` still means the source's classes: `named` gives the new ones.

    Raises:
        DatasetError: an edge is not a finite number.
    """
    config = rules.config
    finite = np.isfinite(boxes.edges).all(1)
    if not finite.all():
        row = int(np.flatnonzero(~finite)[0])
        raise DatasetError(
            f"Box edges must be finite numbers; {', '.join(map(str, boxes.edges[row].tolist()))} "
            f"came in {boxes.at(row)}. Mend or remove it."
        )
    boxes = _chosen(boxes, rules.classes, tally)
    if rules.shares:
        size = np.stack([sizes.width, sizes.height, sizes.width, sizes.height], 1)
        boxes = replace(boxes, edges=boxes.edges * size[boxes.image])
    boxes = _inside(boxes, sizes, tally)
    boxes = _drop_broken(boxes, sizes, config.drop, tally)
    boxes = _ignore_broken(boxes, sizes, config, tally)
    return settle_coinciding(boxes, config.coinciding, tally)


def drop(boxes: BoxColumns, which: Mask, rule: str, tally: Tally, *, chosen: bool) -> BoxColumns:
    """Leave boxes out, counted by class: ``chosen`` where the user said so."""
    if not which.any():
        return boxes
    tally.drop_boxes(rule, boxes.first(which), boxes.count(which), chosen=chosen)
    return boxes.without(which)


def _chosen(boxes: BoxColumns, way: Mapping[str, str], tally: Tally) -> BoxColumns:
    out = np.array([name not in way for name in boxes.names], bool)
    for code in np.unique(boxes.label[out[boxes.label]]):
        rule = f"class {boxes.names[code]!r} not chosen"
        boxes = drop(boxes, boxes.label == code, rule, tally, chosen=True)
    return boxes


def _inside(boxes: BoxColumns, sizes: Sizes, tally: Tally) -> BoxColumns:
    """Keep what has an area and lies inside the image; where its size is unknown, all does."""
    left, top, right, bottom = boxes.edges.T
    flat = (left >= right) | (top >= bottom)
    boxes = drop(boxes, flat, "box without area", tally, chosen=False)
    if not np.isfinite(sizes.width).any():
        return boxes
    width = np.nan_to_num(sizes.width, nan=np.inf)[boxes.image]
    height = np.nan_to_num(sizes.height, nan=np.inf)[boxes.image]
    left, top, right, bottom = boxes.edges.T
    known = np.isfinite(width)
    outside = known & ((right <= 0) | (bottom <= 0) | (left >= width) | (top >= height))
    over = np.max([-left, -top, right - width, bottom - height], axis=0, initial=-np.inf)
    over = np.where(outside | ~known, 0, over)
    if (far := over > _ROUNDING).any():
        tally.mend("box clipped at the image's border", boxes.first(far), int(far.sum()))
    slight = (over > 0) & ~far
    rule = "box clipped at the image's border by rounding (half a pixel at most)"
    _note(boxes, slight, rule, tally)
    if (over > 0).any():
        clipped = np.clip(boxes.edges, 0.0, np.stack([width, height, width, height], 1))
        boxes = replace(boxes, edges=np.where((over > 0)[:, None], clipped, boxes.edges))
    return drop(boxes, outside, "box outside the image", tally, chosen=False)


def _note(boxes: BoxColumns, which: Mask, rule: str, tally: Tally) -> None:
    if which.any():
        tally.note(rule, boxes.first(which), int(which.sum()))


def _drop_broken(boxes: BoxColumns, sizes: Sizes, limits: Limits, tally: Tally) -> BoxColumns:
    for name, limit in limits.given().items():
        each = broken(boxes, sizes, name, limit)
        _note(boxes, each.unknown, f"box of unknown {each.quantity}, not dropped for it", tally)
        boxes = drop(boxes, each.boxes, f"box {each.words}", tally, chosen=True)
    return boxes


def _ignore_broken(
    boxes: BoxColumns, sizes: Sizes, config: SelectConfig, tally: Tally
) -> BoxColumns:
    limits = config.ignore
    if config.ignore_below:
        limits = replace(limits, min_share=config.ignore_below)
    for name, limit in limits.given().items():
        each = broken(boxes, sizes, name, limit)
        _note(boxes, each.unknown, f"box of unknown {each.quantity}, not ignored for it", tally)
        boxes = ignore(boxes, each.boxes, each.words, tally)
    return boxes
