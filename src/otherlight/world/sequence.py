"""Rendering one sequence: its pixels, its files, its rows."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from otherlight.images.files import encode
from otherlight.records.files import write_bytes, writing
from otherlight.records.seeds import numpy_generator
from otherlight.world.conditions import condition_of
from otherlight.world.config import WORLD, WorldConfig
from otherlight.world.flow import flow_between, flow_png
from otherlight.world.labels import depth_of, label_frame, mask_of
from otherlight.world.light import Picture
from otherlight.world.project import Packed, pack
from otherlight.world.scene import Scene
from otherlight.world.town import place_of, street_chance
from otherlight.world.traffic import draw_scene
from otherlight.world.two_wheelers import with_two_wheelers
from otherlight.world.view import View, look


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """One rendered frame with what is known of it.

    ``after`` is the view of the sequence's next frame, ``words`` go to the attributes.
    """

    frame: int
    seconds: float
    pixels: Picture
    packed: Packed
    view: View
    after: View | None
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
    packed = pack(_scene(config, sequence, journey))
    mood = condition.mood(
        numpy_generator(config.seed, *purpose, config.condition),
        **({"beta": config.beta} if condition.dense else {}),
    )
    words = {"beta": f"{mood.beta:.4g}"} if condition.dense else {}
    size, frames = (config.width, config.height), config.frames(sequence)
    views = (look(packed, size, frame * interval) for frame in frames)
    for frame, (view, after) in zip(frames, pairwise(chain(views, [None])), strict=True):
        assert view is not None
        chance = numpy_generator(config.seed, *purpose, config.condition, frame)
        pixels = condition.render(packed, view, mood, chance)
        yield Shot(
            frame=frame, seconds=frame * interval, pixels=pixels, packed=packed, view=view,
            after=after, words=words,
        )  # fmt: skip


def _scene(config: WorldConfig, sequence: int, journey: float) -> Scene:
    purpose = ("world", config.scenes, sequence)
    chance = numpy_generator(config.seed, *purpose)
    if config.places:
        street = street_chance(config.seed, config.streets, sequence % config.places)
        scene = draw_scene(street, journey, chance)
    else:
        scene = draw_scene(chance, journey)
    if config.two_wheelers:
        extra = numpy_generator(config.seed, *purpose, "two-wheelers")
        scene = with_two_wheelers(scene, extra, journey)
    return scene


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
    drive = f"{config.scenes}-{config.streets}" if config.places else config.scenes
    return {
        "image": name, "file": f"images/{name}",
        "width": config.width, "height": config.height, "channels": 3, "bits": 8,
        "split": config.split,
        "sequence": f"world-{config.seed}-{drive}-{sequence:06d}",
        "frame": shot.frame, "time_s": shot.seconds,
        "timeofday": condition.timeofday, "weather": condition.weather, "scene": "city street",
        "attributes": {"world": WORLD, "condition": config.condition} | shot.words,
    } | _where(config, sequence, shot)  # fmt: skip


def _where(config: WorldConfig, sequence: int, shot: Shot) -> dict[str, Any]:
    """Say which place a frame shows, and from where."""
    if not config.places:
        return {}
    place = place_of(config.seed, config.streets, sequence % config.places)
    east, north, heading = place.pose(shot.packed.scene.camera, shot.seconds)
    return {"place": place.name, "east_m": east, "north_m": north, "heading_deg": heading}


def _write_beside(config: WorldConfig, shot: Shot, stem: str, to: Path) -> dict[str, str]:
    """Write depth (float16 metres, numpy), mask (16-bit PNG) and flow (KITTI's) as asked for."""
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
    if config.flow and shot.after is not None:
        written["flow"] = f"flow/{stem}.png"
        data = flow_png(*flow_between(shot.packed, shot.view, shot.after))
        write_bytes(to / written["flow"], data, durable=False)
    return written
