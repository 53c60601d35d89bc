"""Filters in SQL: DuckDB, closed against everything but one SELECT expression.

`--where` sees the image columns and the counts n_boxes, n_occluded and n_<class>, which leave
ignored boxes out. `--where-boxes` sees the box columns, box_width, box_height and area in pixels,
and of the image image_width, image_height, split, sequence, timeofday, weather and scene.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from jaxtyping import Bool

from otherlight.config import nearest
from otherlight.errors import QueryError

Chosen = Bool[np.ndarray, " rows"]

_OF_IMAGE = ("split", "sequence", "timeofday", "weather", "scene")


def choose_images(images: pa.Table, boxes: pa.Table, classes: Sequence[str], where: str) -> Chosen:
    """Say which rows of the images an expression chooses; null counts as no.

    Raises:
        QueryError: it is not one expression, or names a column that is not there.
    """
    counts = ", ".join(
        f"count(*) FILTER (NOT b.ignore AND b.label = {_quoted(name)}) AS {column}"
        for name, column in zip(classes, count_columns(classes), strict=True)
    )
    query = f"""
        SELECT i.row, i.* EXCLUDE (row),
            count(b.image) FILTER (NOT b.ignore) AS n_boxes,
            count(*) FILTER (NOT b.ignore AND b.occlusion_level >= 1) AS n_occluded
            {"," if counts else ""} {counts}
        FROM images i LEFT JOIN boxes b ON b.image = i.image GROUP BY ALL"""
    names = [*images.column_names, "n_boxes", "n_occluded", *count_columns(classes)]
    return _choose(query, where, {"images": _numbered(images), "boxes": boxes}, names, len(images))


def choose_boxes(images: pa.Table, boxes: pa.Table, where: str) -> Chosen:
    """Say which rows of the boxes an expression chooses; null counts as no."""
    size = ("box_width", "box_height", "area", "image_width", "image_height")
    query = f"""
        SELECT b.*, b."right" - b."left" AS box_width, b.bottom - b.top AS box_height,
            (b."right" - b."left") * (b.bottom - b.top) AS area,
            i.width AS image_width, i.height AS image_height,
            {", ".join(f"i.{name}" for name in _OF_IMAGE)}
        FROM boxes b JOIN images i ON b.image = i.image"""
    names = [*boxes.column_names, *size, *_OF_IMAGE]
    return _choose(query, where, {"images": images, "boxes": _numbered(boxes)}, names, len(boxes))


def count_columns(classes: Sequence[str]) -> list[str]:
    """Name the count column of each class.

    >>> count_columns(["car", "traffic light"])
    ['n_car', 'n_traffic_light']
    """
    return ["n_" + re.sub(r"\W", "_", name) for name in classes]


def _choose(
    rows: str, where: str, tables: dict[str, pa.Table], names: Sequence[str], count: int
) -> Chosen:
    with duckdb.connect(":memory:") as connection:
        for name, table in tables.items():
            connection.register(name, table)
        connection.execute("SET enable_external_access=false; SET lock_configuration=true")
        _check_expression(connection, where)
        try:
            # The line break keeps a trailing comment from swallowing the bracket.
            found = connection.execute(f"SELECT row FROM ({rows}) WHERE ({where}\n)").fetchnumpy()
        except duckdb.BinderException as error:
            missing = re.search(r'Referenced column "([^"]+)"', str(error))
            if not missing:
                raise QueryError(
                    f"The filter {where!r} must fit the columns: {_first(error)}"
                ) from error
            raise QueryError(
                f"The filter {where!r} must name columns there are; there is no {missing[1]!r}. "
                f"{nearest(missing[1], names)}"
            ) from error
        except duckdb.Error as error:
            raise QueryError(
                f"The filter {where!r} cannot be evaluated: {_first(error)}"
            ) from error
    chosen = np.zeros(count, bool)
    chosen[np.asarray(found["row"], np.int64)] = True
    return chosen


def _check_expression(connection: duckdb.DuckDBPyConnection, where: str) -> None:
    """Let one expression pass and nothing else: no second statement, no other clause."""
    parsed = connection.execute(
        "SELECT json_serialize_sql($1::VARCHAR)", [f"SELECT ({where}\n)"]
    ).fetchone()
    tree: Any = json.loads(parsed[0]) if parsed else {"error": True}
    nodes = [] if tree.get("error") else [s["node"] for s in tree["statements"]]
    simple = bool(where.strip()) and len(nodes) == 1 and nodes[0]["type"] == "SELECT_NODE"
    if simple:
        node = nodes[0]
        simple = len(node["select_list"]) == 1 and node["from_table"]["type"] == "EMPTY"
    if not simple:
        raise QueryError(
            f"A filter must be one SQL expression such as \"timeofday = 'night' AND n_car > 0\"; "
            f"{where!r} is not: {tree.get('error_message', 'it holds more than one expression')}."
        )


def _numbered(table: pa.Table) -> pa.Table:
    return table.append_column("row", pa.array(np.arange(len(table)), pa.int64()))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _first(error: Exception) -> str:
    return str(error).splitlines()[0]
