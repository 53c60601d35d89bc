"""One small valid source of each format and layout: what the fuzzing begins from."""

import csv
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ..miniatures.pictures import draw_places
from ..miniatures.retrieval import write_revisited, write_sfm120k, write_tokyo247
from ..sources import as_json, coco, frame, paint, yolo

Seed = Callable[[Path], Path]
"""Writes a source under a folder and returns what an import is pointed to."""

_SIZE = (16, 12)
_XML = (
    "<annotation><filename>a.jpg</filename><size><width>100</width><height>50</height></size>"
    "<object><name>car</name><pose>Left</pose><truncated>1</truncated><difficult>0</difficult>"
    "<bndbox><xmin>11</xmin><ymin>5</ymin><xmax>30</xmax><ymax>20.5</ymax></bndbox></object>"
    "</annotation>"
)
_OBJECT = "0.00 1 -1.57 10 5 30 20 1.65 1.67 3.64 -0.65 1.71 46.70 -1.59"
_BBOX = (
    "frame cameraID trackID left right top bottom number_pixels truncation_ratio occupancy_ratio "
    "isMoving\n0 0 3 10 29 5 19 300 0.25 0.6 True\n1 1 3 10 29 5 19 0 0 0 False\n"
)


def yolo_folders(root: Path) -> Path:
    return yolo(root, {"a.jpg": "0 0.5 0.5 0.2 0.4\n", "b.jpg": "1 .1 .1 .3 .1 .2 .4\n"})


def yolo_splits(root: Path) -> Path:
    yolo(root, {"train/a.jpg": "0 0.5 0.5 0.2 0.4\n", "val/b.jpg": "1 0.5 0.5 0.2 0.4\n"}, None)
    (root / "more.txt").write_text("./images/more/c.jpg\n")
    paint(root / "images" / "more" / "c.jpg", *_SIZE)
    head = "path: .\ntrain: images/train\nval: [images/val, more.txt]\nnames: {0: car, 1: person}\n"
    (root / "data.yaml").write_text(head)
    return root


def coco_file(root: Path) -> Path:
    coco(root)
    return root / "annotations.json"


def bdd100k_2018(root: Path) -> Path:
    paint(root / "images" / "0000f77c-6257be58.jpg")
    return as_json(root / "labels.json", [frame()])


def bdd100k_scalabel(root: Path) -> Path:
    names = [f"b1c66a42/b1c66a42-000000{number}.jpg" for number in (1, 2)]
    for name in names:
        paint(root / "images" / name)
    drive = {"videoName": "b1c66a42", "frameIndex": 0}
    frames = [frame(name, **drive | {"frameIndex": n}) for n, name in enumerate(names)]
    return as_json(root / "labels.json", {"frames": frames, "config": {}})


def bdd100k_columns(root: Path) -> Path:
    """As `bdd100k_scalabel`; the tests read it as if it were large."""
    return bdd100k_scalabel(root)


def bdd100k_tracking(root: Path) -> Path:
    for drive in ("b1c66a42-6f7d68ca", "b1c66a42-00000001"):
        name = f"{drive}-0000001.jpg"
        paint(root / "images" / "track" / "train" / drive / name)
        label = {"id": "00091", "category": "car", "box2d": {"x1": 1, "y1": 5, "x2": 30, "y2": 20}}
        frames = [{"name": name, "videoName": drive, "frameIndex": 0, "labels": [label]}]
        as_json(root / "labels" / "box_track_20" / "train" / f"{drive}.json", frames)
    return root / "labels" / "box_track_20" / "train"


def voc(root: Path) -> Path:
    for stem in "ab":
        paint(root / "JPEGImages" / f"{stem}.jpg", seed=ord(stem))
        (root / "Annotations").mkdir(exist_ok=True)
        (root / "Annotations" / f"{stem}.xml").write_text(_XML)
    lists = root / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\n")
    (lists / "val.txt").write_text("b  1\n")
    return root


def kitti_detection(root: Path) -> Path:
    paint(root / "training" / "image_2" / "000000.png")
    (root / "training" / "label_2").mkdir()
    text = f"Car {_OBJECT}\nDontCare -1 -1 -10 50 10 60 20 -1 -1 -1 -1000 -1000 -1000 -10\n"
    (root / "training" / "label_2" / "000000.txt").write_text(text)
    return root


def kitti_tracking(root: Path) -> Path:
    for number in (0, 1):
        paint(root / "image_02" / "0003" / f"{number:06d}.png", seed=number)
    (root / "label_02").mkdir()
    (root / "label_02" / "0003.txt").write_text(f"0 1 Car {_OBJECT}\n1 1 Van {_OBJECT}\n")
    return root


def vkitti2(root: Path) -> Path:
    for variant in ("Scene01/clone", "Scene01/fog"):
        folder = root / variant
        for part, stem, suffix in (("rgb", "rgb", "jpg"), ("depth", "depth", "png")):
            for number in (0, 1):
                name = f"Camera_{number}/{stem}_{number:05d}.{suffix}"
                paint(folder / "frames" / part / name, *_SIZE)
        (folder / "bbox.txt").write_text(_BBOX)
        (folder / "info.txt").write_text("trackID label model color\n3 Car Hatchback Blue\n")
        pose = "frame cameraID trackID alpha camera_space_Z\n0 0 3 -1.5 12.5\n"
        (folder / "pose.txt").write_text(pose)
    return root


def cityscapes(root: Path) -> Path:
    stem = "train/ulm/ulm_000000_000019"
    paint(root / "leftImg8bit" / f"{stem}_leftImg8bit.png")
    paint(root / "gtFine" / f"{stem}_gtFine_instanceIds.png")
    car = {"label": "car", "polygon": [[10, 20], [29, 5], [15, 30.5]]}
    value = {"imgHeight": 50, "imgWidth": 100, "objects": [car, {**car, "label": "ridergroup"}]}
    as_json(root / "gtFine" / f"{stem}_gtFine_polygons.json", value)
    return root


def folder(root: Path) -> Path:
    for name in ("a.jpg", "deep/er/b.png", "c.webp"):
        paint(root / name, *_SIZE)
    return root


def pairs_apart(root: Path) -> Path:
    for name in ("trainA/1.jpg", "trainB/1.jpg", "testA/2.png", "testB/3.png"):
        paint(root / name, *_SIZE)
    return root


def pairs_side_by_side(root: Path) -> Path:
    for name in ("train/1.jpg", "train/2.png", "test/x/1.jpg"):
        paint(root / name, 32, 12)
    return root


def video(root: Path) -> Path:
    import av

    with av.open(str(root / "drive.avi"), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=Fraction(10))
        stream.width, stream.height, stream.pix_fmt = 32, 16, "yuv420p"
        for number in range(3):
            pixels = np.full((16, 32, 3), 60 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode())
    return root


def lists(root: Path) -> Path:
    for name in ("ims/a.jpg", "ims/b.png"):
        paint(root / name, *_SIZE)
    (root / "train.txt").write_text("ims/a.jpg\nims/b.png\n")
    return root / "train.txt"


def places(root: Path) -> Path:
    rows = [("file", "domain", "place", "traverse", "frame")]
    for number, name in enumerate(("day/a.jpg", "night/a.jpg")):
        paint(root / name, *_SIZE)
        rows.append((name, name.partition("/")[0], "cam0", "v1", str(number)))
    with (root / "places.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return root


def sfm120k(root: Path) -> Path:
    return write_sfm120k(root, draw_places(2, views=2, size=_SIZE), val={"place_1"})


def revisited(root: Path) -> Path:
    return write_revisited(root, "roxford5k", draw_places(2, views=4, size=_SIZE))


def tokyo247(root: Path) -> Path:
    return write_tokyo247(root, draw_places(2, views=2, size=_SIZE))


SEEDS: Mapping[str, Sequence[Seed]] = {
    "yolo": (yolo_folders, yolo_splits),
    "coco": (coco_file,),
    "voc": (voc,),
    "kitti": (kitti_detection, kitti_tracking),
    "bdd100k": (bdd100k_2018, bdd100k_scalabel, bdd100k_columns, bdd100k_tracking),
    "vkitti2": (vkitti2,),
    "cityscapes": (cityscapes,),
    "pairs": (pairs_apart, pairs_side_by_side),
    "video": (video,),
    "lists": (lists,),
    "places": (places,),
    "sfm120k": (sfm120k,),
    "revisited": (revisited,),
    "tokyo247": (tokyo247,),
    "folder": (folder,),
}
"""By the name of the format; one that is not here fails the tests."""
