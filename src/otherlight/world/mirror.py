"""A wet road: darker itself, and a mirror for what stands on it and for the sky.

The mirror is true: every face is painted once more, turned over in the plane of the road, as
numbers into a raster of its own. What a mirrored pixel shines is then a look-up by face. How much
is mirrored follows from the angle (Schlick's form of Fresnel's law, 1994, for water).
"""

import cv2
import numpy as np

from otherlight.world.clouds import Tile, on_ground
from otherlight.world.light import Light, Plain, Space, on_road
from otherlight.world.project import OVER, SHIFT, Packed
from otherlight.world.shapes import Material
from otherlight.world.view import SKY, View

DARKER = 0.5
"""How much of its light a ground keeps that water has soaked."""

_WATER = 0.02
"""Share that water mirrors of what falls straight on it."""


def mirrored(view: View, table: np.ndarray, sky: Light, rough: float) -> Light:
    """Paint what a flat mirror in place of the road would show.

    ``table`` is what every face shines; ``sky`` is the painted sky; ``rough`` is how far a rough
    road draws lights out downwards, as a share of the image's height. Above the horizon it is 0.
    """
    lens = view.lens
    first = min(max(0, int(lens.down)), lens.height - 1)
    number = _turned_over(view, first)
    rows = np.clip(2 * lens.down - np.arange(first, lens.height) - 1, 0, max(first - 1, 0))
    found = np.where((number == SKY)[..., None], sky[rows.astype(np.int64)], table[number])
    out = np.zeros((lens.height, lens.width, 3), np.float32)
    spread = (max(0.3, 0.3 * rough * lens.height), max(0.4, rough * lens.height))
    out[first:] = cv2.GaussianBlur(found.astype(np.float32), (0, 0), spread[0], sigmaY=spread[1])
    return out


def _turned_over(view: View, first: int) -> np.ndarray:
    """Paint the numbers of the faces turned over in the road's plane, from row ``first`` down."""
    lens = view.lens
    raster = np.full((lens.height - first, lens.width), SKY, np.int32)
    # A mirror on the ground shows no face from above, and the ground not at all.
    stands = np.flatnonzero((view.material != Material.GROUND) & (view.normal[:, 1] < 0.5))
    stands = stands[stands > 1]
    corners = (view.polygon[stands] / (1 << SHIFT) + 0.5) / OVER
    plane, span = view.plane[stands, None], view.span[stands, None]
    near = plane[..., 0] * corners[..., 0] + plane[..., 1] * corners[..., 1] + plane[..., 2]
    near = np.clip(near, span[..., 0], span[..., 1])
    height = 1.0 / (float(view.plane[1, 1]) * lens.focal)
    corners[..., 1] = 2 * lens.down - corners[..., 1] + 2 * height * lens.focal * near - first
    seen = (corners[..., 1].max(axis=1) > 0) & (corners[..., 1].min(axis=1) < len(raster))
    fixed = np.rint((np.clip(corners, -4000, 4000) - 0.5) * (1 << SHIFT)).astype(np.int32)
    for row in np.flatnonzero(seen):
        cv2.fillConvexPoly(raster, fixed[row], int(stands[row]), cv2.LINE_8, SHIFT)  # pyright: ignore
    return raster


def wetness(packed: Packed, view: View, space: Space, tile: Tile) -> Plain:
    """Say how wet the ground is at every pixel, 0 to 1: puddles fixed to it, damp between.

    Beside the pavement the ground drinks most of it.
    """
    section, (right, along) = packed.scene.section, on_road(packed, view, space)
    wet = np.clip(0.55 + 0.45 * on_ground(tile, right, along, 24.0), 0.12, 1.0)
    paved = [section.kerb(side) + section.pavement[side > 0] for side in (-1, 1)]
    return wet * np.where((right < -paved[0]) | (right > paved[1]), np.float32(0.25), 1.0)


def mirror_share(packed: Packed, space: Space) -> Plain:
    """Say which share a smooth wet ground mirrors, by the angle at which it is seen."""
    height = packed.scene.camera.height
    length = np.sqrt(space.right**2 + space.forward**2 + height**2)
    return _WATER + (1.0 - _WATER) * (1.0 - height / length) ** 5
