"""Text lists of images, and CSVs of places."""

import shutil
from pathlib import Path

import pytest

from otherlight.datasets import ImportConfig, import_set
from otherlight.datasets.lists import parse_list
from otherlight.datasets.places import parse_places
from otherlight.errors import DatasetError

from .sources import SHARED, paint


def test_a_list_of_files_without_ending(tmp_path: Path):
    paint(tmp_path / "ims" / "a.png")
    (tmp_path / "ims" / "8a").mkdir()
    shutil.move(tmp_path / "ims" / "a.png", tmp_path / "ims" / "8a" / "00ab")
    paint(tmp_path / "ims" / "b.jpg")
    listed = tmp_path / "train_day.txt"
    listed.write_text(f"8a/00ab\n\nb.jpg\nb.jpg\ngone.jpg\n{'x' * 5000}.jpg\n")
    got = import_set("lists", listed, tmp_path / "out", images=tmp_path / "ims")
    assert got.names() == ["8a/00ab.png", "b.jpg"]
    assert got.files()[0] == (tmp_path / "ims" / "8a" / "00ab").resolve()
    assert got.column("labelled") == [False, False]
    assert got.counts["dropped"] == {"path without image file": 2}
    assert got.counts["noted"] == {"path that the list has already": 1}
    blind = import_set("lists", listed, tmp_path / "b", config=ImportConfig(pixels=False))
    assert blind.names()[:3] == ["8a/00ab.jpg", "b.jpg", "gone.jpg"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.jpg\n../b.jpg", r"'../b.jpg' came in a.txt, line 2"),
        ("/etc/passwd", "must be relative and stay inside"),
        ("a\\b.jpg", "must be relative"),
        ("\n", "must name at least one image; a.txt names none"),
    ],
)
def test_bad_lists_are_refused_in_a_sentence(text: str, message: str):
    with pytest.raises(DatasetError, match=message):
        parse_list(text, "a.txt")


def test_places_with_domains(tmp_path: Path):
    for seed, name in enumerate(("day/a.jpg", "night/a.jpg", "sunny/b.jpg")):
        paint(tmp_path / "in" / name, seed=seed)
    rows = (
        "day/a.jpg,Day,cam0,x",
        "night/a.jpg,night,cam0,",
        'sunny/b.jpg,sunny,"c,1",y',
        "z.jpg,day,c,",
    )
    text = "file,domain,place,note\n" + "".join(f"{row}\n" for row in rows)
    (tmp_path / "in" / "places.csv").write_text(text)
    got = import_set("places", tmp_path / "in", tmp_path / "out")
    assert got.column("place") == ["cam0", "cam0", "c,1"]
    assert got.column("timeofday") == ["day", "night", None]
    assert dict(got.images["attributes"].to_pylist()[2]) == {"domain": "sunny", "note": "y"}
    assert got.counts["dropped"] == {"row without image file": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must name file and place .*; nothing came in p.csv"),
        ("file,domain\na.jpg,day\n", "must name file and place .*; file, domain came"),
        ("file,place\na.jpg\n", "must have the 2 fields of the first line; row 2"),
        ("file,place\na.jpg,x,y\n", "must have the 2 fields"),
        ("file,place\n../a.jpg,x\n", "must be relative and stay inside the folder"),
        ("file,place\n,x\n", "must be relative"),
        ("file,place\na.jpg,x\na.jpg,y\n", "A file must stand in one row"),
        ("file,segment,frame\na.jpg,1,-2\n", "A frame is a number from 0; '-2' came in row 2"),
        (f"file,segment,frame\na.jpg,1,{'0' * 11}9999999999\n", "A frame is a number from 0"),
        ('file,place\n"a.jpg,x\n', "must be a CSV; it is not"),
    ],
)
def test_bad_places_are_refused_in_a_sentence(text: str, message: str):
    with pytest.raises(DatasetError, match=message):
        parse_places(text, "p.csv")


def test_the_frame_of_a_segment_is_a_place_and_the_traverse_a_sequence():
    text = "file,traverse,segment,frame\nv1/a.jpg,v1,0,7\nv2/a.jpg,v2,0,7\n"
    (_, first), (_, second) = parse_places(text, "p.csv")
    assert (first["place"], first["sequence"], first["frame"]) == ("0/7", "v1/0", 7)
    assert second["place"] == first["place"]


@pytest.mark.skipif(not SHARED.exists(), reason="no real images beside this checkout")
@pytest.mark.parametrize(
    ("folder", "images", "places", "nights"), [("amos", 297, 12, 152), ("songdo", 55, 20, 0)]
)
def test_real_places(folder: str, images: int, places: int, nights: int, tmp_path: Path):
    got = import_set("places", SHARED / folder, tmp_path / "out")
    assert (len(got), len(set(got.column("place")))) == (images, places)
    assert got.column("timeofday").count("night") == nights
