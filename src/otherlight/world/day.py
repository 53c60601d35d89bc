"""Clear day: sun and sky, shadows on the ground, haze in the distance."""

import math
from dataclasses import dataclass

import numpy as np

from otherlight.world.light import (
    Picture,
    developed,
    footprint,
    footprints,
    graded,
    grained,
    shown,
    signals_lit,
    space_of,
    vignette,
)
from otherlight.world.project import Packed
from otherlight.world.shapes import Material
from otherlight.world.view import View


@dataclass(frozen=True, kw_only=True, slots=True)
class Sun:
    """The light of one sequence by day, and how the camera takes it.

    ``direction`` points to the sun; ``sun``, ``sky``, ``zenith`` and ``haze`` are colours.
    ``contrast`` is the exponent of the tone curve, ``richness`` scales what differs from grey.
    """

    direction: tuple[float, float, float]
    sun: tuple[float, float, float]
    sky: tuple[float, float, float]
    zenith: tuple[float, float, float]
    haze: tuple[float, float, float]
    exposure: float
    contrast: float
    richness: float
    noise: float


def draw_sun(chance: np.random.Generator) -> Sun:
    """Choose the hour, the clearness of the air and the camera's manner.

    Cameras and hours differ widely, as they do in driving sets: a detector that has seen only one
    exposure knows nothing of light.
    """
    high, around = chance.uniform(0.25, 1.15), chance.uniform(0, 2 * math.pi)
    low = min(max((0.75 - high) / 0.5, 0.0), 1.0) * chance.uniform(0.3, 1.0)
    blue, power = chance.uniform(0.6, 1.1), chance.uniform(0.4, 1.5)
    warm = chance.normal(0, 0.05)
    return Sun(
        direction=(
            math.cos(high) * math.sin(around), math.sin(high), math.cos(high) * math.cos(around)
        ),
        sun=(power, power * (0.95 - 0.14 * low), power * (0.87 - 0.36 * low)),
        sky=(0.42 * (1 + warm), 0.47, 0.54 * (1 - warm)),
        zenith=(0.13 * blue, 0.28 * blue, 0.62),
        haze=(0.72 + 0.1 * low, 0.76, 0.82 - 0.12 * low),
        exposure=math.exp(chance.uniform(math.log(0.45), math.log(1.5))),
        contrast=chance.uniform(0.85, 1.35),
        richness=chance.uniform(0.55, 1.15),
        noise=chance.uniform(0.5, 3.0),
    )  # fmt: skip


def render_day(packed: Packed, view: View, sun: Sun, chance: np.random.Generator) -> Picture:
    """Light one frame by day."""
    space = space_of(view)
    light = shown(_lit_faces(packed, view, sun), view)
    shade, close = _shadows(packed, view, sun)
    direct, sky = np.asarray(sun.sun) * sun.direction[1], np.asarray(sun.sky)
    kept = (sky / (sky + direct)).astype(np.float32)
    light *= 1.0 - (shade * space.ground)[..., None] * (1.0 - kept)
    light *= (1.0 - 0.55 * close * space.ground)[..., None]
    light *= (1.0 + 0.12 * grained(view, space, packed))[..., None]
    clear = np.exp(-space.forward / 650.0) * (1.0 - space.sky)
    light = light * clear[..., None] + _sky(view, sun) * (1.0 - clear)[..., None]
    light *= sun.exposure * vignette(view.lens.width, view.lens.height, 0.28)
    light = graded(light, sun.contrast, sun.richness)
    return developed(light, (0.004 * sun.noise, 0.005 * sun.noise), chance)


def _lit_faces(packed: Packed, view: View, sun: Sun) -> np.ndarray:
    """Light every face once; within a face it is the same everywhere."""
    toward = np.asarray(sun.direction, np.float32)
    facing = np.maximum(view.normal @ toward, 0.0)[:, None]
    upward = (0.72 + 0.28 * view.normal[:, 1:2]) * np.asarray(sun.sky, np.float32)
    table = view.colour * (facing * np.asarray(sun.sun, np.float32) + upward)
    # Glass mirrors some sky.
    glass = np.isin(view.material, (Material.GLASS, Material.WINDOW))
    table[glass] += 0.10 * np.asarray(sun.haze, np.float32)
    lit = signals_lit(packed, view)
    table[lit] += view.glow[lit] * 0.95
    return table.astype(np.float32)


def _shadows(packed: Packed, view: View, sun: Sun) -> tuple[np.ndarray, np.ndarray]:
    """Find where the ground lies in the shadow of things, and where it is close under one."""
    things, place = packed.scene.things, view.place
    near = (place[:, 2] > -25) & (place[:, 2] < 110)
    casts = np.flatnonzero(near & np.array([thing.shadow for thing in things]))
    low, size = footprint(packed, view, casts)
    high = np.array([things[i].mesh.corners[..., 1].max() for i in casts], np.float32)
    fall = -np.array([sun.direction[0], sun.direction[2]], np.float32) / sun.direction[1]
    shade = footprints(view, low, size, high[:, None] * fall)
    alive = np.array([things[i].label is not None for i in casts], bool)
    close = footprints(view, low[alive] - 0.1, size[alive] + 0.2, size[alive] * 0)
    return shade, close


def _sky(view: View, sun: Sun) -> np.ndarray:
    """Paint the sky from the horizon up; haze takes its colour there too."""
    rows = np.arange(view.lens.height, dtype=np.float32)
    share = np.clip((view.lens.down - rows) / (0.5 * view.lens.height), 0, 1) ** 0.7
    column = np.asarray(sun.haze) * (1 - share[:, None]) + np.asarray(sun.zenith) * share[:, None]
    return column[:, None, :].astype(np.float32)
