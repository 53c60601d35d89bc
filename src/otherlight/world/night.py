"""Clear night: street lamps, head and tail lights, lit windows, and what they leave in the dark."""

import math
from dataclasses import dataclass

import numpy as np

from otherlight.world.light import (
    Light,
    Picture,
    Plain,
    Space,
    developed,
    footprint,
    footprints,
    glowing,
    grained,
    rows_of,
    shown,
    signals_lit,
    space_of,
    vignette,
)
from otherlight.world.project import Packed
from otherlight.world.scene import Lamp
from otherlight.world.shapes import Colour, Material
from otherlight.world.view import View

_GLOW = {
    Material.HEADLIGHT: 7.0, Material.TAILLIGHT: 1.8, Material.LAMP: 12.0, Material.WINDOW: 0.28,
}  # fmt: skip
_SIGNAL_GLOW = 1.5
_LAMPS, _BEAMS = 8, 5
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
    travelled = packed.scene.camera.speed * view.seconds
    albedo *= (1.0 + 0.2 * grained(view, space, packed.scene.grain, travelled))[..., None]
    light = albedo * _falling(packed, view, space, dark)
    emitted = shown(_emitted(packed, view), view)
    light += emitted + _sky(view, space, dark)
    light += glowing(np.minimum(emitted, 12.0), ((0.5, 0.12), (1.6, 0.07), (5.0, 0.05)))
    light *= dark.exposure * vignette(view.lens.width, view.lens.height, 0.35)
    light *= np.asarray(dark.cast, np.float32)
    light = 1.0 - np.exp(-light)
    return developed(light, (0.014 * dark.noise, 0.006 * dark.noise), chance)


def _falling(packed: Packed, view: View, space: Space, dark: Dark) -> Light:
    """Add up the light that falls on every pixel's surface."""
    own = (0.0, 0.65 - packed.scene.camera.height, 0.3)
    ahead = _along(space, own, 1.0, dark.headlights)
    ahead *= 1.0 + 9.0 * (view.material == Material.RETRO)[view.sampled()]
    # One sum for each colour: most lamps of a street share theirs.
    shine: dict[Colour, Plain] = {_OWN_COLOUR: ahead}
    dark_plain = np.zeros_like(ahead)
    for place, lamp in _street_lamps(packed, view):
        total = shine.setdefault(lamp.colour, dark_plain.copy())
        total += _down(space, place, lamp.strength * dark.lamps)
    # Head lights of others reach little above the horizon.
    low = max(0, round(view.lens.down - 0.12 * view.lens.height))
    below = rows_of(space, low)
    for place, lamp, way in _beams(packed, view):
        total = shine.setdefault(lamp.colour, dark_plain.copy())
        total[low:] += _along(below, place, way, lamp.strength * 0.25)
    light = np.empty((*ahead.shape, 3), np.float32)
    light[:] = np.asarray(dark.ambient, np.float32) * (0.8 + 0.2 * space.normal[1])[..., None]
    for colour, total in shine.items():
        for channel in range(3):
            light[..., channel] += total * np.float32(colour[channel])
    light *= (1.0 - 0.6 * _under(packed, view) * space.ground)[..., None]
    return light


def _street_lamps(packed: Packed, view: View) -> list[tuple[tuple[float, float, float], Lamp]]:
    """List the nearest lamps that shine downwards, with their places on the bent road."""
    found: list[tuple[tuple[float, float, float], Lamp]] = []
    for thing, place in zip(packed.scene.things, view.place.tolist(), strict=True):
        for lamp in thing.lamps:
            if not lamp.beam and -12 < place[2] < 95:
                found.append((_bent(packed, place, lamp), lamp))
    return sorted(found, key=lambda item: abs(item[0][2] - 6.0))[:_LAMPS]


def _beams(packed: Packed, view: View) -> list[tuple[tuple[float, float, float], Lamp, float]]:
    """List the nearest head lights with the way they shine: 1 ahead, -1 towards the camera."""
    found: list[tuple[tuple[float, float, float], Lamp, float]] = []
    for thing, place in zip(packed.scene.things, view.place.tolist(), strict=True):
        way = math.cos(thing.heading)
        for lamp in thing.lamps:
            if lamp.beam and abs(way) > 0.5 and -8 < place[2] < 70:
                ahead = [place[0], place[1], place[2] + lamp.at[2] * way]
                found.append((_bent(packed, ahead, lamp), lamp, way))
    return sorted(found, key=lambda item: abs(item[0][2]))[:_BEAMS]


def _bent(packed: Packed, place: list[float], lamp: Lamp) -> tuple[float, float, float]:
    right, up, along = place
    return right + lamp.at[0] + 0.5 * packed.scene.bend * along * abs(along), up + lamp.at[1], along


def _down(space: Space, place: tuple[float, float, float], strength: float) -> Plain:
    """Light of a lamp that hangs over the street, by distance, incidence and its own shade."""
    right, up, forward = place[0] - space.right, place[1] - space.up, place[2] - space.forward
    square = right * right + up * up + forward * forward
    facing = space.normal[0] * right + space.normal[1] * up + space.normal[2] * forward
    # A little light comes round from walls and ground.
    facing = np.maximum(facing, 0.0) + 0.12 * np.sqrt(square)
    return strength * facing * np.maximum(up, 0.0) / (square * square + 1.0)


def _along(space: Space, place: tuple[float, float, float], way: float, strength: float) -> Plain:
    """Light of a pair of dipped head lights: wide, short upwards, fading with distance."""
    right, up = place[0] - space.right, place[1] - space.up
    reach = (space.forward - place[2]) * way
    lit = np.maximum(reach, 0.5)
    square = right * right + up * up + lit * lit
    aside, high = right / lit, np.minimum(-up / lit, 0.5)
    beam = np.exp(-(aside * aside) * 6.0) * (0.12 + 0.88 / (1.0 + np.exp((high - 0.015) * 90.0)))
    facing = space.normal[0] * right + space.normal[1] * up - space.normal[2] * lit * way
    facing = np.maximum(facing, 0.0) / np.sqrt(square)
    return strength * beam * facing / (square + 8.0) * (reach > 0)


def _under(packed: Packed, view: View) -> Plain:
    things = packed.scene.things
    near = (view.place[:, 2] > -5) & (view.place[:, 2] < 80)
    alive = np.array([t.label is not None and t.at[1] == 0 for t in things])
    low, size = footprint(packed, view, np.flatnonzero(near & alive))
    return footprints(view, low - 0.1, size + 0.2, size * 0)


def _emitted(packed: Packed, view: View) -> np.ndarray:
    """Say what every face emits."""
    power = np.zeros(16, np.float32)
    for material, strength in _GLOW.items():
        power[material] = strength
    table = view.glow * power[view.material][:, None]
    lit = signals_lit(packed, view)
    table[lit] = view.glow[lit] * _SIGNAL_GLOW
    return table.astype(np.float32)


def _sky(view: View, space: Space, dark: Dark) -> Light:
    """Paint the sky: the town's light over the horizon, fading upwards."""
    rows = np.arange(view.lens.height, dtype=np.float32)
    share = np.exp(-np.maximum(view.lens.down - rows, 0) / (0.22 * view.lens.height))[:, None]
    base = np.asarray(dark.ambient) * 0.06
    column = (base + np.asarray(dark.horizon) * share)[:, None, :].astype(np.float32)
    return column * space.sky[..., None]
