"""Formats: small texts and the boxes they stand for; what is left out is counted by name."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from otherlight.datasets import FORMATS, ImportConfig, count_lines, import_set
from otherlight.datasets.yolo import parse_labels
from otherlight.sets import ImageSet, read_set

from .sources import as_json, coco, frame, paint, yolo


def edges_of(images: ImageSet) -> list[tuple[str, str, tuple[float, ...]]]:
    """Image, label and rounded edges of every box."""
    return [
        (row["image"], row["label"],
         tuple(round(row[e], 6) for e in ("left", "top", "right", "bottom")))
        for row in images.boxes.to_pylist()
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "boxes"),
    [
        ("", []),
        ("\n\n", []),
        ("1 0.5 0.5 0.2 0.4", [(1, (0.4, 0.3, 0.6, 0.7))]),
        ("1.0 .5 .5 .2 .4\r\n0 .1 .1 .2 .2\n", [(1, (0.4, 0.3, 0.6, 0.7)), (0, (0, 0, 0.2, 0.2))]),
        ("3 .1 .2 .5 .1 .3 .9", [(3, (0.1, 0.1, 0.5, 0.9))]),
    ],
)
def test_yolo_lines(text: str, boxes: list[tuple[int, tuple[float, ...]]]):
    found = parse_labels(text, "a.txt")
    assert [name for _, name, _ in found] == [name for name, _ in boxes]
    for (_, _, edges), (_, expected) in zip(found, boxes, strict=True):
        assert edges == pytest.approx(expected)


def test_yolo_from_plain_folders(tmp_path: Path):
    source = yolo(tmp_path / "in", {"a.jpg": "1 0.5 0.5 0.2 0.4\n", "sub/b.png": "", "c.jpg": None})
    got = import_set("yolo", source, tmp_path / "out")
    assert got.classes == ("car", "person")
    assert got.names() == ["a.jpg", "c.jpg", "sub/b.png"]
    assert edges_of(got) == [("a.jpg", "person", (40, 15, 60, 35))]
    assert got.column("labelled") == [True, True, True]
    assert got.column("width") == [100] * 3
    assert got.files()[0] == (source / "images" / "a.jpg").resolve()
    assert got.counts["noted"] == {"image without labels, taken as background": 1}
    assert read_set(tmp_path / "out").counts == got.counts


DATA = """
path: .
train: images/train
val: {val}
test: images/absent
names: {names}
"""


@pytest.mark.parametrize("names", ["[car, person]", "{0: car, 1: person}"])
def test_yolo_from_data_yaml(names: str, tmp_path: Path):
    labels = {"train/a.jpg": "0 .5 .5 .2 .4", "val/b.jpg": "1 .5 .5 .2 .4"}
    source = yolo(tmp_path / "in", labels, classes=None)
    (source / "data.yaml").write_text(DATA.format(val="images/val", names=names))
    got = import_set("yolo", source, tmp_path / "out")
    assert got.names() == ["train/a.jpg", "val/b.jpg"]
    assert got.column("split") == ["train", "val"]
    assert got.boxes["label"].to_pylist() == ["car", "person"]
    assert got.counts["noted"] == {"test of data.yaml names a place that is not there": 1}


def test_yolo_with_a_list_of_images_and_roboflows_way_up(tmp_path: Path):
    source = yolo(tmp_path / "in", {"a.jpg": "0 .5 .5 .2 .4", "b.jpg": "1 .5 .5 .2 .4"}, None)
    (source / "some.txt").write_text("images/b.jpg\n")
    (source / "data.yaml").write_text("train: ../some.txt\nval: []\nnames: [car, person]")
    got = import_set("yolo", source / "data.yaml", tmp_path / "out")
    assert edges_of(got) == [("b.jpg", "person", (40, 15, 60, 35))]


def test_yolo_whose_data_yaml_points_nowhere_falls_back_to_its_folders(tmp_path: Path):
    source = yolo(tmp_path / "in", {"a.jpg": "0 .5 .5 .2 .4"}, None)
    (source / "data.yaml").write_text("train: gone/images\nnames: [bus]")
    got = import_set("yolo", source, tmp_path / "out")
    assert edges_of(got) == [("a.jpg", "bus", (40, 15, 60, 35))]
    assert got.counts["noted"] == {"train of data.yaml names a place that is not there": 1}


def test_yolo_without_names_takes_the_numbers(tmp_path: Path):
    source = yolo(tmp_path / "in", {"a.jpg": "2 .5 .5 .2 .4"}, None)
    assert import_set("yolo", source, tmp_path / "out").classes == ("0", "1", "2")


def test_yolo_that_counts_from_one(tmp_path: Path):
    source = yolo(tmp_path / "in", {"a.jpg": "1 .5 .5 .2 .4\n2 .5 .5 .2 .4"})
    got = import_set("yolo", source, tmp_path / "out", config=ImportConfig(class_base=1))
    assert got.boxes["label"].to_pylist() == ["car", "person"]


def test_yolo_images_of_one_stem_are_told_apart(tmp_path: Path):
    source = yolo(tmp_path / "in", {"a.jpg": None, "a.png": None, "b.jpg": "0 .5 .5 .2 .4"})
    got = import_set("yolo", source, tmp_path / "out")
    assert got.names() == ["a.jpg", "a.png", "b.jpg"]
    (source / "labels" / "a.txt").write_text("1 .5 .5 .2 .4")
    both = ImportConfig(shared_labels=True)
    got = import_set("yolo", source, tmp_path / "both", config=both)
    assert [image for image, _, _ in edges_of(got)] == ["a.jpg", "a.png", "b.jpg"]
    assert got.counts["noted"] == {"label file shared by images of one stem": 1}


def test_coco(tmp_path: Path):
    got = import_set("coco", coco(tmp_path / "in"), tmp_path / "out")
    assert got.classes == ("car", "person")
    box = (10, 5, 30, 20)
    assert edges_of(got) == [("a.jpg", "car", box), ("a.jpg", "person", box)]
    assert got.boxes["ignore"].to_pylist() == [False, True]
    assert got.boxes["ignore_reason"].to_pylist() == [None, "crowd"]
    assert dict(got.column("attributes")[1]) == {"coco_id": "4"}
    assert got.column("labelled") == [True, True]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"categories": [{"id": 2, "name": "car"}]}, "unknown category 9"),
        ({"annotations": [{"id": 1, "image_id": 3, "category_id": 2}]}, "annotation without bbox"),
        (
            {
                "annotations": [
                    {"id": 1, "image_id": 99, "category_id": 2, "bbox": [1, 1, 5, 5]},
                ]
            },
            "annotation without image",
        ),
    ],
)
def test_coco_leaves_nothing_out_silently(changes: dict[str, Any], rule: str, tmp_path: Path):
    got = import_set("coco", coco(tmp_path / "in", **changes), tmp_path / "out")
    assert got.counts["dropped"] == {rule: 1}
    assert got.counts["boxes_read"] == got.counts["boxes_kept"] + 1
    assert any(rule in line for line in count_lines(got.counts))


def test_bdd100k_of_2018(tmp_path: Path):
    lane = {"category": "lane", "poly2d": [], "id": 1}
    light = {
        "category": "traffic light",
        "attributes": {"occluded": False, "truncated": True, "trafficLightColor": "green"},
        "box2d": {"x1": 1, "y1": 2, "x2": 3, "y2": 4},
    }
    labels = [*frame()["labels"], light, lane]
    source = as_json(tmp_path / "in" / "train.json", [frame(labels=labels)])
    paint(tmp_path / "in" / "0000f77c-6257be58.jpg")
    got = import_set("bdd100k", source, tmp_path / "out")
    image = got.images.to_pylist()[0]
    assert [image[c] for c in ("timeofday", "weather", "scene")] == [
        "twilight", "rain", "city street",
    ]  # fmt: skip
    assert (image["sequence"], image["group"]) == ("0000f77c", "0000f77c")
    assert dict(image["attributes"]) == {
        "weather": "rainy", "scene": "city street", "timeofday": "dawn/dusk",
        "timestamp": "10000", "origin": "bdd100k",
    }  # fmt: skip
    person, green = got.boxes.to_pylist()
    assert (person["label"], person["occlusion_level"], person["state"]) == ("pedestrian", 1, None)
    assert dict(person["attributes"])["category"] == "person"
    assert (green["state"], green["occlusion_level"], green["truncation"]) == ("green", 0, None)
    assert dict(green["attributes"])["truncated"] == "true"
    assert got.counts["dropped"] == {"unknown category 'lane'": 1}


def test_bdd100k_of_scalabel(tmp_path: Path):
    name = "b1c81faa-3df17267-0000001.jpg"
    box = {"x1": 10, "y1": 5, "x2": 30, "y2": 20}
    labels = [
        {"id": "t7", "category": "rider", "attributes": {"Occluded": False}, "box2d": box},
        {"id": "t8", "category": "car", "attributes": {"crowd": True}, "box2d": box},
        {"id": "t9", "category": "other vehicle", "box2d": box},
        {"id": "t0", "category": "car", "box2d": None, "poly2d": []},
    ]
    video = {"videoName": "b1c81faa-3df17267", "frameIndex": 4, "attributes": None}
    frames = [
        frame(name, **video, labels=labels), frame("c0ffee00-00000000.jpg", labels=None)
    ]  # fmt: skip
    source = as_json(tmp_path / "in" / "x.json", {"config": {"a": [1]}, "frames": frames})
    paint(tmp_path / "in" / "images" / name)
    paint(tmp_path / "in" / "images" / "c0ffee00-00000000.jpg")
    got = import_set("bdd100k", source, tmp_path / "out")
    image = got.images.to_pylist()[0]
    assert [image[c] for c in ("sequence", "group", "frame")] == [
        "b1c81faa-3df17267", "b1c81faa", 4,
    ]  # fmt: skip
    rider, crowd = got.boxes.to_pylist()
    assert (rider["label"], rider["track"], rider["occlusion_level"]) == ("rider", "t7", 0)
    assert (crowd["ignore"], crowd["ignore_reason"]) == (True, "crowd")
    assert got.counts["dropped"] == {
        "label without box2d: 'car'": 1, "unknown category 'other vehicle'": 1,
    }  # fmt: skip
    assert got.column("labelled") == [True, True]
    assert len(got.classes) == 10


def test_frames_of_a_file_without_any_label_are_unlabelled(tmp_path: Path):
    source = as_json(tmp_path / "x.json", [frame(labels=None)])
    got = import_set("bdd100k", source, tmp_path / "out", config=ImportConfig(pixels=False))
    assert got.column("labelled") == [False]
    assert got.column("width") == [None]


def test_a_word_that_nobody_knows_is_counted_and_kept(tmp_path: Path):
    source = as_json(
        tmp_path / "x.json", [frame(attributes={"weather": "hail", "scene": "undefined"})]
    )
    got = import_set("bdd100k", source, tmp_path / "out", config=ImportConfig(pixels=False))
    assert got.column("weather") == [None]
    assert got.column("scene") == [None]
    assert dict(got.column("attributes")[0])["weather"] == "hail"
    assert got.counts["noted"] == {"weather 'hail' is no known word, left open": 1}


def test_folder(tmp_path: Path):
    paint(tmp_path / "in" / "night" / "a.jpg")
    paint(tmp_path / "in" / "b.png")
    (tmp_path / "in" / "readme.txt").write_text("no image")
    config = ImportConfig(timeofday="night", attributes={"camera": "roof"}, split="pool", name="n")
    got = import_set("folder", tmp_path / "in", tmp_path / "out", config=config)
    assert got.names() == ["b.png", "night/a.jpg"]
    assert got.column("labelled") == [False, False]
    assert got.column("timeofday") == ["night", "night"]
    assert got.column("split") == ["pool", "pool"]
    assert dict(got.column("attributes")[0]) == {"camera": "roof"}
    assert got.name == "n"


def test_every_format_says_what_it_is():
    assert {"yolo", "coco", "bdd100k", "folder"} <= set(FORMATS)
    assert all(each.about for each in FORMATS.values())


def test_edges_are_those_of_the_upright_image(tmp_path: Path):
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    source = yolo(tmp_path / "in", {"a.jpg": "0 .5 .5 .2 .4"})
    Image.fromarray(np.zeros((50, 100, 3), np.uint8)).save(source / "images/a.jpg", exif=exif)
    got = import_set("yolo", source, tmp_path / "out")
    assert (got.column("width"), got.column("height")) == ([50], [100])
    assert edges_of(got) == [("a.jpg", "car", (20, 30, 30, 70))]
