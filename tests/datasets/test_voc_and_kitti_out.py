"""VOC and KITTI, written: whole pixels and fifteen words, and what neither can hold, counted."""

import csv
from pathlib import Path
from typing import Any

import pytest

from otherlight.datasets import FORMATS, ImportConfig, count_lines, export_set, import_set
from otherlight.errors import DatasetError
from otherlight.sets import ImageSet, build_set

from .sources import SHARED, paint

EDGES = ("left", "top", "right", "bottom")


def a_set(root: Path, classes: tuple[str, ...] = ("Car", "traffic light")) -> ImageSet:
    names = {"a.jpg": "train", "a.png": "val", "drive/b.jpg": "pool", "c.jpg": None}
    images: list[dict[str, Any]] = [
        {
            "image": name, "file": str(paint(root / "pixels" / name, seed=seed)), "width": 100,
            "height": 50, "split": split, "timeofday": "night", "sequence": "clip",
            "labelled": name != "c.jpg", "parent": "day", "parent_sha256": "ab", "seed": 7,
        }
        for seed, (name, split) in enumerate(names.items())
    ]  # fmt: skip
    whole = {"left": 10.0, "top": 5.0, "right": 30.0, "bottom": 20.0}
    boxes: list[dict[str, Any]] = [
        {**whole, "label": "Car", "occlusion": 0.625, "occlusion_level": 2, "truncation": 0.1,
         "depth_m": 12.5, "track": "4"},
        {**whole, "label": classes[1], "left": 0.25, "right": 0.5, "state": "red",
         "attributes": {"alpha": "-1.57", "location_m": "1 2 33.5", "rotation_y": "nan",
                        "pose": "Left"}},
        {**whole, "label": "Car", "bottom": 19.5, "ignore": True, "ignore_reason": "hidden"},
    ]  # fmt: skip
    return build_set(
        "night", classes, images,
        [{"image": "a.jpg", "box": number, **box} for number, box in enumerate(boxes)], root=root,
    )  # fmt: skip


def test_voc_writes_whole_pixels_and_says_what_it_leaves(tmp_path: Path):
    counts = export_set("voc", a_set(tmp_path), tmp_path / "out")
    text = (tmp_path / "out/Annotations/a_jpg.xml").read_text()
    assert "<xmin>11</xmin>\n\t\t\t<ymin>6</ymin>\n\t\t\t<xmax>30</xmax>" in text
    assert "<width>100</width>\n\t\t<height>50</height>\n\t\t<depth>3</depth>" in text
    assert text.count("<difficult>1</difficult>") == 1
    assert "<pose>Left</pose>" in text
    lists = tmp_path / "out/ImageSets/Main"
    assert {p.name: p.read_text() for p in lists.iterdir()} == {
        "train.txt": "a_jpg\n", "val.txt": "a_png\n", "trainval.txt": "a_jpg\na_png\n",
    }  # fmt: skip
    assert counts["dropped"] == {"unlabelled image, which would pass for background": 1}
    assert counts["noted"] == {
        "box occluded at level 2, which VOC holds as 1": 1,
        "box with edges between pixels, rounded (half a pixel at most)": 2,
        "image of split pool, which ImageSets does not name": 1,
        "image renamed (lineage.csv names both)": 2,
        "image that is no .jpg, which some VOC tools alone look for": 1,
    }
    back = import_set("voc", tmp_path / "out", tmp_path / "back")
    assert back.column("split") == ["train", "val", None]
    car, light, hidden = back.boxes.to_pylist()
    assert [car[e] for e in EDGES] == [10, 5, 30, 20]
    assert [light[e] for e in EDGES] == [0, 5, 1, 20]
    assert (hidden["bottom"], hidden["ignore"]) == (20, True)
    assert (car["occlusion_level"], light["occlusion_level"]) == (1, None)
    assert dict(car["attributes"])["truncated"] == "1"


LOST = {
    "depth_m of a box": 1,
    "ignore_reason of a box": 1,
    "occlusion of a box": 1,
    "other attributes of a box": 1,
    "sequence of an image": 3,
    "state of a box": 1,
    "timeofday of an image": 3,
    "track of a box": 1,
    "truncation of a box": 1,
}


@pytest.mark.parametrize(
    ("format", "changes"),
    [
        ("voc", {}),
        (
            "kitti",
            {"split of an image": 3, "occlusion of a box": 0, "truncation of a box": 0,
             "depth_m of a box": 0},
        ),
    ],
)  # fmt: skip
def test_what_has_no_place_is_counted_by_column(
    format: str, changes: dict[str, int], tmp_path: Path
):
    counts = export_set(format, a_set(tmp_path), tmp_path / "out")
    assert counts["lost"] == {rule: times for rule, times in (LOST | changes).items() if times}
    assert "lost: 1 x track of a box" in count_lines(counts)


def test_grades_for_queries_are_counted(tmp_path: Path):
    file = str(paint(tmp_path / "a.jpg"))
    images = [{"image": n, "file": file, "width": 100, "height": 50} for n in ("q.jpg", "a.jpg")]
    grades = [("q.jpg", "a.jpg", "positive")]
    asked = build_set("s", ["car"], images, [], root=tmp_path, relevance=grades)
    counts = export_set("coco", asked, tmp_path / "out")
    assert counts["lost"] == {"grade of an image for a query": 1}


def test_lineage_lies_beside_every_export(tmp_path: Path):
    export_set("kitti", a_set(tmp_path), tmp_path / "out")
    with (tmp_path / "out/lineage.csv").open(newline="") as file:
        rows = {row["image"]: row for row in csv.DictReader(file)}
    assert rows.keys() == {"a.jpg", "a.png", "drive/b.jpg"}
    first = rows["a.jpg"]
    assert (first["exported"], first["parent"], first["parent_sha256"]) == (
        "a_jpg.jpg",
        "day",
        "ab",
    )
    assert (first["seed"], first["group"]) == ("7", "clip")


@pytest.mark.parametrize("format", [name for name, each in FORMATS.items() if each.write])
def test_unlabelled_images_are_in_no_export(format: str, tmp_path: Path):
    counts = export_set(format, a_set(tmp_path), tmp_path / "out")
    assert counts["dropped"]["unlabelled image, which would pass for background"] == 1
    assert counts["kept"] == 3
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert not [path for path in files if path.stem == "c"]
    for path in files:
        assert path.is_symlink() or b"c.jpg" not in path.read_bytes()


def test_kitti_writes_fifteen_words(tmp_path: Path):
    counts = export_set("kitti", a_set(tmp_path), tmp_path / "out")
    label = tmp_path / "out/training/label_2"
    assert (label / "a_jpg.txt").read_text().splitlines() == [
        "Car 0.10 2 -10 10.00 5.00 30.00 20.00 -1 -1 -1 -1000 -1000 -1000 -10",
        "traffic_light -1 3 -1.57 0.25 5.00 0.50 20.00 -1 -1 -1 1 2 33.5 -10",
        "DontCare -1 -1 -10 10.00 5.00 30.00 19.50 -1 -1 -1 -1000 -1000 -1000 -10",
    ]
    assert (label / "drive_b.txt").read_text() == ""
    assert counts["noted"] == {
        "class 'traffic light' is none of KITTI's eight: to import it, name it": 1,
        "depth_m of a box without location, which KITTI cannot hold": 1,
        "hidden share of a box, of which KITTI holds the level": 1,
        "ignored box, which becomes a DontCare region of every class": 1,
        "image renamed (lineage.csv names both)": 3,
    }
    names = ImportConfig(names=("Car", "traffic light"))
    back = import_set("kitti", tmp_path / "out", tmp_path / "back", config=names)
    car, light, *regions = back.boxes.to_pylist()
    assert (car["truncation"], car["occlusion_level"]) == (pytest.approx(0.1), 2)
    assert (light["label"], light["depth_m"]) == ("traffic light", 33.5)
    assert [(r["label"], r["ignore"]) for r in regions] == [("Car", True), ("traffic light", True)]
    # Ignored for every class already: one line again, and nothing to tell.
    again = export_set("kitti", back, tmp_path / "again")
    assert not [rule for rule in again["noted"] if "DontCare" in rule]
    text = (tmp_path / "again/training/label_2/a_jpg.txt").read_text()
    assert text == (label / "a_jpg.txt").read_text()


@pytest.mark.parametrize(
    ("format", "name", "message"),
    [
        ("voc", " light", "without control characters and without blanks at its ends; ' light'"),
        ("voc", "li\x01ght", "without control characters"),
        ("kitti", "DontCare", "none is DontCare; class 'DontCare' came"),
    ],
)
def test_names_that_a_format_cannot_hold_are_refused(
    format: str, name: str, message: str, tmp_path: Path
):
    with pytest.raises(DatasetError, match=message):
        export_set(format, a_set(tmp_path, ("Car", name)), tmp_path / "out")


def test_a_name_too_long_for_a_file_is_shortened_and_counted(tmp_path: Path):
    file = str(paint(tmp_path / "a.jpg"))
    images = [{"image": f"{'x' * 5000}.jpg", "file": file, "width": 100, "height": 50}]
    bare = build_set("s", ["car"], images, [], root=tmp_path)
    counts = export_set("coco", bare, tmp_path / "out")
    assert counts["noted"] == {"image renamed (lineage.csv names both)": 1}
    assert len(import_set("coco", tmp_path / "out", tmp_path / "back")) == 1


@pytest.mark.skipif(not SHARED.exists(), reason="no real samples beside this checkout")
def test_official_label_files_come_back_to_the_byte(tmp_path: Path):
    source = SHARED / "formats/kitti/data/object"
    came = import_set("kitti", source, tmp_path / "in")
    export_set("kitti", came, tmp_path / "out")
    files = sorted((source / "training/label_2").glob("*.txt"))
    assert len(files) == 3
    for file in files:
        written = tmp_path / "out/training/label_2" / file.name
        assert written.read_bytes() == file.read_bytes()


def test_what_flags_and_forms_cannot_say_is_noted(tmp_path: Path):
    whole = a_set(tmp_path)
    flags = {"box occluded at level 2, which {}'s flag holds as 1": 1}
    unknown = "box of unknown occlusion, which BDD100K's flag holds as not occluded"
    for format, name, more in (("coco", "COCO", {}), ("bdd100k", "BDD100K", {unknown: 2})):
        noted = export_set(format, whole, tmp_path / format)["noted"]
        for rule, times in (flags | more).items():
            assert noted[rule.format(name)] == times
    alone = build_set(
        "s", whole.classes,
        [{**row, "sequence": None, "attributes": {}} for row in whole.images.to_pylist()],
        [{**row, "attributes": {}} for row in whole.boxes.to_pylist()], root=tmp_path,
    )  # fmt: skip
    noted = export_set("bdd100k", alone, tmp_path / "alone")["noted"]
    assert noted["track of a box outside a video, which BDD100K's form cannot hold"] == 1
