"""Drops of water on the glass before the camera: small lenses that turn the scene upside down."""

from dataclasses import dataclass

import cv2
import numpy as np

from otherlight.world.light import Light

_FIELD = 0.22
"""How much of the image's width a drop's half shows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Drops:
    """Drops of one sequence: ``at`` (right, down) and ``radius`` in widths of the image."""

    at: np.ndarray
    radius: np.ndarray


def draw_drops(chance: np.random.Generator, number: int) -> Drops:
    """Choose where drops sit; small ones are many."""
    at = chance.random((number, 2))
    return Drops(at=at, radius=0.006 + 0.03 * chance.random(number) ** 4)


def through_drops(light: Light, drops: Drops, kept: np.ndarray) -> Light:
    """See light through those drops that are kept; the rest was wiped off."""
    height, width = light.shape[:2]
    # Drops sit close to the lens, far out of focus: what they show is soft.
    soft = cv2.GaussianBlur(light, (0, 0), max(0.6, width / 200))
    out = light.copy()
    for (across, down), radius in zip(drops.at[kept], drops.radius[kept], strict=True):
        _one(out, soft, (across * width, down * height), radius * width)
    return out


def _one(out: Light, soft: Light, centre: tuple[float, float], radius: float) -> None:
    height, width = out.shape[:2]
    low = [max(0, int(c - radius - 1)) for c in centre]
    high = [min(size, int(c + radius + 2)) for c, size in zip(centre, (width, height), strict=True)]
    aside = (np.arange(low[0], high[0], dtype=np.float32)[None, :] + 0.5 - centre[0]) / radius
    below = (np.arange(low[1], high[1], dtype=np.float32)[:, None] + 0.5 - centre[1]) / radius
    square = aside**2 + below**2
    if not square.size:
        return
    bent = _FIELD * width * (0.35 + 0.65 * square)
    across = np.clip(centre[0] - aside * bent, 0, width - 1).astype(np.float32)
    down = np.clip(centre[1] - below * bent, 0, height - 1).astype(np.float32)
    shown = cv2.remap(soft, across, down, cv2.INTER_LINEAR)
    # The rim mirrors instead of letting light through.
    shown *= (1.05 - 0.25 * np.clip(square, 0, 1) ** 3)[..., None]
    cover = np.clip((1.0 - np.sqrt(square)) * 2.5, 0, 1)[..., None] * 0.85
    window = out[low[1] : high[1], low[0] : high[0]]
    window += cover * (shown - window)
