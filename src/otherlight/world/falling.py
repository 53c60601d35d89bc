"""What falls through the air: drops as streaks, flakes as dots, each at its place in depth.

Everything is drawn in three dimensions: a particle moves for as long as the shutter is open, by its
fall, the wind and the camera's own way, and is left out where a surface is nearer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from otherlight.world.light import Plain, Space
from otherlight.world.project import Packed
from otherlight.world.view import View

_SHIFT = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Falling:
    """``number`` particles in sight, at ``reach`` (near, far) metres.

    ``fall`` and ``wind`` (right, forward) are in m/s, ``shutter`` in seconds, ``size`` in metres.
    ``gusts`` is how much one differs from the next, in m/s.
    """

    number: int
    reach: tuple[float, float]
    fall: float
    wind: tuple[float, float]
    gusts: float
    shutter: float
    size: float


def falling(
    packed: Packed, view: View, space: Space, what: Falling, chance: np.random.Generator
) -> Plain:
    """Say which share of every pixel is covered by particles."""
    lens, number = view.lens, what.number
    near, far = what.reach
    depth = near * (far / near) ** chance.random(number)
    start = np.stack([
        chance.uniform(0, lens.width, number), chance.uniform(0, lens.height, number)
    ], axis=1)  # fmt: skip
    surface = space.forward[start[:, 1].astype(np.int64), start[:, 0].astype(np.int64)]
    free = depth < surface
    depth, start = depth[free], start[free]
    end = _moved(packed, view, what, depth, start, chance)
    wide = what.size * lens.focal / depth
    return _drawn((lens.height, lens.width), start, end, wide)


def _moved(
    packed: Packed, view: View, what: Falling, depth: np.ndarray, start: np.ndarray,
    chance: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Find where particles are in the image once the shutter closes."""
    lens, way = view.lens, chance.normal(0, what.gusts, (len(depth), 3))
    way += np.array([what.wind[0], -what.fall, what.wind[1] - packed.scene.camera.speed])
    way *= what.shutter
    later = np.maximum(depth + way[:, 2], 0.3)
    middle = np.array([lens.across, lens.down])
    place = (start - middle) * depth[:, None]
    place += lens.focal * way[:, :2] * np.array([1.0, -1.0])
    return middle + place / later[:, None]


def _drawn(size: tuple[int, int], start: np.ndarray, end: np.ndarray, wide: np.ndarray) -> Plain:
    """Draw particles by how wide they are in the image; the thinner, the fainter."""
    cover = np.zeros(size, np.float32)
    lines = np.stack([start, end], axis=1)
    fixed = np.rint((np.clip(lines, -500, 5000) - 0.5) * (1 << _SHIFT)).astype(np.int32)
    for low, high, thick in _bands(wide):
        chosen = (wide >= low) & (wide < high)
        if not chosen.any():
            continue
        share = min(1.0, float(wide[chosen].mean()) / thick)
        mask = np.zeros(size, np.uint8)
        cv2.polylines(mask, list(fixed[chosen]), False, 255, thick, cv2.LINE_AA, _SHIFT)
        cover = np.maximum(cover, mask * np.float32(share / 255))
    return cover


def _bands(wide: np.ndarray) -> Sequence[tuple[float, float, int]]:
    """Cut widths into bands that are drawn alike: (from, to, pixels)."""
    cuts = [0.0, 0.15, 0.35, 0.7, 1.5, 2.5, 3.5, 5.0]
    bands = [(low, high, max(1, round(low))) for low, high in pairwise(cuts)]
    return [*bands, (cuts[-1], float("inf"), max(5, round(float(wide.max(initial=5.0)))))]
