"""Rain: dull light, a road that mirrors lamps and sky, streaks in the air, drops on the glass."""

from dataclasses import dataclass

import numpy as np

from otherlight.world.air import clear_share, veiled
from otherlight.world.clouds import Tile, draw_tile
from otherlight.world.dull import Dull, draw_dull, dull_faces, dull_shade, dull_sky
from otherlight.world.exposure import Exposure, draw_exposure, taken
from otherlight.world.falling import Falling, falling
from otherlight.world.glass import Drops, draw_drops, through_drops
from otherlight.world.lamps import emitted
from otherlight.world.light import Light, Picture, covered, glowing, grained, shown, space_of
from otherlight.world.mirror import DARKER, mirror_share, mirrored, wetness
from otherlight.world.project import Packed
from otherlight.world.shapes import Material
from otherlight.world.view import SKY, View

_GLOW = {
    Material.HEADLIGHT: 4.5, Material.TAILLIGHT: 1.6, Material.WINDOW: 0.16, Material.LAMP: 0.8,
}  # fmt: skip
_HALO = ((0.5, 0.10), (1.8, 0.06))
_ROUGH = 0.02


@dataclass(frozen=True, kw_only=True, slots=True)
class Rain:
    """The rain of one sequence: how hard it falls, what it leaves on road and glass."""

    dull: Dull
    beta: float
    puddles: Tile
    streaks: Falling
    drops: Drops
    exposure: Exposure


def draw_rain(chance: np.random.Generator) -> Rain:
    """Choose from drizzle to downpour: streaks, drops and the veil in the air go together."""
    hard = chance.random()
    return Rain(
        dull=draw_dull(chance, (0.34, 0.62)),
        beta=0.003 + 0.008 * hard,
        puddles=draw_tile(chance, slope=1.8),
        streaks=draw_streaks(chance, hard),
        drops=draw_drops(chance, int(5 + 20 * hard)),
        exposure=draw_exposure(chance, (0.9, 1.5), (0.6, 0.95)),
    )


def draw_streaks(chance: np.random.Generator, hard: float) -> Falling:
    """Choose how drops fall; big ones, of hard rain, fall faster."""
    return Falling(
        number=int(250 + 900 * hard), reach=(1.2, 24.0), fall=7.0 + 2.0 * hard,
        wind=(chance.normal(0, 1.5), chance.normal(0, 1.0)), gusts=0.35,
        shutter=chance.uniform(0.008, 0.016), size=0.0025,
    )  # fmt: skip


def render_rain(packed: Packed, view: View, mood: Rain, chance: np.random.Generator) -> Picture:
    """Light one frame in rain."""
    space = space_of(view)
    ground = (view.material == Material.GROUND)[:, None]
    table = dull_faces(view, mood.dull) * np.where(ground, np.float32(DARKER), np.float32(1.0))
    glow = emitted(packed, view, _GLOW, 1.6)
    shade = dull_shade(packed, view, space) * (1.0 + 0.12 * grained(view, space, packed))
    shining = shown(glow, view)
    light = shown(table, view) * shade[..., None] + shining
    sky = dull_sky(view, mood.dull)
    light += sky * covered(np.arange(len(view.thing)) == SKY, view)[..., None]
    share = mirror_share(packed, space) * wetness(packed, view, space, mood.puddles) * space.ground
    light = veiled(light, 1.0 - share, mirrored(view, table + glow, sky, _ROUGH))
    light = veiled(light, clear_share(space, mood.beta, 60.0), sky * 0.9)
    light += glowing(shining, _HALO)
    streaks = falling(packed, view, space, mood.streaks, chance)
    light = _before(light, streaks, sky)
    kept = chance.random(len(mood.drops.radius)) < 0.8
    return taken(through_drops(light, mood.drops, kept), view, mood.exposure, chance)


def _before(light: Light, streaks: np.ndarray, sky: Light) -> Light:
    """Put streaks before the light: a drop shows mostly the sky, whatever is behind it."""
    bright = sky.mean(axis=(0, 1)) * np.float32(1.05)
    return light + 0.6 * streaks[..., None] * (bright - light)
