"""Sets: made from rows, kept on disk, filtered by one expression."""

from pathlib import Path

import numpy as np
import pytest

from otherlight.errors import BusyError, DatasetError, QueryError
from otherlight.sets import ImageSet, build_set, read_set, write_set

BOX = {"image": "a.jpg", "box": 0, "label": "car", "left": 1, "top": 2, "right": 30, "bottom": 40}


def small(root: Path = Path()) -> ImageSet:
    images = [
        {"image": "b.jpg", "timeofday": "night", "width": 64, "height": 48},
        {
            "image": "a.jpg",
            "timeofday": "day",
            "sequence": "drive",
            "attributes": {"b": "2", "a": "1"},
        },
        {"image": "c/a.jpg", "labelled": False},
    ]
    boxes = [
        BOX,
        {**BOX, "box": 1, "label": "traffic light", "occlusion_level": 1},
        {**BOX, "box": 2, "ignore": True},
        {**BOX, "image": "b.jpg"},
    ]
    return build_set("small", ["car", "traffic light"], images, boxes, root=root)


def test_rows_are_ordered_and_defaults_filled_in():
    made = small()
    assert made.names() == ["a.jpg", "b.jpg", "c/a.jpg"]
    assert made.column("group") == ["drive", "b.jpg", "c/a.jpg"]
    boxes = made.boxes_of()
    assert boxes.offsets.tolist() == [0, 3, 4, 4]
    assert boxes.label.tolist() == [0, 1, 0, 0]
    assert boxes.ignore.tolist() == [False, False, True, False]
    assert boxes.occlusion_level.tolist() == [-1, 1, -1, -1]
    np.testing.assert_equal(boxes.edges[0], [1, 2, 30, 40])


def test_written_and_read_back_is_the_same_set(tmp_path: Path):
    written = write_set(small(tmp_path), tmp_path / "set")
    again = read_set(tmp_path / "set")
    assert again.hash == written.hash == small().hash
    assert again.images.equals(written.images)
    assert again.files()[0] == tmp_path / "a.jpg"
    assert write_set(small(tmp_path), tmp_path / "set").hash == written.hash


def test_files_inside_the_set_are_relative_so_that_it_can_move(tmp_path: Path):
    folder = tmp_path / "set"
    row = {"image": "a.jpg", "file": "images/a.jpg"}
    write_set(build_set("s", ["car"], [row], [], root=folder), folder)
    folder.rename(tmp_path / "moved")
    assert read_set(tmp_path / "moved").files() == [tmp_path / "moved" / "images/a.jpg"]


def test_any_changed_cell_changes_the_hash():
    base = small().hash
    images = small().images.to_pylist()
    images[0]["weather"] = "rain"
    assert (
        build_set("small", small().classes, images, small().boxes.to_pylist(), root=Path()).hash
        != base
    )
    boxes = small().boxes.to_pylist()
    boxes[0]["left"] = 1.0000001
    assert (
        build_set("small", small().classes, small().images.to_pylist(), boxes, root=Path()).hash
        != base
    )
    moved = small().images.to_pylist()
    moved[0]["file"] = "elsewhere/a.jpg"
    assert (
        build_set("small", small().classes, moved, small().boxes.to_pylist(), root=Path()).hash
        == base
    )


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("timeofday = 'night'", ["b.jpg"]),
        ("n_car > 0 AND n_traffic_light = 0", ["b.jpg"]),
        ("n_boxes = 2 AND n_occluded = 1", ["a.jpg"]),
        ("timeofday IS NULL -- a comment", ["c/a.jpg"]),
        ("attributes['a'] = '1'", ["a.jpg"]),
        ("n_boxes >= 0", ["a.jpg", "b.jpg", "c/a.jpg"]),
    ],
)
def test_where_chooses_images(where: str, names: list[str]):
    assert small().where(where).names() == names


def test_where_boxes_chooses_boxes_and_keeps_the_images():
    kept = small().where(boxes="label = 'car' AND NOT ignore AND box_width < 30")
    assert len(kept) == 3
    assert kept.boxes["image"].to_pylist() == ["a.jpg", "b.jpg"]
    assert kept.parents[0]["hash"] == small().hash


@pytest.mark.parametrize(
    "attack",
    [
        "true); DROP TABLE images; --",
        "true) UNION ALL (SELECT 1",
        "true; SELECT 1",
        "",
        "1 = 1 FROM images",
        "true), (true",
    ],
)
def test_a_filter_is_one_expression_and_nothing_else(attack: str):
    with pytest.raises(QueryError, match="must be one SQL expression"):
        small().where(attack)


def test_a_filter_reads_no_files(tmp_path: Path):
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with pytest.raises(QueryError, match="cannot be evaluated"):
        small().where(f"(SELECT count(*) FROM read_csv('{secret}')) > 0")
    with pytest.raises(QueryError, match="must be one SQL expression|cannot be evaluated"):
        small().where(f"true); COPY images TO '{tmp_path}/out.csv'; --")
    assert not (tmp_path / "out.csv").exists()


def test_a_misspelt_column_is_named_with_its_neighbour():
    with pytest.raises(QueryError, match="no 'timeofdy'. Did you mean 'timeofday'"):
        small().where("timeofdy = 'day'")


@pytest.mark.parametrize(
    ("images", "boxes", "message"),
    [
        ([{"image": "a.jpg"}] * 2, [], "must be unique; 'a.jpg' occurs 2 times"),
        ([{"image": "../a.jpg"}], [], "relative POSIX path with an extension; '../a.jpg'"),
        ([{"image": "a.jpg", "wether": "x"}], [], "no column 'wether'. Did you mean 'weather'"),
        (
            [{"image": "a.jpg", "split": "dev"}],
            [],
            "A split is one of train, val, test, pool; 'dev'",
        ),
        (
            [{"image": "a.jpg"}],
            [{**BOX, "image": "z.jpg"}],
            "belong to one of its images; box 0 of 'z.jpg'",
        ),
        (
            [{"image": "a.jpg"}],
            [{**BOX, "label": "tram"}],
            "must be one of car; box 0 of 'a.jpg' is 'tram'",
        ),
        ([{"image": "a.jpg"}], [{**BOX, "left": float("nan")}], "must be finite numbers"),
        (
            [{"image": "a.jpg"}],
            [{**BOX, "left": 30}],
            "left < right and top < bottom; box 0 of 'a.jpg'",
        ),
        ([{"image": "a.jpg"}], [{**BOX, "ocluded": 1}], "no column 'ocluded'"),
    ],
)
def test_contradictions_are_refused(
    images: list[dict[str, object]], boxes: list[dict[str, object]], message: str
):
    with pytest.raises(DatasetError, match=message):
        build_set("s", ["car"], images, boxes, root=Path())


def test_a_folder_that_is_no_set_says_how_to_make_one(tmp_path: Path):
    with pytest.raises(DatasetError, match="otherlight import FORMAT"):
        read_set(tmp_path)


def test_another_schema_is_refused(tmp_path: Path):
    write_set(small(), tmp_path)
    text = (tmp_path / "set.json").read_text()
    (tmp_path / "set.json").write_text(text.replace('"schema": 1', '"schema": 9'))
    with pytest.raises(DatasetError, match="must be of schema 1; it says 9"):
        read_set(tmp_path)


def test_a_torn_table_is_named(tmp_path: Path):
    write_set(small(), tmp_path)
    whole = (tmp_path / "boxes.parquet").read_bytes()
    (tmp_path / "boxes.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DatasetError, match=r"boxes\.parquet must be a table of schema 1"):
        read_set(tmp_path)


def test_a_set_is_immutable(tmp_path: Path):
    write_set(small(), tmp_path)
    other = build_set("other", ["car"], [{"image": "z.png"}], [], root=tmp_path)
    with pytest.raises(BusyError, match="hold this very set; it holds 'small'"):
        write_set(other, tmp_path)
