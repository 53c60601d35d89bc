"""Small sources on disk, written as people have them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SHARED = Path(__file__).parents[3] / "shared" / "data"
"""Real images, where a checkout has them beside it; never part of the project."""


def paint(path: Path, width: int = 100, height: int = 50, seed: int = 0) -> Path:
    """Write one small picture of coarse noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 10, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize((width, height)).save(path)
    return path


def yolo(
    root: Path, labels: Mapping[str, str | None], classes: str | None = "car\nperson\n"
) -> Path:
    """Write images/ (100 x 50) and labels/ from {image: text of its labels}."""
    for seed, (name, text) in enumerate(labels.items()):
        paint(root / "images" / name, seed=seed)
        if text is not None:
            path = (root / "labels" / name).with_suffix(".txt")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if classes is not None:
        (root / "classes.txt").write_text(classes)
    return root


def as_json(path: Path, value: Any) -> Path:
    """Write JSON as it comes, NaN included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
    return path


def coco(root: Path, **changes: Any) -> Path:
    """Write images/ and annotations.json: two images, two boxes, one of them a crowd."""
    for seed, name in enumerate(("a.jpg", "b.jpg")):
        paint(root / "images" / name, seed=seed)
    size = {"width": 100, "height": 50}
    box = {"id": 7, "image_id": 3, "category_id": 2, "bbox": [10, 5, 20, 15], "iscrowd": 0}
    about: dict[str, Any] = {
        "info": {"description": "x"},
        "annotations": [box, {**box, "id": 8, "iscrowd": 1, "category_id": 9}],
        "images": [
            {"id": 3, "file_name": "a.jpg", **size},
            {"id": 4, "file_name": "b.jpg", **size},
        ],
        "categories": [{"id": 9, "name": "person"}, {"id": 2, "name": "car"}],
    }
    return as_json(root / "annotations.json", about | changes)


def frame(name: str = "0000f77c-6257be58.jpg", **changes: Any) -> dict[str, Any]:
    """One frame of BDD100K in the form of 2018."""
    label = {
        "category": "person",
        "attributes": {"occluded": True, "truncated": False, "trafficLightColor": "none"},
        "manualShape": True,
        "box2d": {"x1": 10, "y1": 5, "x2": 30.5, "y2": 20},
        "id": 12,
    }
    words = {"weather": "rainy", "scene": "city street", "timeofday": "dawn/dusk"}
    return {"name": name, "attributes": words, "timestamp": 10000, "labels": [label]} | changes
