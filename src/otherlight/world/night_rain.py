"""Rain by night: the night's lamps over a road that mirrors every one of them."""

from dataclasses import dataclass

import numpy as np

from otherlight.world.clouds import Tile, draw_tile
from otherlight.world.falling import Falling, falling
from otherlight.world.glass import Drops, draw_drops, through_drops
from otherlight.world.lamps import emitted
from otherlight.world.light import (
    Light,
    Picture,
    developed,
    glowing,
    grained,
    shown,
    space_of,
    vignette,
)
from otherlight.world.mirror import DARKER, mirror_share, mirrored, wetness
from otherlight.world.night import GLOW, SIGNAL_GLOW, Dark, draw_dark, lamplight, night_sky
from otherlight.world.project import Packed
from otherlight.world.rain import draw_streaks
from otherlight.world.view import View

_ROUGH = 0.03
_DIM = 0.35
"""Light on what stands, as the mirror sees it, by the light around; lamps do the rest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NightRain:
    """The lamps of one sequence, and the rain they shine through."""

    dark: Dark
    puddles: Tile
    streaks: Falling
    drops: Drops


def draw_night_rain(chance: np.random.Generator) -> NightRain:
    """Choose how dark it is and how hard it rains."""
    dark, hard = draw_dark(chance), chance.random()
    return NightRain(
        dark=dark,
        puddles=draw_tile(chance, slope=1.8),
        streaks=draw_streaks(chance, hard),
        drops=draw_drops(chance, int(5 + 20 * hard)),
    )


def render_night_rain(
    packed: Packed, view: View, mood: NightRain, chance: np.random.Generator
) -> Picture:
    """Light one frame of a wet night."""
    space, dark = space_of(view), mood.dark
    falls = lamplight(packed, view, space, dark)
    light = shown(view.colour, view) * falls
    light *= (1.0 - (1.0 - DARKER) * space.ground + 0.2 * grained(view, space, packed))[..., None]
    glow = emitted(packed, view, GLOW, SIGNAL_GLOW)
    shining, sky = shown(glow, view), night_sky(view, dark)
    light += shining + sky * space.sky[..., None]
    around = _DIM * falls.mean(axis=(0, 1))
    mirror = mirrored(view, view.colour * around + glow, sky, _ROUGH)
    share = mirror_share(packed, space) * wetness(packed, view, space, mood.puddles) * space.ground
    light += share[..., None] * (mirror - light)
    light += glowing(np.minimum(shining, 12.0), ((0.5, 0.12), (1.6, 0.09), (5.0, 0.08)))
    light = _lit_streaks(light, falling(packed, view, space, mood.streaks, chance))
    kept = chance.random(len(mood.drops.radius)) < 0.8
    light = through_drops(light, mood.drops, kept)
    light *= dark.exposure * vignette(view.lens.width, view.lens.height, 0.35)
    light *= np.asarray(dark.cast, np.float32)
    light = 1.0 - np.exp(-light)
    return developed(light, (0.014 * dark.noise, 0.006 * dark.noise), chance)


def _lit_streaks(light: Light, streaks: np.ndarray) -> Light:
    """Let drops shine by the light that is about: bright before lamps, hardly seen in the dark."""
    about = glowing(np.minimum(light, 4.0), ((4.0, 1.0),))
    return light + streaks[..., None] * (0.7 * about + np.float32(0.02))
