"""Real samples come in whole: images, boxes by class and ignored ones are those that were counted.

Counts were taken from the files by other means. DAWN's VOC files, KITTI's, Scalabel's cases, the
pairs of the game and the places have their tests beside their formats.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from otherlight.datasets import ImportConfig, import_set

from .sources import SHARED

COCO_FROM_1 = ("person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck")
SAMPLES: list[tuple[str, str, str | None, dict[str, Any], int, dict[str, int]]] = [
    (
        "yolo", "dawn_fog/yolo_orig_ids", "dawn_fog/images",
        {"names": COCO_FROM_1, "class_base": 1}, 200,
        {"person": 95, "bicycle": 14, "car": 1022, "motorcycle": 17, "bus": 59, "truck": 88},
    ),
    (
        "yolo", "highway40", None, {}, 350,
        {"bus": 94, "car": 180, "motorbike": 203, "person": 271, "truck": 101},
    ),
    (
        "yolo", "carla", None, {}, 350,
        {"vehicle": 559, "bike": 72, "motobike": 29, "traffic_light": 504, "traffic_sign": 43},
    ),
    (
        "bdd100k", "formats/bdd100k_v1/bdd100k_labels_images_v1_fragment.json", None,
        {"pixels": False}, 1, {"traffic light": 1},
    ),
]  # fmt: skip

pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="no real images beside this checkout")


@pytest.mark.parametrize(("format", "source", "images", "options", "count", "boxes"), SAMPLES)
def test_images_and_boxes_by_class(
    format: str,
    source: str,
    images: str | None,
    options: dict[str, Any],
    count: int,
    boxes: dict[str, int],
    tmp_path: Path,
):
    got = import_set(
        format,
        SHARED / source,
        tmp_path / "out",
        images=SHARED / images if images else None,
        config=ImportConfig(**options),
    )
    assert len(got) == count
    assert dict(Counter(got.boxes["label"].to_pylist())) == boxes


@pytest.mark.parametrize(
    ("light", "images", "boxes", "crowds"), [("day", 50, 241, 158), ("night", 72, 210, 254),
                                             ("dusk", 30, 338, 245)]
)  # fmt: skip
def test_one_street_in_three_formats(
    light: str, images: int, boxes: int, crowds: int, tmp_path: Path
):
    road = SHARED / "roadscene"
    there = road / "images" / light
    coco = import_set("coco", road / f"coco_{light}.json", tmp_path / "coco", images=there)
    ignored = coco.boxes["ignore"].to_pylist()
    assert (len(coco), len(ignored), sum(ignored)) == (images, boxes + crowds, crowds)
    words = ImportConfig(names=("vehicle", "person"))
    scalabel = import_set(
        "bdd100k",
        road / f"scalabel_{light}.json",
        tmp_path / "bdd",
        images=there,
        config=ImportConfig(classes={"vehicle": ("car",), "person": ("pedestrian",)}),
    )
    yolo = import_set("yolo", road / "labels_yolo" / light, tmp_path / "yolo", images=there,
                      config=words)  # fmt: skip
    labels = zip(coco.boxes["label"].to_pylist(), ignored, strict=True)
    wanted = Counter(label for label, crowd in labels if not crowd)
    for other in (scalabel, yolo):
        assert (len(other), other.boxes.num_rows) == (images, boxes)
        assert Counter(other.boxes["label"].to_pylist()) == wanted
