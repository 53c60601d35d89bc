"""The contact sheet: what is chosen, what is drawn."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from otherlight.errors import ImageError
from otherlight.sets import ImageSet, build_set
from otherlight.view.colours import colours_of
from otherlight.view.sheet import WIDTH, chosen_rows, contact_sheet, write_sheet

CLASSES = ["car", "person"]


def pictures(folder: Path, count: int, boxes: list[dict[str, Any]] | None = None) -> ImageSet:
    """Grey images of 64 x 36, each with the same boxes."""
    rows: list[dict[str, Any]] = []
    for number in range(count):
        file = folder / f"{number:03}.png"
        Image.new("RGB", (64, 36), (90, 90, 90)).save(file)
        rows.append({"image": file.name, "width": 64, "height": 36, "timeofday": "night"})
    found = [
        {"image": row["image"], "box": place, **box}
        for row in rows
        for place, box in enumerate(boxes or [])
    ]
    return build_set("grey", CLASSES, rows, found, root=folder)


def box(label: str, left: float, **more: Any) -> dict[str, Any]:
    return {"label": label, "left": left, "top": 8, "right": left + 20, "bottom": 30, **more}


def count_of(sheet: Image.Image, colour: str) -> int:
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return int((np.asarray(sheet) == wanted).all(axis=2).sum())


def test_rows_are_spread_over_the_set_and_seeded():
    keys = [f"{n:05}.jpg" for n in range(1200)]
    chosen = chosen_rows(keys, 12, 0)
    assert [row // 100 for row in chosen] == list(range(12))
    assert chosen == chosen_rows(keys, 12, 0) != chosen_rows(keys, 12, 1)


def test_boxes_stand_where_they_are_in_the_colour_of_their_class(tmp_path: Path):
    sheet = contact_sheet([pictures(tmp_path, 1, [box("person", 4)])])
    assert sheet.width == WIDTH
    orange, blue = colours_of(CLASSES)
    assert count_of(sheet, orange) == 0
    found = np.argwhere((np.asarray(sheet) == [41, 182, 246]).all(axis=2))
    assert blue == "#29b6f6"
    scale, margin = 504 / 64, 28
    columns = found[:, 1]
    assert columns.max() == pytest.approx(margin + 24 * scale, abs=2)
    in_tile = found[found[:, 0] > 100]
    assert in_tile[:, 1].min() == pytest.approx(margin + 4 * scale, abs=2)
    assert in_tile[:, 0].max() - in_tile[:, 0].min() > 22 * scale - 3


def test_ignored_boxes_are_dashed_and_have_no_name(tmp_path: Path):
    plain = contact_sheet([pictures(tmp_path, 1, [box("car", 4)])])
    ignored = contact_sheet([pictures(tmp_path, 1, [box("car", 4, ignore=True)])])
    orange = colours_of(CLASSES)[0]
    assert 200 < count_of(ignored, orange) < 0.6 * count_of(plain, orange)


def test_the_same_set_gives_the_same_bytes(tmp_path: Path):
    images = pictures(tmp_path, 20, [box("car", 4), box("person", 30)])
    write_sheet([images], tmp_path / "one.png")
    write_sheet([images], tmp_path / "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_several_sets_share_one_sheet(tmp_path: Path):
    images = pictures(tmp_path, 5)
    assert contact_sheet([images, images]).height > contact_sheet([images]).height


def test_a_file_that_cannot_be_read_is_a_tile_that_says_so(tmp_path: Path):
    images = pictures(tmp_path, 3)
    whole = contact_sheet([images])
    (tmp_path / "001.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    (tmp_path / "002.png").unlink()
    torn = contact_sheet([images])
    assert torn.size == whole.size
    assert count_of(torn, "#5a5a5a") == pytest.approx(count_of(whole, "#5a5a5a") / 3, rel=0.02)


def test_odd_sets_are_drawn_too(tmp_path: Path):
    empty = build_set("e" * 3000 + "\n", [], [], [], root=tmp_path)
    assert contact_sheet([empty]).height > 0
    many = [box("car", n % 40, bottom=8.001 + n % 20) for n in range(2000)]
    assert contact_sheet([pictures(tmp_path, 1, many)]).height > 0


def test_a_sheet_is_a_png(tmp_path: Path):
    with pytest.raises(ImageError, match="written as PNG; 'sheet.jpg' came"):
        write_sheet([pictures(tmp_path, 1)], tmp_path / "sheet.jpg")
