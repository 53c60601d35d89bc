"""What shines of its own: lamps, head and tail lights, windows, signals, and where it falls.

By night this is all the light there is; in rain, fog, snow and at dusk it stands beside the sky's.
"""

import math
from collections.abc import Mapping

import numpy as np

from otherlight.world.light import Plain, Space, signals_lit
from otherlight.world.project import Packed
from otherlight.world.scene import Lamp
from otherlight.world.shapes import Material
from otherlight.world.view import View

_LAMPS, _BEAMS = 8, 5


def emitted(
    packed: Packed, view: View, glow: Mapping[Material, float], signal: float
) -> np.ndarray:
    """Say what every face emits, by its material's strength; signals glow where they are lit."""
    power = np.zeros(16, np.float32)
    for material, strength in glow.items():
        power[material] = strength
    table = view.glow * power[view.material][:, None]
    lit = signals_lit(packed, view)
    table[lit] = view.glow[lit] * signal
    return table.astype(np.float32)


def street_lamps(packed: Packed, view: View) -> list[tuple[tuple[float, float, float], Lamp]]:
    """List the nearest lamps that shine downwards, with their places on the bent road."""
    found: list[tuple[tuple[float, float, float], Lamp]] = []
    for thing, place in zip(packed.scene.things, view.place.tolist(), strict=True):
        for lamp in thing.lamps:
            if not lamp.beam and -12 < place[2] < 95:
                found.append((_bent(packed, place, lamp), lamp))
    return sorted(found, key=lambda item: abs(item[0][2] - 6.0))[:_LAMPS]


def beams(packed: Packed, view: View) -> list[tuple[tuple[float, float, float], Lamp, float]]:
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


def down(space: Space, place: tuple[float, float, float], strength: float) -> Plain:
    """Light of a lamp that hangs over the street, by distance, incidence and its own shade."""
    right, up, forward = place[0] - space.right, place[1] - space.up, place[2] - space.forward
    square = right * right + up * up + forward * forward
    facing = space.normal[0] * right + space.normal[1] * up + space.normal[2] * forward
    # A little light comes round from walls and ground.
    facing = np.maximum(facing, 0.0) + 0.12 * np.sqrt(square)
    return strength * facing * np.maximum(up, 0.0) / (square * square + 1.0)


def along(space: Space, place: tuple[float, float, float], way: float, strength: float) -> Plain:
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
