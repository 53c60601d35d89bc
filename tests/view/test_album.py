"""An album: pages of a large set, thumbnails in a bounded room, a set beside another."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from viewing import street, written

from otherlight.images.files import read_header
from otherlight.sets import build_set, read_set, write_set
from otherlight.sets.build import from_tables, image_table
from otherlight.sets.columns import BOXES
from otherlight.view.album import Album, open_album, plain
from otherlight.view.pictures import THUMBNAIL, Pictures


def large(images: int, each: int) -> Album:
    """A set without any files."""
    keys = [f"{n:06}.jpg" for n in range(images)]
    rows = image_table([{"image": key, "width": 64, "height": 48} for key in keys])
    count = images * each
    numbers = np.arange(count)
    columns: dict[str, Any] = {
        "image": np.repeat(keys, each), "box": numbers % each, "label": np.full(count, "car"),
        "left": numbers % 7.0, "top": numbers % 5.0, "right": numbers % 7 + 9.0,
        "bottom": numbers % 5 + 9.0, "ignore": np.zeros(count, bool),
    }  # fmt: skip
    arrays = [
        pa.array(columns[field.name], field.type)
        if field.name in columns
        else pa.array([[]] * count, field.type)
        if field.name == "attributes"
        else pa.nulls(count, field.type)
        for field in BOXES
    ]
    boxes = pa.Table.from_arrays(arrays, schema=BOXES)
    return Album(from_tables("large", ["car"], rows, boxes, root=Path()))


def test_a_large_set_is_leafed_through_at_once():
    album = large(20_000, 4)
    started = time.process_time()
    for first in range(0, 20_000, 1000):
        page = album.page("n_car > 2", first, 48)
        assert page["total"] == 20_000
        assert page["rows"][0]["row"] == first
        assert len(page["rows"]) == 48
    assert time.process_time() - started < 5
    assert album.pictures.taken == 0


def test_the_last_page_is_short_and_a_page_is_never_endless():
    album = large(500, 1)
    assert len(album.page("", 490, 48)["rows"]) == 10
    assert len(album.page("", 0, 10**9)["rows"]) == 200


def test_of_a_crowd_the_largest_boxes_are_drawn():
    album = large(1, 5000)
    assert (len(album.page("", 0, 1)["rows"][0]["boxes"]), album.image(0)["count"]) == (200, 5000)
    assert len(album.image(0)["details"]) == 2000


def test_thumbnails_are_small_kept_and_bounded(tmp_path: Path):
    noise = np.random.default_rng(0).integers(0, 256, (900, 1600, 3), dtype=np.uint8)
    rows: list[dict[str, Any]] = []
    for number in range(6):
        Image.fromarray(noise).save(tmp_path / f"{number}.jpg")
        rows.append({"image": f"{number}.jpg"})
    images = build_set("noise", [], rows, [], root=tmp_path)
    one = len(Pictures(images).thumbnail(0))
    pictures = Pictures(images, room=3 * one + 10)
    for row in range(6):
        (tmp_path / "shown.jpg").write_bytes(pictures.thumbnail(row))
        shown = read_header(tmp_path / "shown.jpg")
        assert (shown.width, shown.height) == (THUMBNAIL, THUMBNAIL * 9 // 16)
        assert pictures.taken <= 3 * one + 10
    assert pictures.taken == 3 * one
    (tmp_path / "5.jpg").unlink()
    assert len(pictures.thumbnail(5)) == one


def test_a_turned_image_is_shown_upright(tmp_path: Path):
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (64, 32)).save(tmp_path / "a.jpg", exif=turned)
    images = build_set("turned", [], [{"image": "a.jpg"}], [], root=tmp_path)
    pictures = Pictures(images)
    assert pictures.size(0) == (32, 64)
    for data in (pictures.thumbnail(0), pictures.large(0)):
        (tmp_path / "shown.jpg").write_bytes(data)
        shown = read_header(tmp_path / "shown.jpg")
        assert (shown.width, shown.height) == (32, 64)


def test_a_translated_set_finds_the_one_it_was_made_from(tmp_path: Path):
    day = written(tmp_path / "day", count=4)
    parents = [{"name": "street", "hash": read_set(day).hash}]
    from dataclasses import replace

    dark = street(tmp_path / "dark", 4, "dark", parent="street")
    write_set(replace(dark, parents=parents), tmp_path / "dark")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "set.json").write_text("[1")
    (tmp_path / "another").mkdir()
    (tmp_path / "another" / "set.json").write_text("[]")
    album = open_album(tmp_path / "dark")
    beside = album.image(2)["beside"]
    assert (beside["name"], beside["row"], beside["image"]) == ("street", 2, "002.jpg")
    assert open_album(day).image(2)["beside"] is None
    assert open_album(day, tmp_path / "dark").image(2)["beside"]["name"] == "dark"


@pytest.mark.parametrize(
    ("value", "made"),
    [(float("nan"), "nan"), ([float("-inf"), 1.5], ["-inf", 1.5]), ({"a": (1,)}, {"a": [1]})],
)
def test_json_has_no_nan(value: Any, made: Any):
    assert plain(value) == made
