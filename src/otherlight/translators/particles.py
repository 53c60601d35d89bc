"""What falls between the camera and the scene: streaks and flakes, each at a distance of its own.

Sizes are metres at a distance, so an image of any size shows the same shower. Near ones are large,
fast and out of focus; far ones thin and many; what lies behind a surface is not seen.
"""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Float64

from otherlight.translators.scenery import FOCAL, Plain

_SHIFT = 4
_NEAREST_SHARP = 4.0
_CUTS = (0.0, 0.2, 0.45, 0.9, 1.7, 3.0, 6.0, 12.0, 1e9)


@dataclass(frozen=True, kw_only=True)
class Shower:
    """``number`` particles at ``reach`` (near, far) metres, of ``size`` (least, most) metres.

    They move by ``way`` metres (right, down) while the shutter is open, and ``gusts`` is by how
    much, as a share, one's way differs from the next one's.
    """

    number: int
    reach: tuple[float, float]
    size: tuple[float, float]
    way: tuple[float, float]
    gusts: float


def cover(shower: Shower, distance: Plain, chance: np.random.Generator) -> Plain:
    """Say which share of every pixel particles cover."""
    (height, width), number = distance.shape, shower.number
    # Far ones are more still in truth, but melt into the haze.
    depth = chance.uniform(*shower.reach, number)
    start = chance.random((number, 2)) * (width, height)
    focal = FOCAL * max(width, height)
    gust = 1.0 + shower.gusts * chance.normal(0.0, 1.0, (number, 2))
    aside = shower.gusts * chance.normal(0.0, np.hypot(*shower.way) / 3, (number, 2))
    end = start + (np.array(shower.way) * gust + aside) * (focal / depth)[:, None]
    wide = chance.uniform(*shower.size, number) * focal / depth
    place = np.floor(start).astype(np.int64)
    seen = depth < distance[place[:, 1], place[:, 0]]
    sharp = depth >= _NEAREST_SHARP
    total = np.zeros((height, width), np.float32)
    for chosen, blur in ((seen & sharp, 0.0), (seen & ~sharp, 0.0016 * focal)):
        drawn = _drawn((height, width), start[chosen], end[chosen], wide[chosen], blur)
        total = np.maximum(total, drawn)
    return total


def _drawn(
    size: tuple[int, int],
    start: Float64[np.ndarray, "some 2"],
    end: Float64[np.ndarray, "some 2"],
    wide: Float64[np.ndarray, " some"],
    blur: float,
) -> Plain:
    """Draw lines by how wide they are; what is narrower than a pixel covers but a share of it."""
    total = np.zeros(size, np.float32)
    if not len(wide):
        return total
    ends = np.clip(np.stack([start, end], axis=1) - 0.5, -4000, 30000)
    lines = np.rint(ends * (1 << _SHIFT)).astype(np.int32)
    for low, high in pairwise(_CUTS):
        chosen = (wide >= low) & (wide < high)
        if not chosen.any():
            continue
        mean = float(wide[chosen].mean())
        thick = min(max(1, round(mean)), 60)
        mask = np.zeros(size, np.uint8)
        cv2.polylines(mask, list(lines[chosen]), False, 255, thick, cv2.LINE_AA, _SHIFT)
        drawn = mask.astype(np.float32) * np.float32(min(1.0, mean / thick) / 255)
        if blur:
            drawn = np.asarray(cv2.GaussianBlur(drawn, (0, 0), max(0.3, blur)), np.float32)
        total = np.maximum(total, drawn)
    return total
