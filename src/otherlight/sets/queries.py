"""Filters in SQL: DuckDB, closed against everything but one SELECT expression.

`otherlight.sets.rows` says what an expression sees.
"""

import json
import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock, Timer
from types import TracebackType
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float

from otherlight.config import nearest
from otherlight.errors import QueryError
from otherlight.sets.rows import Rows, box_rows, count_columns, image_rows

__all__ = [
    "Chosen",
    "Questions",
    "box_values",
    "choose_boxes",
    "choose_images",
    "count_columns",
    "image_values",
]

Chosen = Bool[np.ndarray, " rows"]
Values = Float[np.ndarray, " rows"]

_MEMORY = "4GB"
_LONGEST, _DEEPEST = 100_000, 100
"""Letters and open brackets of an expression; DuckDB's parser takes minutes and gigabytes over
thousands of open brackets."""


def choose_images(images: pa.Table, boxes: pa.Table, classes: Sequence[str], where: str) -> Chosen:
    """Say which rows of the images an expression chooses; null counts as no.

    Raises:
        QueryError: it is not one expression, or names a column that is not there.
    """
    with Questions(image_rows(images, boxes, classes)) as asked:
        return asked.choose(where)


def choose_boxes(images: pa.Table, boxes: pa.Table, where: str) -> Chosen:
    """Say which rows of the boxes an expression chooses; null counts as no."""
    with Questions(box_rows(images, boxes)) as asked:
        return asked.choose(where)


def image_values(
    images: pa.Table, boxes: pa.Table, classes: Sequence[str], expression: str
) -> Values:
    """Evaluate an expression for each row of the images, as a number; null is nan."""
    with Questions(image_rows(images, boxes, classes)) as asked:
        return asked.numbers(expression)


def box_values(images: pa.Table, boxes: pa.Table, expression: str) -> Values:
    """Evaluate an expression for each row of the boxes, as a number; null is nan."""
    with Questions(box_rows(images, boxes)) as asked:
        return asked.numbers(expression)


class Questions:
    """Rows that expressions are asked about; safe to share between threads, one asks at a time.

    ``kept`` works the rows out once, for many questions. ``seconds`` ends a question that takes
    longer with a QueryError.
    """

    def __init__(self, rows: Rows, *, kept: bool = False, seconds: float | None = None) -> None:
        self.names, self.count = rows.names, rows.count
        self._seconds, self._lock = seconds, Lock()
        self._connection = duckdb.connect(":memory:")
        for name, table in rows.tables.items():
            self._connection.register(name, table)
        # Nothing is spilled to disk either: a question leaves no file behind.
        self._connection.execute(f"SET temp_directory=''; SET memory_limit='{_MEMORY}'")
        self._connection.execute("SET python_enable_replacements=false")
        self._connection.execute("SET enable_progress_bar=false")
        self._connection.execute("SET enable_external_access=false; SET lock_configuration=true")
        self._rows = f"({rows.query})"
        if kept:
            self._connection.execute(f"CREATE TEMP TABLE kept_rows AS {rows.query}")
            self._rows = "kept_rows"

    def __enter__(self) -> "Questions":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._connection.close()

    def choose(self, where: str) -> Chosen:
        """Say which rows an expression chooses; null counts as no."""
        # The line break keeps a trailing comment from swallowing the bracket.
        found = self._ask("filter", where, f"SELECT row FROM {self._rows} WHERE ({where}\n)")
        chosen = np.zeros(self.count, bool)
        chosen[np.asarray(found["row"], np.int64)] = True
        return chosen

    def numbers(self, value: str) -> Values:
        """Give what an expression says of each row, as a number; null is nan."""
        number = f"CAST(({value}\n) AS DOUBLE)"
        found = self._ask("value", value, f"SELECT row, {number} AS value FROM {self._rows}")
        values = np.full(self.count, np.nan)
        values[np.asarray(found["row"], np.int64)] = np.ma.filled(found["value"], np.nan)
        return values

    def tally(self, value: str) -> tuple[Any, Any]:
        """Give the different values that an expression takes, nulls masked, and how often each."""
        found = self._ask(
            "value",
            value,
            f"SELECT value, count(*) AS times FROM (SELECT ({value}\n) AS value FROM {self._rows})"
            " GROUP BY value",
        )
        return found["value"], found["times"]

    def _ask(self, kind: str, expression: str, query: str) -> Any:
        _check_extent(kind, expression)
        what = f"The {kind} {expression!r}"
        with self._lock, self._in_time():
            try:
                _check_expression(self._connection, kind, expression)
                return self._connection.execute(query).fetchnumpy()
            except duckdb.BinderException as error:
                missing = re.search(r'Referenced column "([^"]+)"', str(error))
                if not missing:
                    raise QueryError(f"{what} must fit the columns: {_first(error)}") from error
                raise QueryError(
                    f"{what} must name columns there are; there is no {missing[1]!r}. "
                    f"{nearest(missing[1], self.names)}"
                ) from error
            except duckdb.InterruptException as error:
                raise QueryError(
                    f"{what} must be answered within {self._seconds:g} seconds; it was not. "
                    f"Ask for less."
                ) from error
            except duckdb.Error as error:
                raise QueryError(f"{what} cannot be evaluated: {_first(error)}") from error

    @contextmanager
    def _in_time(self) -> Generator[None]:
        if self._seconds is None:
            yield
            return
        timer = Timer(self._seconds, self._connection.interrupt)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


_EXAMPLES: Mapping[str, str] = {
    "filter": "\"timeofday = 'night' AND n_car > 0\"",
    "value": '"n_occluded" or "box_height / image_height"',
}


def _check_extent(kind: str, expression: str) -> None:
    depth = deepest = 0
    for letter in expression:
        depth += (letter in "([{") - (letter in ")]}")
        deepest = max(deepest, depth)
    if len(expression) > _LONGEST or deepest > _DEEPEST:
        raise QueryError(
            f"A {kind} may have {_LONGEST:,} letters and {_DEEPEST} brackets within each other; "
            f"{len(expression):,} and {deepest:,} came, beginning {expression[:40]!r}. Say it "
            f"with fewer."
        )


def _check_expression(connection: duckdb.DuckDBPyConnection, kind: str, expression: str) -> None:
    """Let one expression pass and nothing else: no second statement, no other clause."""
    parsed = connection.execute(
        "SELECT json_serialize_sql($1::VARCHAR)", [f"SELECT ({expression}\n)"]
    ).fetchone()
    tree: Any = json.loads(parsed[0]) if parsed else {"error": True}
    nodes = [] if tree.get("error") else [s["node"] for s in tree["statements"]]
    simple = bool(expression.strip()) and len(nodes) == 1 and nodes[0]["type"] == "SELECT_NODE"
    if simple:
        node = nodes[0]
        simple = len(node["select_list"]) == 1 and node["from_table"]["type"] == "EMPTY"
    if not simple:
        raise QueryError(
            f"A {kind} must be one SQL expression such as {_EXAMPLES[kind]}; "
            f"{expression!r} is not: "
            f"{tree.get('error_message', 'it holds more than one expression')}."
        )


def _first(error: Exception) -> str:
    return str(error).splitlines()[0]
