"""Long shadows of a low sun, on the ground and on everything that stands.

Seen from above, along the sun's way, a shadow is a height that falls with distance from what casts
it. So one running maximum over a map of heights says, for every place, how high the shadow reaches:
a shadow map for a world of upright things.
"""

import math

import cv2
import numpy as np

from otherlight.world.light import Plain, Space, footprint
from otherlight.world.project import Packed
from otherlight.world.view import View

_REACH, _AHEAD, _CELL = 120.0, 75.0, 0.6
"""The map reaches so many metres each way from a point so far ahead, in cells of so many metres."""

_SOFT, _OUT = 0.5, 0.9
"""Metres over which a shadow's edge fades, and how far off a surface one looks."""


def sunlit(packed: Packed, view: View, space: Space, sun: tuple[float, float, float]) -> Plain:
    """Say how much of the sun reaches every pixel's surface, 0 to 1; ``sun`` points to it.

    The ground takes the shadows of everything, other things those of what is built or grows.
    """
    level = math.hypot(sun[0], sun[2])
    along, fall = np.array([sun[0] / level, sun[2] / level], np.float32), sun[1] / level
    built, all_ = (_shadow_heights(packed, view, along, fall, alive=alive) for alive in (0, 1))
    right = space.right + _OUT * space.normal[0]
    forward = space.forward + _OUT * space.normal[2]
    toward = right * along[0] + (forward - _AHEAD) * along[1] + _REACH
    aside = right * along[1] - (forward - _AHEAD) * along[0] + _REACH
    cells = (toward / _CELL, aside / _CELL)
    high = space.up + packed.scene.camera.height + 0.35
    reaches = [cv2.remap(found, *cells, cv2.INTER_LINEAR) for found in (built, all_)]
    shadow = np.where(space.ground > 0, reaches[1], reaches[0])
    return np.clip((high - shadow) / _SOFT + 0.5, 0.0, 1.0).astype(np.float32)


def _shadow_heights(
    packed: Packed, view: View, along: np.ndarray, fall: float, *, alive: int
) -> np.ndarray:
    """Map how high the shadow reaches: rows lie across the sun's way, columns towards it."""
    things = packed.scene.things
    casts = np.flatnonzero([
        thing.shadow and thing.track != "skyline" and (thing.label is None or bool(alive))
        for thing in things
    ])  # fmt: skip
    low, size = footprint(packed, view, casts)
    high = np.array([things[i].mesh.corners[..., 1].max() for i in casts], np.float32)
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    base = low[:, None] + unit * size[:, None] - np.array([0.0, _AHEAD], np.float32)
    turned = np.stack([base @ along, base @ np.array([along[1], -along[0]], np.float32)], axis=-1)
    cells = int(2 * _REACH / _CELL)
    found = np.zeros((cells, cells), np.float32)
    corners = np.rint((turned + _REACH) / _CELL).astype(np.int32)
    for index in np.argsort(high, kind="stable"):
        cv2.fillConvexPoly(found, corners[index], float(high[index]))
    slope = (np.arange(cells) * _CELL * fall).astype(np.float32)
    falling = np.maximum.accumulate((found - slope)[:, ::-1], axis=1)[:, ::-1]
    return np.ascontiguousarray(falling + slope, np.float32)
