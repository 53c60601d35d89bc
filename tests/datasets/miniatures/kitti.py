"""KITTI in small, from a set of the built-in world: detection and tracking, as published."""

import shutil
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from otherlight.sets import ImageSet

TYPES = {
    "car": "Car", "van": "Van", "truck": "Truck", "pedestrian": "Pedestrian",
    "cyclist": "Cyclist", "bus": "Misc",
}  # fmt: skip
"""What KITTI calls the world's classes; lights and signs it does not label."""
SPLIT = "training"


def write_detection(world: ImageSet, to: Path) -> dict[str, str]:
    """Write image_2 and label_2; hand back the miniature's key of each of the world's images."""
    boxes = boxes_by_image(world)
    names: dict[str, str] = {}
    for number, (key, file) in enumerate(zip(world.names(), world.files(), strict=True)):
        names[key] = f"{number:06d}.png"
        put(file, to / SPLIT / "image_2" / names[key])
        lines = [_line(box, f"{box['truncation']:.2f}") for box in boxes[key]]
        write(to / SPLIT / "label_2" / f"{number:06d}.txt", lines)
    return names


def write_tracking(world: ImageSet, to: Path) -> dict[str, str]:
    """Write image_02 and label_02: a file for each drive, lines that begin with frame and track."""
    boxes = boxes_by_image(world)
    drives = sorted(set(world.column("sequence")))
    tracks: dict[tuple[str, str], int] = {}
    lines: defaultdict[int, list[str]] = defaultdict(list)
    names: dict[str, str] = {}
    for row, file in zip(world.images.to_pylist(), world.files(), strict=True):
        drive, frame = drives.index(row["sequence"]), row["frame"]
        names[row["image"]] = f"{drive:04d}/{frame:06d}.png"
        put(file, to / SPLIT / "image_02" / names[row["image"]])
        for box in boxes[row["image"]]:
            cared = _kind(box) != "DontCare"
            track = tracks.setdefault((row["sequence"], box["track"]), len(tracks)) if cared else -1
            # Three degrees of truncation here, no share.
            degree = int(box["truncation"] > 0) + int(box["truncation"] > 0.5)
            lines[drive].append(f"{frame} {track} {_line(box, str(degree))}")
    for drive in range(len(drives)):
        write(to / SPLIT / "label_02" / f"{drive:04d}.txt", lines[drive])
    return names


def _kind(box: Mapping[str, Any]) -> str:
    return "DontCare" if box["ignore"] else TYPES[box["label"]]


def _line(box: Mapping[str, Any], truncated: str) -> str:
    edges = " ".join(f"{box[edge]:.2f}" for edge in ("left", "top", "right", "bottom"))
    if box["ignore"]:
        return f"DontCare -1 -1 -10 {edges} -1 -1 -1 -1000 -1000 -1000 -10"
    place = f"1.50 1.60 3.90 0.00 1.70 {box['depth_m']:.2f} 1.57"
    return f"{_kind(box)} {truncated} {box['occlusion_level']} 1.57 {edges} {place}"


def boxes_by_image(world: ImageSet) -> defaultdict[str, list[dict[str, Any]]]:
    """Collect the boxes that KITTI has a type for, things before regions."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for box in sorted(world.boxes.to_pylist(), key=lambda box: bool(box["ignore"])):
        if box["label"] in TYPES:
            found[box["image"]].append(box)
    return found


def put(file: Path, to: Path) -> None:
    """Copy one picture; its ending must be what it is."""
    assert file.suffix == to.suffix, "render the world with the format's own ending"
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, to)


def write(path: Path, lines: list[str]) -> None:
    """Write lines of text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
