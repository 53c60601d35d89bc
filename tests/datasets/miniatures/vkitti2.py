"""Virtual KITTI 2 in small, from a set of the built-in world: texts, masks of both kinds, depth."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from otherlight.images.dense import read_depth, read_ids
from otherlight.sets import ImageSet

from .kitti import put, write

LABELS = {"car": "Car", "van": "Van", "truck": "Truck"}
COLOURS = {"Car": (255, 127, 80), "Van": (0, 139, 139), "Truck": (160, 60, 60)}
"""Of classSegmentation, as colors.txt has them; the rest is Misc."""
_MISC = (80, 80, 80)
_BOXES = (
    "frame cameraID trackID left right top bottom number_pixels truncation_ratio occupancy_ratio "
    "isMoving"
)
_POSES = (
    "frame cameraID trackID alpha width height length world_space_X world_space_Y world_space_Z "
    "rotation_world_space_y rotation_world_space_x rotation_world_space_z camera_space_X "
    "camera_space_Y camera_space_Z rotation_camera_space_y rotation_camera_space_x "
    "rotation_camera_space_z"
)


def write_vkitti2(world: ImageSet, to: Path, variant: str = "clone") -> dict[str, str]:
    """Write a scene for each drive; hand back the miniature's key of each of the world's images.

    The world must have masks and depth, and be of JPEG files.
    """
    names: dict[str, str] = {}
    for number, drive in enumerate(sorted(set(world.column("sequence"))), 1):
        part = world.where(f"sequence = '{drive}'")
        path = f"Scene{number:02d}/{variant}"
        names |= _write_scene(part, to / path, path)
    return names


def _write_scene(world: ImageSet, to: Path, path: str) -> dict[str, str]:
    boxes = [box for box in world.boxes.to_pylist() if box["label"] in LABELS]
    tracks = {track: number for number, track in enumerate(sorted({b["track"] for b in boxes}))}
    kinds = {tracks[box["track"]]: LABELS[box["label"]] for box in boxes}
    names: dict[str, str] = {}
    lines, poses = [_BOXES], [_POSES]
    for row, file in zip(world.images.to_pylist(), world.files(), strict=True):
        frame = row["frame"]
        rgb = f"frames/rgb/Camera_0/rgb_{frame:05d}.jpg"
        names[row["image"]] = f"{path}/{rgb}"
        put(file, to / rgb)
        here = [box for box in boxes if box["image"] == row["image"]]
        lines += [_box(box, frame, tracks[box["track"]]) for box in here]
        poses += [_pose(box, frame, tracks[box["track"]]) for box in here]
        numbers = {box["box"] + 1: tracks[box["track"]] + 1 for box in here}
        _write_masks(read_ids(world.root / row["mask"]), numbers, kinds, to, frame)
        _write_depth(read_depth(world.root / row["depth"]), to, frame)
    write(to / "bbox.txt", lines)
    write(to / "pose.txt", poses)
    info = [f"{number} {kind} Model Colour" for number, kind in sorted(kinds.items())]
    write(to / "info.txt", ["trackID label model color", *info])
    return names


def _box(box: dict[str, Any], frame: int, track: int) -> str:
    # Whole pixels, both ends inside.
    edges = (box["left"], box["right"] - 1, box["top"], box["bottom"] - 1)
    shares = f"{box['truncation']:.6f} {1 - box['occlusion']:.6f} True"
    return f"{frame} 0 {track} {' '.join(f'{e:.0f}' for e in edges)} {box['pixels']} {shares}"


def _pose(box: dict[str, Any], frame: int, track: int) -> str:
    return f"{frame} 0 {track} 0 1.6 1.5 4 0 0 0 0 0 0 0 0 {box['depth_m']:.4f} 0 0 0"


def _write_masks(
    mask: np.ndarray, numbers: dict[int, int], kinds: dict[int, str], to: Path, frame: int
) -> None:
    """Write tracks + 1 as 8-bit palette numbers, and classes as colours."""
    way = np.zeros(int(mask.max()) + 1, np.uint8)
    for number, value in numbers.items():
        way[number] = value
    tracks = way[mask]
    instances = Image.fromarray(tracks)
    instances.putpalette(np.random.default_rng(0).integers(0, 256, 768, np.uint8).tobytes())
    colours = np.full((256, 3), _MISC, np.uint8)
    for track, kind in kinds.items():
        colours[track + 1] = COLOURS[kind]
    for folder, stem, image in (
        ("instanceSegmentation", "instancegt", instances),
        ("classSegmentation", "classgt", Image.fromarray(colours[tracks])),
    ):
        path = to / "frames" / folder / "Camera_0" / f"{stem}_{frame:05d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)


def _write_depth(metres: np.ndarray, to: Path, frame: int) -> None:
    """Write centimetres in 16 bits; the sky is the largest number."""
    values = np.minimum(np.rint(metres * 100), 65535).astype(np.uint16)
    path = to / "frames" / "depth" / "Camera_0" / f"depth_{frame:05d}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)
