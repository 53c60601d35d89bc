"""How a camera takes the light of a sequence: exposure, picture style, noise, dark corners."""

import math
from dataclasses import dataclass

import numpy as np

from otherlight.world.light import Light, Picture, developed, graded, vignette
from otherlight.world.view import View

_SHOULDER, _LEFT = np.float32(0.7), np.float32(0.3)
"""Light from which the tone curve bends over, and how much of its range is left there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exposure:
    """``gain`` scales light, ``contrast`` is the exponent of the tone curve.

    ``richness`` scales what differs from grey, ``noise`` that of the sensor.
    """

    gain: float
    contrast: float
    richness: float
    noise: float


def draw_exposure(
    chance: np.random.Generator, gain: tuple[float, float], richness: tuple[float, float]
) -> Exposure:
    """Choose how a camera copes, within the bounds of a condition."""
    return Exposure(
        gain=math.exp(chance.uniform(math.log(gain[0]), math.log(gain[1]))),
        contrast=chance.uniform(0.9, 1.25),
        richness=chance.uniform(*richness),
        noise=chance.uniform(0.6, 2.5),
    )


def taken(light: Light, view: View, how: Exposure, chance: np.random.Generator) -> Picture:
    """Turn light into an image; what is too bright bends over softly instead of clipping."""
    light = light * (how.gain * vignette(view.lens.width, view.lens.height, 0.28))
    light = graded(light, how.contrast, how.richness)
    bright = light > _SHOULDER
    over = light[bright] - _SHOULDER
    light[bright] = _SHOULDER + _LEFT * (1.0 - np.exp(over * (-1.0 / _LEFT)))
    return developed(light, (0.004 * how.noise, 0.005 * how.noise), chance)
