"""A night-like augmentation, our own, without a network and without a reference.

It follows what papers describe in words as night-like augmentation of day images: darkening, lost
contrast, glare, blur and noise, each drawn anew per image. Beyond that the sky is darkened, the
brightest part by day, and the own head lights fall on what is near. Glare sits where the image has
small bright spots, so not where lamps truly are; surfaces keep the day's shadows.
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
from otherlight.translators.scenery import (
    HORIZON,
    Plain,
    displayed,
    distance_of,
    lightness,
    linear,
    rows_of,
    sky_of,
    soft,
)

_LAMPS = (
    ((1.0, 0.95, 0.86), 0.40),
    ((0.86, 0.93, 1.0), 0.15),
    ((1.0, 0.64, 0.28), 0.20),
    ((1.0, 0.16, 0.08), 0.25),
)
"""Colours of lamps and how many have them: halogen, LED, sodium, tail lights."""
_HALO = ((0.35, 0.5), (1.2, 0.09), (4.0, 0.016))
"""What a lens makes of a lamp: (radius in hundredths of the longer side, light in its middle)."""


@dataclass(frozen=True, kw_only=True)
class NightConfig:
    """What can be chosen about the night; each image draws its own values."""

    ambient: Range = (0.015, 0.1)
    """The share of the day's light that is left; each doubling is as likely."""
    contrast: Range = (1.0, 1.35)
    """The power that light is raised to before it is darkened: dark surfaces sink further."""
    headlights: Range = (0.15, 0.7)
    """The own lamps' light close before the car, in shares of the day's."""
    glare: tuple[int, int] = (2, 9)
    """How many lamps shine into the camera."""
    blur: Range = (0.05, 0.25)
    """Of the lens and of movement, in hundredths of the longer side."""
    noise: Range = (0.008, 0.03)
    """The sensor's, in shares of white."""
    use_depth: bool = True
    """Read depth where the set knows it; false guesses it for every image."""

    def __post_init__(self) -> None:
        check_range("ambient", self.ambient, 1e-4, 1.0)
        check_range("contrast", self.contrast, 0.1, 10.0)
        check_range("headlights", self.headlights, 0.0, 10.0)
        check_range("glare", self.glare, 0.0, 1000.0)
        check_range("blur", self.blur, 0.0, 10.0)
        check_range("noise", self.noise, 0.0, 1.0)


def build_night(config: NightConfig, generator: Generator) -> OneByOne:
    """Darken an image, light it by own head lights, add glare, blur and noise."""
    del generator
    return OneByOne(partial(_show, config), wants_depth=config.use_depth)


def _show(
    config: NightConfig, tones: Tones, chance: np.random.Generator, depth: Metres | None
) -> Tones:
    sky = sky_of(tones, depth)
    distance = distance_of(tones, depth, sky)
    day = np.power(linear(tones), np.float32(between(chance, config.contrast)))
    lit = between_by_ratio(chance, config.ambient) * _cast(chance)
    lit = lit + between(chance, config.headlights) * _beam(distance)[..., None]
    light = day * lit * (1.0 - sky[..., None])
    light += sky[..., None] * _glow(chance, sky.shape[0])
    light += _glare(
        tones, distance, int(chance.integers(config.glare[0], config.glare[1] + 1)), chance
    )
    light = _blurred(light, between(chance, config.blur))
    # A sensor at its gain bends over softly towards white.
    shown = displayed(1.0 - np.exp(np.float32(-between(chance, (1.3, 2.6))) * light))
    # Shot noise is even in tones; a sensor's own shows where it is dark.
    grain = chance.standard_normal(shown.shape, np.float32)
    strength = np.float32(between(chance, config.noise))
    return shown + grain * strength * (0.5 + 0.5 * 0.15 / (shown + 0.15))


def _cast(chance: np.random.Generator) -> Float32[np.ndarray, " 3"]:
    """Draw the colour of the town's light: from sodium's orange to the blue of a clear dusk."""
    warm = chance.uniform(-0.25, 0.35)
    return np.array([1.0 + warm, 1.0, 1.0 - warm], np.float32)


def _beam(distance: Plain) -> Plain:
    """Say how much of the head lights' light falls on every pixel; they look ahead and down."""
    height, width = distance.shape
    across = (np.arange(width, dtype=np.float32) + 0.5) / width - 0.5
    aside = np.exp(-0.5 * (across / 0.28) ** 2)[None, :]
    above = np.maximum(HORIZON - rows_of(height), 0.0)
    dipped = 0.12 + 0.88 * np.exp(-((above / 0.05) ** 2))
    return (aside * dipped / (1.0 + (distance / 14.0) ** 2)).astype(np.float32)


def _glow(chance: np.random.Generator, height: int) -> Float32[np.ndarray, "height 1 3"]:
    """Paint the night sky: dark, with the town's light over the horizon."""
    town = between_by_ratio(chance, (0.002, 0.02)) * np.array([1.1, 0.9, 0.75], np.float32)
    dark = between_by_ratio(chance, (0.0008, 0.004)) * np.array([0.8, 0.9, 1.25], np.float32)
    above = np.maximum(HORIZON - rows_of(height), 0.0)
    return (dark + town * np.exp(-above / 0.15)[..., None]).astype(np.float32)


def _glare(tones: Tones, distance: Plain, number: int, chance: np.random.Generator) -> Tones:
    """Shine lamps into the camera, most likely where the day has small bright spots."""
    height, width = distance.shape
    longer = max(height, width)
    grey = lightness(tones)
    spots = np.maximum(grey - soft(grey, 1.5), 0.0) ** 2 * (distance < 150.0)
    # Lamps stand over the road: few are far below the horizon, more above it.
    over = HORIZON + 0.02 - rows_of(height)
    band = np.exp(-0.5 * (over / np.where(over > 0, 0.11, 0.05)) ** 2)
    likely = (spots / max(float(spots.max()), 1e-6) + 0.004).astype(np.float64) * band
    steps = np.cumsum(likely)
    points = np.zeros((height, width, 3), np.float32)
    for _ in range(number):
        place = int(np.searchsorted(steps, chance.random() * steps[-1]))
        down, across = divmod(min(place, height * width - 1), width)
        colour = _LAMPS[int(chance.choice(len(_LAMPS), p=[share for _, share in _LAMPS]))][0]
        near = min(1.0, 25.0 / float(distance[down, across]))
        strength = between_by_ratio(chance, (0.6, 4.0)) * (0.25 + 0.75 * near)
        points[down, across] += np.array(colour, np.float32) * np.float32(strength)
    light = np.zeros_like(points)
    for radius, middle in _HALO:
        sigma = max(0.5, radius * longer / 100)
        # Of a blurred point this much is left in its middle.
        left = 1.0 / (2.0 * np.pi * sigma**2)
        spread = cv2.GaussianBlur(points, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        light += np.asarray(spread, np.float32).reshape(points.shape) * np.float32(middle / left)
    return light


def _blurred(light: Tones, hundredths: float) -> Tones:
    sigma = hundredths * max(light.shape[:2]) / 100
    if sigma < 0.1:
        return light
    return np.asarray(cv2.GaussianBlur(light, (0, 0), sigma), np.float32).reshape(light.shape)
