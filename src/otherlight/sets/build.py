"""From rows to a set: defaults filled in, order made, contradictions refused."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa

from otherlight.config import nearest
from otherlight.errors import DatasetError
from otherlight.sets.arrow import compute as pc
from otherlight.sets.columns import BOXES, IMAGES, SPLITS
from otherlight.sets.image_set import ImageSet
from otherlight.sets.relevance import ordered_relevance, relevance_table

Row = Mapping[str, Any]

_NAMES = {"An image": frozenset(IMAGES.names), "A box": frozenset(BOXES.names)}
_DEFAULTS: Mapping[str, Any] = {"labelled": True, "attributes": {}}
_PLAIN = re.compile(r"[^/\\][^\\]*[^/\\.]\.[A-Za-z0-9]+")
"""Keys that need no closer look."""


def build_set(
    name: str,
    classes: Sequence[str],
    images: Sequence[Row],
    boxes: Sequence[Row],
    *,
    root: Path,
    relevance: Iterable[tuple[str, str, str]] = (),
    **about: Any,
) -> ImageSet:
    """Build a set from rows; keys that are left out become null or the schema's plain default.

    Defaults: labelled true, ignore false, no attributes, file the key, group the sequence or else
    the image. ``relevance`` is (query, image, grade); ``about`` holds licence, parents, made_by
    and counts.

    Raises:
        DatasetError: a key occurs twice, a box has no image, no known class or no area, relevance
            names no image, no grade, or one pair twice.
    """
    about |= {"root": root, "relevance": relevance_table(relevance)}
    return from_tables(name, classes, image_table(images), box_table(boxes), **about)


def image_table(rows: Sequence[Row]) -> pa.Table:
    """Turn rows into the columns of images, defaults filled in."""
    for row in rows:
        _check_columns(row, IMAGES, "An image")
    # One at a time: lists of all columns would take as much memory as the table itself.
    return pa.table([_image_column(rows, field) for field in IMAGES], schema=IMAGES)


def with_columns(images: pa.Table, **values: Any) -> pa.Table:
    """Put other values into columns of images, by name."""
    for name, column in values.items():
        field = IMAGES.field(name)
        place = images.column_names.index(name)
        images = images.set_column(place, field, pa.array(column, field.type))
    return images


def _image_column(rows: Sequence[Row], field: pa.Field) -> pa.Array:
    if field.name == "image":
        values = [row["image"] for row in rows]
    elif field.name == "file":
        values = [row["image"] if (file := row.get("file")) is None else file for row in rows]
    elif field.name == "group":
        values = [_group(row) for row in rows]
    else:
        values = [row.get(field.name) for row in rows]
        if (default := _DEFAULTS.get(field.name)) is not None:
            values = [default if value is None else value for value in values]
    return (
        _alike(values, field.type) if field.name == "attributes" else pa.array(values, field.type)
    )


def _group(row: Row) -> Any:
    group = row.get("group")
    return group if group is not None else row.get("sequence") or row["image"]


def _alike(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Make a column of values of which many are one object: each is turned only once."""
    codes: dict[int, int] = {}
    numbers = [codes.setdefault(id(value), len(codes)) for value in values]
    firsts = {id(value): value for value in values}
    return pa.array(list(firsts.values()), kind).take(pa.array(numbers, pa.int32()))


def box_table(rows: Sequence[Row]) -> pa.Table:
    """Turn rows into the columns of boxes, defaults filled in."""
    return pa.Table.from_pylist([_box_row(row) for row in rows], BOXES)


def from_tables(
    name: str,
    classes: Sequence[str],
    images: pa.Table,
    boxes: pa.Table,
    *,
    root: Path,
    relevance: pa.Table | None = None,
    **about: Any,
) -> ImageSet:
    """Build a set from whole tables, ordering and checking them; for many rows."""
    _check_keys(images["image"].to_pylist())
    _check_splits(images)
    images = _in_order(images, ("image",))
    boxes = _in_order(boxes, ("image", "box"))
    check_boxes(name, classes, images, boxes)
    if relevance is not None:
        about["relevance"] = ordered_relevance(name, images, relevance)
    return ImageSet(
        name=name, classes=tuple(classes), images=images, boxes=boxes, root=root, **about
    )


def check_boxes(name: str, classes: Sequence[str], images: pa.Table, boxes: pa.Table) -> None:
    """Refuse boxes that no evaluator could judge, naming the first."""
    if not boxes.num_rows:
        return
    _refuse(boxes, pc.invert(pc.is_in(boxes["image"], images["image"].combine_chunks())),
            f"Every box of {name} must belong to one of its images")  # fmt: skip
    unknown = pc.invert(pc.is_in(boxes["label"], pa.array(classes, pa.string())))
    _refuse(boxes, unknown, f"Every label of {name} must be one of {', '.join(classes)}")
    left, top, right, bottom = (boxes[e].to_numpy() for e in ("left", "top", "right", "bottom"))
    finite = np.isfinite(left) & np.isfinite(top) & np.isfinite(right) & np.isfinite(bottom)
    _refuse(boxes, ~finite, "Box edges must be finite numbers")
    flat = (left >= right) | (top >= bottom)
    _refuse(boxes, flat, "A box needs left < right and top < bottom")


def _in_order(table: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Sort a table, unless it is: that costs far less to see than to do."""
    before, after = table.slice(0, max(len(table) - 1, 0)), table.slice(1)
    follows = pa.array(np.zeros(len(after), bool))
    for key in reversed(keys):
        alike = pc.and_(pc.equal(before[key], after[key]), follows)
        follows = pc.or_(pc.less(before[key], after[key]), alike)
    if pc.all(follows).as_py() is not False:
        return table
    return table.sort_by([(key, "ascending") for key in keys])


def _check_columns(row: Row, schema: pa.Schema, what: str) -> None:
    if unknown := row.keys() - _NAMES[what]:
        wrong = sorted(unknown)[0]
        raise DatasetError(f"{what} has no column {wrong!r}. {nearest(wrong, schema.names)}")


def _box_row(row: Row) -> dict[str, Any]:
    _check_columns(row, BOXES, "A box")
    return {"ignore": False, "attributes": {}, **{k: v for k, v in row.items() if v is not None}}


def _check_keys(keys: Sequence[str]) -> None:
    for key, times in Counter(keys).items():
        if times == 1 and _PLAIN.fullmatch(key) and ".." not in key:
            continue
        path = PurePosixPath(key)
        if times > 1:
            raise DatasetError(f"Image keys must be unique; {key!r} occurs {times} times.")
        if path.is_absolute() or ".." in path.parts or "\\" in key or not path.suffix:
            raise DatasetError(
                f"An image key must be a relative POSIX path with an extension; {key!r} came."
            )


def _check_splits(images: pa.Table) -> None:
    for split in pc.unique(images["split"]).to_pylist():
        if split is not None and split not in SPLITS:
            raise DatasetError(f"A split is one of {', '.join(SPLITS)}; {split!r} came.")


def _refuse(boxes: pa.Table, wrong: Any, rule: str) -> None:
    rows = np.flatnonzero(np.asarray(wrong))
    if len(rows):
        box = boxes.slice(int(rows[0]), 1).to_pylist()[0]
        edges = ", ".join(f"{box[e]:g}" for e in ("left", "top", "right", "bottom"))
        raise DatasetError(
            f"{rule}; box {box['box']} of {box['image']!r} is {box['label']!r} at ({edges}), "
            f"one of {len(rows)}. Mend the labels or drop the box."
        )
