"""Sunset: a low sun with long warm light and long shadows, or the twilight just after it.

The sky glows where the sun is, on whichever side of the camera; what looks that way is lit warm,
what looks away takes the blue of the sky behind. Street lamps come on as the sun goes down.
"""

import math
from dataclasses import dataclass

import numpy as np

from otherlight.world.air import clear_share, veiled
from otherlight.world.clouds import Tile, draw_tile, heights, overhead
from otherlight.world.exposure import Exposure, draw_exposure, taken
from otherlight.world.lamps import emitted
from otherlight.world.light import (
    Light,
    Picture,
    covered,
    glowing,
    grained,
    shown,
    space_of,
    under,
)
from otherlight.world.project import Packed
from otherlight.world.shade import sunlit
from otherlight.world.shapes import Material
from otherlight.world.view import SKY, View

_GOLD = np.array([1.35, 0.62, 0.20], np.float32)
_MAUVE = np.array([0.36, 0.28, 0.36], np.float32)
_ZENITH = np.array([0.10, 0.17, 0.36], np.float32)
_SUN = np.array([2.1, 1.15, 0.55], np.float32)
_DISC = 0.012
"""Radius of the sun in radians; twice the true one, as lenses show it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sunset:
    """The evening of one sequence: ``toward`` points to the sun, below the horizon once it is set.

    ``power`` is what is left of the sun, 0 to 1; ``late`` how far the evening has come, 0 to 1.
    """

    toward: tuple[float, float, float]
    power: float
    late: float
    clouds: Tile
    cover: float
    beta: float
    exposure: Exposure


def draw_sunset(chance: np.random.Generator) -> Sunset:
    """Choose the minute and the side: more often along the street, where the sun gets in."""
    high = chance.uniform(-0.045, 0.13)
    around = chance.uniform(0, 2 * math.pi)
    if chance.random() < 0.65:
        around = float(chance.choice([0.0, math.pi])) + chance.normal(0, 0.35)
    late = float(np.clip((0.10 - high) / 0.145, 0, 1))
    return Sunset(
        toward=(
            math.cos(high) * math.sin(around), math.sin(high), math.cos(high) * math.cos(around)
        ),
        power=float(np.clip((high + 0.005) / 0.05, 0, 1)),
        late=late,
        clouds=draw_tile(chance, slope=1.5, stretch=0.3),
        cover=chance.uniform(-0.3, 0.9),
        beta=chance.uniform(0.0015, 0.004),
        exposure=draw_exposure(chance, (0.8 + 0.3 * late, 1.2 + 0.6 * late), (0.85, 1.15)),
    )  # fmt: skip


def render_sunset(packed: Packed, view: View, mood: Sunset, chance: np.random.Generator) -> Picture:
    """Light one frame at sunset."""
    space = space_of(view)
    sky = _sky(view, mood)
    sun, ambient = _lit_faces(view, mood)
    light = shown(ambient, view)
    if mood.power > 0:
        light += shown(sun, view) * sunlit(packed, view, space, mood.toward)[..., None]
    light *= (1.0 - 0.6 * under(packed, view) * space.ground)[..., None]
    light *= (1.0 + 0.12 * grained(view, space, packed))[..., None]
    shining = shown(emitted(packed, view, _glow(mood), 1.3), view)
    light += shining
    light += sky * covered(np.arange(len(view.thing)) == SKY, view)[..., None]
    clear = clear_share(space, mood.beta, 60.0)
    clear += space.sky * (1.0 - clear)
    light = veiled(light, clear, _band(view, mood))
    bright = shining + np.maximum(sky - 3.0, 0.0) * space.sky[..., None]
    light += glowing(np.minimum(bright, 12.0), ((0.5, 0.10), (1.8, 0.08), (7.0, 0.10)))
    return taken(light, view, mood.exposure, chance)


def _lit_faces(view: View, mood: Sunset) -> tuple[np.ndarray, np.ndarray]:
    """Light every face by the sun and by the sky; the sky is warm on the sun's side."""
    toward = np.asarray(mood.toward, np.float32)
    facing = np.maximum(view.normal @ toward, 0.0)[:, None]
    # Rough walls and roads throw grazing light about more than a flat one would.
    facing = np.where(view.normal[:, 1:2] > 0.9, np.maximum(facing, 0.16 * mood.power), facing)
    side = view.normal @ np.array([toward[0], 0.25, toward[2]], np.float32)
    warm = np.clip(0.5 + 0.5 * side, 0.0, 1.0)[:, None]
    upward = (0.7 + 0.3 * view.normal[:, 1:2]) * (1.0 - 0.45 * mood.late)
    sky = np.float32(0.42) * (_GOLD * 0.42 * warm + (_ZENITH + _MAUVE) * (1.15 - 0.4 * warm))
    ambient = view.colour * upward * sky
    glass = np.isin(view.material, (Material.GLASS, Material.WINDOW))
    # Panes that look to the sun throw its colour back.
    ambient[glass] += 0.12 * (_MAUVE + (warm**4 * _GOLD)[glass] * (1.0 - 0.5 * mood.late))
    sun = view.colour * facing * _SUN * mood.power
    return sun.astype(np.float32), ambient.astype(np.float32)


def _glow(mood: Sunset) -> dict[Material, float]:
    """Say how much of what shines shows: the later, the more."""
    return {
        Material.HEADLIGHT: 2.0 + 3.0 * mood.late, Material.TAILLIGHT: 0.9 + 0.8 * mood.late,
        Material.WINDOW: 0.22 * mood.late, Material.LAMP: 6.0 * max(0.0, mood.late - 0.5),
    }  # fmt: skip


def _band(view: View, mood: Sunset) -> Light:
    """Colour the horizon by how far each column is from the sun: gold there, mauve away."""
    aside = np.arange(view.lens.width, dtype=np.float32) + 0.5 - view.lens.across
    aside /= view.lens.focal
    level = math.hypot(mood.toward[0], mood.toward[2])
    near = (aside * mood.toward[0] + mood.toward[2]) / (np.hypot(aside, 1.0) * level)
    warm = np.exp(-2.2 * (1.0 - near))[:, None]
    band = (_MAUVE + warm * (_GOLD - _MAUVE)) * (1.0 - 0.45 * mood.late)
    return np.broadcast_to(band.astype(np.float32), (view.lens.height, view.lens.width, 3))


def _sky(view: View, mood: Sunset) -> Light:
    """Paint the sky: a warm band, blue above it, clouds lit from below, and the sun itself."""
    steep = np.maximum(heights(view), 0.0)
    share = np.exp(-5.0 * steep)[..., None]
    band = _band(view, mood)
    sky = band * share + _ZENITH * (1.0 - 0.4 * mood.late) * (1.0 - share)
    cloud = np.clip(overhead(view, mood.clouds, 6.0) + mood.cover - 0.5, 0.0, 1.0)[..., None]
    lit = band * np.array([0.95, 0.72, 0.75], np.float32) * (0.5 + 0.6 * share)
    sky += 0.75 * cloud * (lit - sky)
    apart = _from_sun(view, mood)
    glow = np.exp(-6.0 * apart) * 0.9 + np.exp(-22.0 * apart) * 1.6
    sky += (glow * (1.0 - 0.8 * mood.late))[..., None] * _GOLD
    edge = np.clip((_DISC - apart) * view.lens.focal + 0.5, 0.0, 1.0)
    return sky + (edge * mood.power)[..., None] * np.array([14.0, 10.0, 5.0], np.float32)


def _from_sun(view: View, mood: Sunset) -> np.ndarray:
    """Measure the angle in radians between every pixel's ray and the sun."""
    lens = view.lens
    aside = (np.arange(lens.width, dtype=np.float32) + 0.5 - lens.across) / lens.focal
    steep = heights(view)
    dot = aside[None, :] * mood.toward[0] + steep * mood.toward[1] + mood.toward[2]
    return np.arccos(np.clip(dot / np.sqrt(aside[None, :] ** 2 + steep**2 + 1.0), -1.0, 1.0))
