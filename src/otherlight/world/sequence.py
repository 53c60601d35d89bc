"""Rendering one sequence: its pixels, its files, its rows."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from otherlight.images.files import encode
from otherlight.records.files import write_bytes, writing
from otherlight.records.seeds import numpy_generator
from otherlight.world.conditions import condition_of
from otherlight.world.config import WORLD, WorldConfig
from otherlight.world.labels import depth_of, label_frame, mask_of
from otherlight.world.light import Picture
from otherlight.world.project import Packed, pack
from otherlight.world.traffic import draw_scene
from otherlight.world.view import View, look


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """One rendered frame with what is known of it; ``words`` go to its attributes."""

    frame: int
    seconds: float
    pixels: Picture
    packed: Packed
    view: View
    words: dict[str, str]


def shoot(config: WorldConfig, sequence: int) -> Iterator[Shot]:
    """Render the frames of one sequence.

    The scene's chance knows the pool, the light's the condition too: so another condition sees
    the same scene, and a condition added later changes none of those before.
    """
    condition = condition_of(config.condition)
    purpose = ("world", config.scenes, sequence)
    interval = 1.0 / config.frames_per_second
    journey = config.frames_per_sequence * interval
    packed = pack(draw_scene(numpy_generator(config.seed, *purpose), journey))
    mood = condition.mood(
        numpy_generator(config.seed, *purpose, config.condition),
        **({"beta": config.beta} if condition.dense else {}),
    )
    words = {"beta": f"{mood.beta:.4g}"} if condition.dense else {}
    for frame in config.frames(sequence):
        chance = numpy_generator(config.seed, *purpose, config.condition, frame)
        view = look(packed, (config.width, config.height), frame * interval)
        pixels = condition.render(packed, view, mood, chance)
        yield Shot(
            frame=frame, seconds=frame * interval, pixels=pixels, packed=packed, view=view,
            words=words,
        )  # fmt: skip


def render_sequence(config: WorldConfig, sequence: int, to: Path) -> dict[str, Any]:
    """Render one sequence into a folder; hand back its rows of images and boxes."""
    images: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for shot in shoot(config, sequence):
        stem = f"{sequence:06d}_{shot.frame:02d}"
        data = encode(shot.pixels, config.suffix)
        write_bytes(to / "images" / f"{stem}{config.suffix}", data, durable=False)
        row = _image_row(config, sequence, shot) | {"sha256": hashlib.sha256(data).hexdigest()}
        row |= _write_beside(config, shot, stem, to)
        images.append(row)
        found = label_frame(shot.packed, shot.view)
        boxes += [{"image": row["image"], "box": box, **rest} for box, rest in enumerate(found)]
    return {"images": images, "boxes": boxes}


def _image_row(config: WorldConfig, sequence: int, shot: Shot) -> dict[str, Any]:
    condition = condition_of(config.condition)
    name = f"{sequence:06d}_{shot.frame:02d}{config.suffix}"
    return {
        "image": name, "file": f"images/{name}",
        "width": config.width, "height": config.height, "channels": 3, "bits": 8,
        "split": config.split,
        "sequence": f"world-{config.seed}-{config.scenes}-{sequence:06d}",
        "frame": shot.frame, "time_s": shot.seconds,
        "timeofday": condition.timeofday, "weather": condition.weather, "scene": "city street",
        "attributes": {"world": WORLD, "condition": config.condition} | shot.words,
    }  # fmt: skip


def _write_beside(config: WorldConfig, shot: Shot, stem: str, to: Path) -> dict[str, str]:
    """Write depth (float16 metres, numpy) and mask (16-bit PNG) where asked for."""
    written: dict[str, str] = {}
    if config.depth:
        written["depth"] = f"depth/{stem}.npy"
        with (
            writing(to / written["depth"], durable=False) as temporary,
            temporary.open("wb") as file,
        ):
            np.save(file, depth_of(shot.view))
    if config.mask:
        written["mask"] = f"mask/{stem}.png"
        data = cv2.imencode(".png", mask_of(shot.packed, shot.view))[1]
        write_bytes(to / written["mask"], data.tobytes(), durable=False)
    return written
