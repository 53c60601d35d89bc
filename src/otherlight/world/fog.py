"""Fog: dull light, and air that swallows the distance by Koschmieder's law.

How dense it is, ``beta``, stands among the attributes of every image: 3 / beta metres is how far
one sees. Lights reach a little farther, each in a halo.
"""

import math
from dataclasses import dataclass

import numpy as np

from otherlight.world.air import clear_share, veiled
from otherlight.world.clouds import heights
from otherlight.world.dull import Dull, draw_dull, dull_faces, dull_shade
from otherlight.world.exposure import Exposure, draw_exposure, taken
from otherlight.world.lamps import emitted
from otherlight.world.light import Light, Picture, glowing, grained, shown, space_of
from otherlight.world.project import Packed
from otherlight.world.shapes import Material
from otherlight.world.view import View

THIN, THICK = 0.015, 0.08
"""Densities by metre: one sees 200 m, and 37 m."""

_GLOW = {
    Material.HEADLIGHT: 5.0, Material.TAILLIGHT: 1.6, Material.WINDOW: 0.12, Material.LAMP: 1.5,
}  # fmt: skip
_HALO = ((0.6, 0.16), (2.2, 0.14), (6.0, 0.12))


@dataclass(frozen=True, kw_only=True, slots=True)
class Fog:
    """The fog of one sequence: ``beta`` by metre, ``air`` is the colour of its light."""

    dull: Dull
    beta: float
    air: np.ndarray
    exposure: Exposure


def draw_fog(chance: np.random.Generator, beta: float = 0.0) -> Fog:
    """Choose the light and, unless given, the density."""
    dull = draw_dull(chance, (0.5, 0.85))
    drawn = math.exp(chance.uniform(math.log(THIN), math.log(THICK)))
    return Fog(
        dull=dull,
        beta=beta or drawn,
        air=dull.sky * np.float32(chance.uniform(0.95, 1.15)),
        exposure=draw_exposure(chance, (0.8, 1.2), (0.5, 0.9)),
    )


def render_fog(packed: Packed, view: View, mood: Fog, chance: np.random.Generator) -> Picture:
    """Light one frame in fog."""
    space = space_of(view)
    light = shown(dull_faces(view, mood.dull), view)
    light *= dull_shade(packed, view, space)[..., None]
    light *= (1.0 + 0.12 * grained(view, space, packed))[..., None]
    shining = shown(emitted(packed, view, _GLOW, 2.0), view)
    clear = clear_share(space, mood.beta, 80.0)
    light = veiled(light + shining, clear, _air(view, mood))
    light += glowing(shining * clear[..., None], _HALO)
    return taken(light, view, mood.exposure, chance)


def _air(view: View, mood: Fog) -> Light:
    """Paint the light of the air itself: a little brighter upwards, where the clouds are."""
    return (0.95 + 0.25 * np.clip(heights(view), -0.3, 0.6))[..., None] * mood.air
