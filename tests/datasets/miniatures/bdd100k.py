"""BDD100K in small, from a set of the built-in world: labels of 2018 beside images/100k."""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zlib import crc32

from otherlight.sets import ImageSet

from .kitti import put

CATEGORIES = {
    "car": "car", "van": "car", "truck": "truck", "bus": "bus", "pedestrian": "person",
    "cyclist": "rider", "motorcycle": "motor", "bicycle": "bike", "rider": "rider",
    "traffic_light": "traffic light", "traffic_sign": "traffic sign",
}  # fmt: skip
"""The categories of 2018, by the world's classes."""
_TIMES = {"day": "daytime", "night": "night", "twilight": "dawn/dusk"}
_WEATHERS = {
    "clear": "clear", "partly_cloudy": "partly cloudy", "overcast": "overcast", "rain": "rainy",
    "snow": "snowy", "fog": "foggy",
}  # fmt: skip
LANE = {
    "category": "lane", "manualShape": True, "manualAttributes": True, "id": 999,
    "attributes": {"direction": "parallel", "style": "solid", "type": "road curb"},
    "poly2d": [{"vertices": [[0, 9.5], [30, 2.25]], "types": "LL", "closed": False}],
}  # fmt: skip
"""What no detector learns, and every official frame has."""


def write_bdd100k(world: ImageSet, to: Path, split: str = "train") -> dict[str, str]:
    """Write images/100k and labels; hand back the miniature's key of each of the world's images.

    The world must be of JPEG files. Names are made as the official ones are, and drives keep
    together by their first part. Ignored boxes are left out: nobody would have labelled them.
    """
    boxes: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for box in world.boxes.to_pylist():
        if not box["ignore"]:
            boxes[box["image"]].append(box)
    names: dict[str, str] = {}
    frames: list[dict[str, Any]] = []
    for row, file in zip(world.images.to_pylist(), world.files(), strict=True):
        drive, key = crc32(row["sequence"].encode()), crc32(row["image"].encode())
        name = names[row["image"]] = f"{drive:08x}-{key:08x}.jpg"
        put(file, to / "images" / "100k" / split / name)
        words = {
            "weather": _WEATHERS[row["weather"]], "scene": row["scene"],
            "timeofday": _TIMES[row["timeofday"]],
        }  # fmt: skip
        labels = [_label(box, number) for number, box in enumerate(boxes[row["image"]])]
        frames.append(
            {"name": name, "attributes": words, "timestamp": 10000, "labels": [*labels, LANE]}
        )
    path = to / "labels" / f"bdd100k_labels_images_{split}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(frames, indent=4))
    return names


def _label(box: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {
        "category": CATEGORIES[box["label"]],
        "attributes": {
            "occluded": box["occlusion_level"] >= 1,
            "truncated": box["truncation"] > 0,
            "trafficLightColor": box["state"] or "none",
        },
        "manualShape": True,
        "manualAttributes": True,
        "box2d": {"x1": box["left"], "y1": box["top"], "x2": box["right"], "y2": box["bottom"]},
        "id": number,
    }
