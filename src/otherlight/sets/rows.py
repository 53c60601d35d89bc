"""What a filter sees: the rows of images and of boxes, with their counts and sizes, as SQL.

Images have their columns; the counts n_boxes, n_occluded and n_<class> and the distance nearest_m
of the nearest object, which leave ignored boxes out; and n_boxes_third and n_occluded_third, the
third of the labelled images that a count lies in. Boxes have their columns, box_width, box_height
and area in pixels, and of their image image_width, image_height, split, sequence, timeofday,
weather and scene.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

_OF_IMAGE = ("split", "sequence", "timeofday", "weather", "scene")
_COUNTS = ("n_boxes", "n_occluded")
_COMPUTED = (*_COUNTS, "nearest_m", *(f"{name}_third" for name in _COUNTS))
_OF_BOX = ("box_width", "box_height", "area", "image_width", "image_height")


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A query over named tables, the columns that it gives beside ``row``, and how many rows."""

    query: str
    tables: Mapping[str, pa.Table]
    names: tuple[str, ...]
    count: int


def image_rows(images: pa.Table, boxes: pa.Table, classes: Sequence[str]) -> Rows:
    """Lay out the rows of the images, each with the counts of its boxes."""
    counts = count_columns(classes)
    counted = [
        "count(*) AS n_boxes",
        "count(*) FILTER (occlusion_level >= 1) AS n_occluded",
        "min(depth_m) AS nearest_m",
        *(
            f"count(*) FILTER (label = {quoted(name)}) AS {column}"
            for name, column in zip(classes, counts, strict=True)
        ),
    ]
    # Counted first, joined after: a join of every box with its image's columns costs seconds.
    query = f"""
        SELECT *, {", ".join(_third(n) for n in _COUNTS)} FROM (
        SELECT i.*, b.nearest_m,
            {", ".join(f"coalesce(b.{n}, 0) AS {n}" for n in (*_COUNTS, *counts))}
        FROM images i LEFT JOIN (
            SELECT image AS counted_image, {", ".join(counted)}
            FROM boxes WHERE NOT "ignore" GROUP BY image
        ) b ON b.counted_image = i.image)"""
    return Rows(
        query=query,
        tables={"images": _numbered(images), "boxes": boxes},
        names=(*images.column_names, *_COMPUTED, *counts),
        count=len(images),
    )


def _third(count: str) -> str:
    """Number the third of the labelled images, 1 to 3, in which the middle of a count's lies."""
    alike = f"count(*) OVER (PARTITION BY labelled, {count})"
    upto = f"cume_dist() OVER (PARTITION BY labelled ORDER BY {count})"
    every = "count(*) OVER (PARTITION BY labelled)"
    return (
        f"CASE WHEN labelled THEN 1 + floor(3 * ({upto} - {alike} / 2 / {every}))::INT END "
        f"AS {count}_third"
    )


def box_rows(images: pa.Table, boxes: pa.Table) -> Rows:
    """Lay out the rows of the boxes, each with its size and with words of its image."""
    query = f"""
        SELECT b.*, b."right" - b."left" AS box_width, b.bottom - b.top AS box_height,
            (b."right" - b."left") * (b.bottom - b.top) AS area,
            i.width AS image_width, i.height AS image_height,
            {", ".join(f"i.{name}" for name in _OF_IMAGE)}
        FROM boxes b JOIN images i ON b.image = i.image"""
    return Rows(
        query=query,
        tables={"images": images, "boxes": _numbered(boxes)},
        names=(*boxes.column_names, *_OF_BOX, *_OF_IMAGE),
        count=len(boxes),
    )


def count_columns(classes: Sequence[str]) -> list[str]:
    """Name the count column of each class; SQL knows no large letters, so a second gets a number.

    >>> count_columns(["car", "traffic light", "Car", "boxes"])
    ['n_car', 'n_traffic_light', 'n_Car_2', 'n_boxes_2']
    """
    taken = {*_COMPUTED}
    names: list[str] = []
    for each in classes:
        name = plain = "n_" + re.sub(r"\W", "_", each)
        times = 1
        while name.casefold() in taken:
            times += 1
            name = f"{plain}_{times}"
        taken.add(name.casefold())
        names.append(name)
    return names


def quoted(text: str) -> str:
    """Write a text as SQL does."""
    return "'" + text.replace("'", "''") + "'"


def _numbered(table: pa.Table) -> pa.Table:
    return table.append_column("row", pa.array(np.arange(len(table)), pa.int64()))
