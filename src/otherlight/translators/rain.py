"""Rain, our own: dull light, a wet road, streaks in the air and, if wanted, drops on the glass.

Streaks follow the photometry of Garg and Nayar 2007 (https://doi.org/10.1007/s11263-006-0028-6) in
short: a drop shows the sky, whatever is behind it, and covers the less the longer it streaks. The
road is found by its looks and mirrors the image turned over at the horizon: a wet road's true
mirror image, puddles' edges, spray and wipers are not modelled.
"""

from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from jaxtyping import Float32
from torch import Generator

from otherlight.images.dense import Metres
from otherlight.images.tensors import Tones
from otherlight.translators.one_by_one import (
    OneByOne,
    Range,
    between,
    between_by_ratio,
    check_range,
)
from otherlight.translators.particles import Shower, cover
from otherlight.translators.scenery import (
    HORIZON,
    Plain,
    displayed,
    distance_of,
    ground_of,
    linear,
    on_road,
    overcast,
    sky_of,
    veiled,
)

_FALL = 8.0
"""Metres a second."""


@dataclass(frozen=True, kw_only=True)
class RainConfig:
    """What can be chosen about rain; each image draws its own values."""

    hard: Range = (0.1, 1.0)
    """From drizzle, 0, to downpour, 1: more and longer streaks."""
    visibility: Range = (250.0, 1500.0)
    """Metres at which a black thing keeps 5 % of its contrast; each doubling is as likely."""
    darkness: Range = (0.45, 0.75)
    """The share of the light that the clouds let through."""
    wet: Range = (0.3, 0.7)
    """How much the road mirrors."""
    drops: tuple[int, int] = (0, 0)
    """How many drops sit on the glass before the camera."""
    use_depth: bool = True
    """Read depth where the set knows it; false guesses it for every image."""

    def __post_init__(self) -> None:
        check_range("hard", self.hard, 0.0, 1.0)
        check_range("visibility", self.visibility, 1.0)
        check_range("darkness", self.darkness, 0.01, 1.0)
        check_range("wet", self.wet, 0.0, 1.0)
        check_range("drops", self.drops, 0.0, 1000.0)


def build_rain(config: RainConfig, generator: Generator) -> OneByOne:
    """Dull an image, wet its road, and let streaks fall before it."""
    del generator
    return OneByOne(partial(_show, config), wants_depth=config.use_depth)


def _show(
    config: RainConfig, tones: Tones, chance: np.random.Generator, depth: Metres | None
) -> Tones:
    sky = sky_of(tones, depth)
    distance = distance_of(tones, depth, sky)
    hard = between(chance, config.hard)
    cloud = np.float32(between(chance, (0.45, 0.75))) * np.ones(3, np.float32)
    light = overcast(linear(tones), sky, cloud, 0.5)
    light = _wet(light, ground_of(tones, sky), between(chance, config.wet), chance)
    light = veiled(light, distance, between_by_ratio(chance, config.visibility), cloud)
    light = light * np.float32(between(chance, config.darkness))
    streaks = cover(_shower(hard, chance), distance, chance)[..., None]
    light += np.float32(0.6) * streaks * (cloud * np.float32(0.9) - light)
    number = int(chance.integers(config.drops[0], config.drops[1] + 1))
    return displayed(_through_drops(light, number, chance))


def _shower(hard: float, chance: np.random.Generator) -> Shower:
    """Drops of hard rain are larger, and so fall faster."""
    shutter, fall = chance.uniform(0.008, 0.018), _FALL + 2.0 * hard
    return Shower(
        number=int(300 + 1800 * hard), reach=(1.6, 25.0), size=(0.001, 0.0015 + 0.0015 * hard),
        way=(chance.normal(0.0, 1.5) * shutter, fall * shutter), gusts=0.06,
    )  # fmt: skip


def _wet(light: Tones, road: Plain, wet: float, chance: np.random.Generator) -> Tones:
    """Darken the road, as water does, and let it mirror what stands over the horizon."""
    height, width = road.shape
    rows = 2.0 * HORIZON * height - np.arange(height, dtype=np.float32) - 1.0
    turned = light[np.clip(np.rint(rows), 0, height - 1).astype(np.int64)]
    sigma = max(0.3, 0.05 * height)
    # Rough asphalt draws mirror images out, upwards more than aside.
    mirror = cv2.GaussianBlur(turned, (0, 0), max(0.3, sigma / 5), sigmaY=sigma)
    mirror = np.asarray(mirror, np.float32).reshape(light.shape)
    share = np.clip(wet + 0.3 * on_road(chance, height, width, 1.5), 0.0, 1.0) * road
    # It mirrors the more, the flatter one looks at it.
    below = np.maximum(np.arange(height, dtype=np.float32) / height - HORIZON, 0.0)
    flat = 0.15 + 0.55 * np.exp(-below / 0.2)
    share = (share * flat[:, None])[..., None].astype(np.float32)
    soaked = light * (1.0 - 0.35 * road * np.float32(wet))[..., None]
    return soaked * (1.0 - share) + mirror * share


def _through_drops(light: Tones, number: int, chance: np.random.Generator) -> Tones:
    """Look through drops: small lenses, out of focus, that turn the scene over."""
    if not number:
        return light
    height, width = light.shape[:2]
    longer = max(height, width)
    across, down = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    hazy = cv2.GaussianBlur(light, (0, 0), max(0.3, longer / 150)).reshape(light.shape)
    shown, share = hazy.copy(), np.zeros((height, width), np.float32)
    for _ in range(number):
        centre = chance.random(2) * (width, height)
        radius = longer * (0.006 + 0.03 * chance.random() ** 3)
        _add_drop(hazy, (across, down), shown, share, (float(centre[0]), float(centre[1]), radius))
    share = np.asarray(cv2.GaussianBlur(share, (0, 0), max(0.3, longer / 400)), np.float32)
    return light + share.reshape(height, width, 1) * (shown - light)


def _add_drop(
    hazy: Tones,
    grid: tuple[Plain, Plain],
    shown: Tones,
    share: Float32[np.ndarray, "height width"],
    drop: tuple[float, float, float],
) -> None:
    """Paint one drop (right, down, radius) and mark where it is."""
    height, width = share.shape
    right, below, radius = drop
    rows = slice(max(0, int(below - radius)), min(height, int(below + radius) + 2))
    columns = slice(max(0, int(right - radius)), min(width, int(right + radius) + 2))
    aside = (grid[0][rows, columns] - np.float32(right)) / np.float32(radius)
    under = (grid[1][rows, columns] - np.float32(below)) / np.float32(radius)
    inside = aside**2 + under**2 < 1.0
    if not inside.any():
        return
    field = 0.2 * max(height, width)
    seen = cv2.remap(
        hazy,
        np.clip(right - aside * field, 0, width - 1).astype(np.float32),
        np.clip(below - under * field, 0, height - 1).astype(np.float32),
        cv2.INTER_LINEAR,
    ).reshape(*inside.shape, 3)
    shown[rows, columns][inside] = seen[inside]
    share[rows, columns][inside] = 0.85
