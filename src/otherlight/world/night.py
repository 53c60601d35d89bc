"""Clear night: street lamps, head and tail lights, lit windows, and what they leave in the dark."""

from dataclasses import dataclass

import numpy as np

from otherlight.world.lamps import along, beams, down, emitted, street_lamps
from otherlight.world.light import (
    Light,
    Picture,
    Plain,
    Space,
    developed,
    glowing,
    grained,
    rows_of,
    shown,
    space_of,
    under,
    vignette,
)
from otherlight.world.project import Packed
from otherlight.world.shapes import Colour, Material
from otherlight.world.view import View

GLOW = {
    Material.HEADLIGHT: 7.0, Material.TAILLIGHT: 1.8, Material.LAMP: 12.0, Material.WINDOW: 0.28,
}  # fmt: skip
SIGNAL_GLOW = 1.5
_OWN_COLOUR: Colour = (1.0, 0.96, 0.88)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dark:
    """The light of one sequence by night, and how the sensor takes it."""

    ambient: tuple[float, float, float]
    horizon: tuple[float, float, float]
    lamps: float
    headlights: float
    exposure: float
    noise: float
    cast: tuple[float, float, float]


def draw_dark(chance: np.random.Generator) -> Dark:
    """Choose how dark it is and how the camera copes."""
    dim, glow = chance.uniform(0.06, 0.20), chance.uniform(0.006, 0.04)
    warm = chance.normal(0, 0.06)
    return Dark(
        ambient=(dim * 0.9, dim * 0.95, dim * 1.2),
        horizon=(glow * 1.1, glow * 0.9, glow * 0.9),
        lamps=chance.uniform(0.7, 1.3),
        headlights=chance.uniform(22, 42),
        exposure=chance.uniform(1.1, 1.9),
        noise=chance.uniform(0.7, 1.4),
        cast=(1 + warm, 1.0, 1 - warm),
    )


def render_night(packed: Packed, view: View, dark: Dark, chance: np.random.Generator) -> Picture:
    """Light one frame by night."""
    space = space_of(view)
    albedo = shown(view.colour, view)
    albedo *= (1.0 + 0.2 * grained(view, space, packed))[..., None]
    light = albedo * lamplight(packed, view, space, dark)
    shining = shown(emitted(packed, view, GLOW, SIGNAL_GLOW), view)
    light += shining + night_sky(view, dark) * space.sky[..., None]
    light += glowing(np.minimum(shining, 12.0), ((0.5, 0.12), (1.6, 0.07), (5.0, 0.05)))
    light *= dark.exposure * vignette(view.lens.width, view.lens.height, 0.35)
    light *= np.asarray(dark.cast, np.float32)
    light = 1.0 - np.exp(-light)
    return developed(light, (0.014 * dark.noise, 0.006 * dark.noise), chance)


def lamplight(packed: Packed, view: View, space: Space, dark: Dark) -> Light:
    """Add up the light that falls on every pixel's surface."""
    own = (0.0, 0.65 - packed.scene.camera.height, 0.3)
    ahead = along(space, own, 1.0, dark.headlights)
    ahead *= 1.0 + 9.0 * (view.material == Material.RETRO)[view.sampled()]
    # One sum for each colour: most lamps of a street share theirs.
    shine: dict[Colour, Plain] = {_OWN_COLOUR: ahead}
    dark_plain = np.zeros_like(ahead)
    for place, lamp in street_lamps(packed, view):
        total = shine.setdefault(lamp.colour, dark_plain.copy())
        total += down(space, place, lamp.strength * dark.lamps)
    # Head lights of others reach little above the horizon.
    low = max(0, round(view.lens.down - 0.12 * view.lens.height))
    below = rows_of(space, low)
    for place, lamp, way in beams(packed, view):
        total = shine.setdefault(lamp.colour, dark_plain.copy())
        total[low:] += along(below, place, way, lamp.strength * 0.25)
    light = np.empty((*ahead.shape, 3), np.float32)
    light[:] = np.asarray(dark.ambient, np.float32) * (0.8 + 0.2 * space.normal[1])[..., None]
    for colour, total in shine.items():
        for channel in range(3):
            light[..., channel] += total * np.float32(colour[channel])
    light *= (1.0 - 0.6 * under(packed, view) * space.ground)[..., None]
    return light


def night_sky(view: View, dark: Dark) -> Light:
    """Paint the sky: the town's light over the horizon, fading upwards."""
    rows = np.arange(view.lens.height, dtype=np.float32)
    share = np.exp(-np.maximum(view.lens.down - rows, 0) / (0.22 * view.lens.height))[:, None]
    base = np.asarray(dark.ambient) * 0.06
    column = (base + np.asarray(dark.horizon) * share)[:, None, :].astype(np.float32)
    return np.broadcast_to(column, (view.lens.height, view.lens.width, 3))
