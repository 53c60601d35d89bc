"""Which images answer which query, and how well: ``relevance.parquet``."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from otherlight.errors import DatasetError
from otherlight.sets.arrow import compute as pc
from otherlight.sets.columns import RELEVANCE

GRADES = ("positive", "easy", "hard", "junk")
"""positive: a match; easy and hard: matches by degree; junk: neither a match nor a miss."""


def relevance_table(rows: Iterable[tuple[str, str, str]]) -> pa.Table:
    """Turn (query, image, grade) into the table."""
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return pa.table([pa.array(column, pa.string()) for column in columns], schema=RELEVANCE)


def kept_relevance(relevance: pa.Table, images: pa.Table) -> pa.Table:
    """Keep the rows of which both images are there."""
    if not relevance.num_rows:
        return relevance
    known = images["image"].combine_chunks()
    both = pc.and_(pc.is_in(relevance["query"], known), pc.is_in(relevance["image"], known))
    return relevance.filter(both)


def ordered_relevance(name: str, images: pa.Table, relevance: pa.Table) -> pa.Table:
    """Order the rows by query and image, and refuse what no evaluator could judge.

    Raises:
        DatasetError: an image is unknown, a grade is, or a pair occurs twice.
    """
    if not relevance.num_rows:
        return RELEVANCE.empty_table()
    relevance = relevance.sort_by([("query", "ascending"), ("image", "ascending")])
    for column, known in (
        ("query", images["image"].combine_chunks()),
        ("image", images["image"].combine_chunks()),
        ("grade", pa.array(GRADES, pa.string())),
    ):
        unknown = pc.invert(pc.is_in(relevance[column], known))
        _refuse(relevance, unknown, f"Every {column} of {name}'s relevance must be known")
    before, after = relevance.slice(0, len(relevance) - 1), relevance.slice(1)
    same = pc.and_(*(pc.equal(before[c], after[c]) for c in ("query", "image")))
    _refuse(relevance, same, f"A query of {name} judges an image once")
    return relevance.cast(RELEVANCE)


def count_relevance(relevance: pa.Table) -> dict[str, int]:
    """Count queries, and rows by grade; nothing where there is no relevance."""
    if not relevance.num_rows:
        return {}
    grades = {
        each["values"]: each["counts"] for each in pc.value_counts(relevance["grade"]).to_pylist()
    }
    counts = {grade: grades[grade] for grade in GRADES if grade in grades}
    return {"queries": len(pc.unique(relevance["query"])), **counts}


def _refuse(relevance: pa.Table, wrong: Any, rule: str) -> None:
    rows = np.flatnonzero(np.asarray(wrong))
    if len(rows):
        row = relevance.slice(int(rows[0]), 1).to_pylist()[0]
        raise DatasetError(
            f"{rule}; query {row['query']!r}, image {row['image']!r}, grade {row['grade']!r} "
            f"came, one of {len(rows)}. Mend the ground truth."
        )
