"""Relevance: which images answer which query; kept on disk, in the hash, and by filters."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from otherlight.errors import DatasetError
from otherlight.sets import ImageSet, build_set, read_set, write_set
from otherlight.sets.describe import describe_set

ROWS = [
    ("q.jpg", "c.jpg", "junk"),
    ("q.jpg", "a.jpg", "easy"),
    ("b.jpg", "a.jpg", "positive"),
]


def made(rows: list[tuple[str, str, str]] = ROWS, root: Path = Path(), **about: Any) -> ImageSet:
    images = [{"image": f"{name}.jpg", "place": "here"} for name in "qcba"]
    return build_set("small", [], images, [], root=root, relevance=rows, **about)


def test_rows_are_ordered_and_come_back_from_disk(tmp_path: Path):
    written = write_set(made(root=tmp_path), tmp_path / "set")
    again = read_set(tmp_path / "set")
    assert [tuple(row.values()) for row in again.relevance.to_pylist()] == sorted(ROWS)
    assert again.hash == written.hash == made(ROWS[::-1]).hash
    assert describe_set(again)["relevance"] == {"queries": 2, "positive": 1, "easy": 1, "junk": 1}
    assert describe_set(again)["places"] == 1


def test_a_lost_table_is_missed(tmp_path: Path):
    write_set(made(root=tmp_path), tmp_path / "set")
    (tmp_path / "set" / "relevance.parquet").unlink()
    with pytest.raises(DatasetError, match=r"must be a table .*relevance\.parquet"):
        read_set(tmp_path / "set")


def test_a_set_without_relevance_has_no_such_table(tmp_path: Path):
    write_set(made([], tmp_path), tmp_path / "set")
    assert not (tmp_path / "set" / "relevance.parquet").exists()
    assert '"relevance"' not in (tmp_path / "set" / "set.json").read_text()
    assert read_set(tmp_path / "set").relevance.num_rows == 0
    assert "relevance" not in describe_set(made([]))


def test_relevance_is_part_of_the_hash():
    other = [*ROWS[:2], ("b.jpg", "a.jpg", "hard")]
    assert len({made().hash, made(other).hash, made(ROWS[:2]).hash, made([]).hash}) == 4


def test_a_filter_keeps_what_relates_kept_images_and_counts_the_rest():
    kept = made().where("image <> 'c.jpg'")
    assert [tuple(row.values()) for row in kept.relevance.to_pylist()] == sorted(ROWS[1:])
    assert kept.made_by["relevance_left_out"] == 1
    assert "relevance_left_out" not in made().where("true").made_by
    assert made().where("image = 'a.jpg'").relevance.num_rows == 0


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("z.jpg", "a.jpg", "easy"), "Every query of small's relevance must be known; query 'z.j"),
        (("q.jpg", "z.jpg", "easy"), "Every image of small's relevance must be known"),
        (("q.jpg", "b.jpg", "medium"), "Every grade .* grade 'medium' came, one of 1"),
        (("q.jpg", "a.jpg", "hard"), "A query of small judges an image once; query 'q.jpg'"),
    ],
)
def test_relevance_that_nobody_could_judge_is_refused(row: tuple[str, str, str], message: str):
    with pytest.raises(DatasetError, match=message):
        made([*ROWS, row])


def test_rows_are_plain_text_columns():
    assert made().relevance.schema.types == [pa.string()] * 3
