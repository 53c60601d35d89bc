"""Exporting: what comes back is what was there; what a format cannot hold is counted."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from otherlight.datasets import ImportConfig, export_set, import_set
from otherlight.errors import BusyError, DatasetError
from otherlight.sets import ImageSet, build_set

from .sources import paint

CLASSES = ("car", "traffic light")
EDGES = ("left", "top", "right", "bottom")


def some_set(root: Path, splits: tuple[str | None, ...] = (None, None, None)) -> ImageSet:
    names = ("a.jpg", "a.png", "drive/b.jpg")
    size = {"width": 100, "height": 50}
    images: list[dict[str, Any]] = [
        {
            "image": name, "file": str(paint(root / "pixels" / name, seed=seed)), "split": split,
            "sequence": "clip", "frame": seed, "timeofday": "night", **size,
        }
        for seed, (name, split) in enumerate(zip(names, splits, strict=True))
    ]  # fmt: skip
    rng = np.random.default_rng(1)
    boxes: list[dict[str, Any]] = []
    for name in names[:2]:
        for number in range(4):
            left, top = rng.uniform(0, 80), rng.uniform(0, 30)
            edges = left, top, left + rng.uniform(1, 20), top + rng.uniform(1, 20)
            boxes.append(
                {
                    "image": name, "box": number, "label": CLASSES[number % 2],
                    "ignore": number == 3, "occlusion_level": number % 2,
                    "state": "red" if number == 1 else None, **dict(zip(EDGES, edges, strict=True)),
                }
            )  # fmt: skip
    return build_set("some", CLASSES, images, boxes, root=root, licence="CC0-1.0")


def rows(images: ImageSet, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[c] for c in columns) for row in images.boxes.to_pylist()]


@pytest.mark.parametrize(
    ("format", "config"),
    [
        ("coco", ImportConfig()),
        ("bdd100k", ImportConfig(names=CLASSES)),
    ],
)
def test_json_formats_come_back_whole(format: str, config: ImportConfig, tmp_path: Path):
    whole = some_set(tmp_path)
    counts = export_set(format, whole, tmp_path / "out")
    assert (counts["boxes_read"], counts["boxes_kept"], counts["dropped"]) == (8, 8, {})
    back = import_set(format, tmp_path / "out", tmp_path / "back", config=config)
    assert back.classes == whole.classes
    assert back.names() == whole.names()
    assert rows(back, "image", "label", "ignore") == rows(whole, "image", "label", "ignore")
    np.testing.assert_allclose(rows(back, *EDGES), rows(whole, *EDGES), rtol=0, atol=1e-9)
    if format == "bdd100k":
        columns = ("occlusion_level", "state")
        assert rows(back, *columns) == rows(whole, *columns)
        assert back.column("timeofday") == ["night"] * 3
        assert back.column("sequence") == whole.column("sequence")
        assert back.column("frame") == [0, 1, 2]


def test_yolo_comes_back_but_for_what_it_cannot_hold(tmp_path: Path):
    whole = some_set(tmp_path)
    counts = export_set("yolo", whole, tmp_path / "out")
    assert counts["dropped"] == {"ignored box, which YOLO cannot hold": 2}
    assert (counts["boxes_read"], counts["boxes_kept"]) == (8, 6)
    back = import_set("yolo", tmp_path / "out", tmp_path / "back")
    assert back.names() == ["a_jpg.jpg", "a_png.png", "drive/b.jpg"]
    kept = whole.where(boxes="NOT ignore")
    assert rows(back, "label") == rows(kept, "label")
    np.testing.assert_allclose(rows(back, *EDGES), rows(kept, *EDGES), rtol=0, atol=1e-8)
    again = import_set("yolo", tmp_path / "out", tmp_path / "twice")
    export_set("yolo", again, tmp_path / "out2")
    thrice = import_set("yolo", tmp_path / "out2", tmp_path / "back2")
    np.testing.assert_allclose(rows(thrice, *EDGES), rows(back, *EDGES), rtol=0, atol=1e-8)


def test_yolo_keeps_splits_and_says_what_data_yaml_lacks(tmp_path: Path):
    whole = some_set(tmp_path, ("train", "train", "pool"))
    counts = export_set("yolo", whole, tmp_path / "out")
    about = yaml.safe_load((tmp_path / "out/data.yaml").read_text())
    # No `path`: trainers then take the folder of data.yaml itself.
    assert about == {
        "train": "images/train", "val": "images/train", "names": {0: "car", 1: "traffic light"},
    }  # fmt: skip
    assert counts["noted"] == {
        "image renamed (lineage.csv names both)": 2,
        "image of split pool, which data.yaml does not name": 1,
        "no split val: data.yaml names images/train for it": 1,
    }
    for image in (tmp_path / "out/images").rglob("*.*g"):
        assert image.is_symlink()
        label = Path(str(image).replace("/images/", "/labels/")).with_suffix(".txt")
        assert label.is_file()


def test_copies_are_copies(tmp_path: Path):
    whole = some_set(tmp_path)
    export_set("coco", whole, tmp_path / "out", copy=True)
    copied = tmp_path / "out/images/drive/b.jpg"
    assert not copied.is_symlink()
    assert copied.read_bytes() == (tmp_path / "pixels/drive/b.jpg").read_bytes()


def test_coco_loads_in_pycocotools(tmp_path: Path):
    from pycocotools.coco import COCO

    whole = some_set(tmp_path)
    export_set("coco", whole, tmp_path / "out")
    loaded = COCO(str(tmp_path / "out/annotations.json"))
    notes = loaded.loadAnns(loaded.getAnnIds())
    assert [note["iscrowd"] for note in notes] == [0, 0, 0, 1] * 2
    assert min(note["id"] for note in notes) == 1
    assert {c["name"] for c in loaded.loadCats(loaded.getCatIds())} == set(CLASSES)


def test_coco_ids_that_came_go_out_again(tmp_path: Path):
    size = {"width": 100, "height": 50}
    images = [
        {"image": f"{n}.jpg", "file": str(paint(tmp_path / f"{n}.jpg")),
         "attributes": {"coco_id": str(10 * n)}, **size}
        for n in (2, 1)
    ]  # fmt: skip
    whole = build_set("s", CLASSES, images, [], root=tmp_path)
    export_set("coco", whole, tmp_path / "out")
    about = json.loads((tmp_path / "out/annotations.json").read_text())
    assert {p["file_name"]: p["id"] for p in about["images"]} == {"1.jpg": 10, "2.jpg": 20}


def test_unlabelled_images_never_pass_for_background(tmp_path: Path):
    images = [
        {"image": n, "file": str(paint(tmp_path / n)), "labelled": n == "a.jpg", "width": 100,
         "height": 50}
        for n in ("a.jpg", "b.jpg")
    ]  # fmt: skip
    whole = build_set("s", CLASSES, images, [], root=tmp_path)
    counts = export_set("yolo", whole, tmp_path / "out")
    assert counts["dropped"] == {"unlabelled image, which would pass for background": 1}
    assert [p.name for p in (tmp_path / "out/images").iterdir()] == ["a.jpg"]


def test_an_export_is_done_once_and_a_torn_one_is_done_again(tmp_path: Path):
    whole = some_set(tmp_path)
    counts = export_set("yolo", whole, tmp_path / "out")
    (tmp_path / "out/labels/a_jpg.txt").write_text("kept as it is")
    assert export_set("yolo", whole, tmp_path / "out") == counts
    assert (tmp_path / "out/labels/a_jpg.txt").read_text() == "kept as it is"
    mark = json.loads((tmp_path / "out/export.json").read_text())
    (tmp_path / "out/export.json").write_text(json.dumps({**mark, "counts": None}))
    assert export_set("yolo", whole, tmp_path / "out") == counts
    assert (tmp_path / "out/labels/a_jpg.txt").read_text() != "kept as it is"


def test_what_cannot_be_exported_is_refused(tmp_path: Path):
    whole = some_set(tmp_path)
    with pytest.raises(
        DatasetError, match="exported as yolo, coco, voc, kitti, bdd100k, pairs; 'folder' is"
    ):
        export_set("folder", whole, tmp_path / "a")
    export_set("coco", whole, tmp_path / "f")
    with pytest.raises(BusyError, match="hold this very export; it holds 'some' as coco"):
        export_set("yolo", whole, tmp_path / "f")
    with pytest.raises(BusyError, match="hold this very export; it holds 'a.jpg'"):
        export_set("yolo", whole, tmp_path / "pixels")


@pytest.mark.parametrize(
    ("format", "rows", "message"),
    [
        ("coco", [{"image": "a.jpg", "labelled": False}], "holds labelled images; s has none"),
        ("yolo", [{"image": "a.jpg", "file": "pixels/a.jpg"}], "size; that of 'a.jpg' is unknown"),
        ("coco", [{"image": "z.jpg"}], r"An exported image must exist; .*z\.jpg does not"),
        (
            "yolo", [{"image": n} for n in ("a.jpg", "a.png", "a_jpg.bmp")],
            "must differ by more than their ending",
        ),
    ],
)  # fmt: skip
def test_a_set_that_cannot_be_exported_is_refused(
    format: str, rows: list[dict[str, Any]], message: str, tmp_path: Path
):
    paint(tmp_path / "pixels/a.jpg")
    bare = build_set("s", CLASSES, rows, [], root=tmp_path)
    with pytest.raises(DatasetError, match=message):
        export_set(format, bare, tmp_path / "out")
