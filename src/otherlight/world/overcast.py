"""Overcast day: a closed sky of uneven clouds, no sun, no shadows but those close under things."""

from dataclasses import dataclass

import numpy as np

from otherlight.world.air import clear_share, veiled
from otherlight.world.dull import Dull, draw_dull, dull_faces, dull_shade, dull_sky
from otherlight.world.exposure import Exposure, draw_exposure, taken
from otherlight.world.lamps import emitted
from otherlight.world.light import Picture, covered, grained, shown, space_of
from otherlight.world.project import Packed
from otherlight.world.shapes import Material
from otherlight.world.view import SKY, View

_GLOW = {Material.HEADLIGHT: 0.9, Material.TAILLIGHT: 0.5, Material.WINDOW: 0.05}


@dataclass(frozen=True, kw_only=True, slots=True)
class Overcast:
    """The clouds of one sequence, the haze under them and how the camera takes both."""

    dull: Dull
    beta: float
    exposure: Exposure


def draw_overcast(chance: np.random.Generator) -> Overcast:
    """Choose the clouds, from bright to heavy."""
    return Overcast(
        dull=draw_dull(chance, (0.65, 1.0)),
        beta=chance.uniform(0.0008, 0.003),
        exposure=draw_exposure(chance, (0.75, 1.3), (0.55, 0.95)),
    )


def render_overcast(
    packed: Packed, view: View, mood: Overcast, chance: np.random.Generator
) -> Picture:
    """Light one frame under clouds."""
    space = space_of(view)
    table = dull_faces(view, mood.dull) + emitted(packed, view, _GLOW, 0.95)
    light = shown(table, view) * dull_shade(packed, view, space)[..., None]
    light *= (1.0 + 0.12 * grained(view, space, packed))[..., None]
    sky = dull_sky(view, mood.dull)
    light += sky * covered(np.arange(len(view.thing)) == SKY, view)[..., None]
    light = veiled(light, clear_share(space, mood.beta, 60.0), sky)
    return taken(light, view, mood.exposure, chance)
