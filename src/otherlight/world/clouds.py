"""Clouds and other soft unevenness: a tile of noise, and where a sky seen from below shows it."""

import cv2
import numpy as np
from jaxtyping import Float32

from otherlight.world.light import Plain
from otherlight.world.view import View

TILE = 256
"""Pixels along a tile; its edges meet."""

Tile = Float32[np.ndarray, "256 256"]
"""Noise of mean 0 and spread 1."""


def draw_tile(chance: np.random.Generator, *, slope: float = 1.6, stretch: float = 1.0) -> Tile:
    """Draw noise whose strength falls with frequency to the power of ``slope``.

    A ``stretch`` above 1 draws it out into bands from left to right.
    """
    down = np.fft.fftfreq(TILE)[:, None]
    across = np.fft.rfftfreq(TILE)[None, :] * stretch
    frequency = np.maximum(np.hypot(down, across), 1.0 / TILE)
    waves = np.fft.rfft2(chance.standard_normal((TILE, TILE))) * frequency**-slope
    waves[0, 0] = 0.0
    tile = np.fft.irfft2(waves, (TILE, TILE))
    return (tile / tile.std()).astype(np.float32)


def heights(view: View) -> Plain:
    """Say how steeply every pixel looks up: the tangent of its elevation, in its column's plane."""
    rows = np.arange(view.lens.height, dtype=np.float32) + 0.5
    steep = (view.lens.down - rows) / view.lens.focal
    return np.repeat(steep[:, None], view.lens.width, axis=1)


def overhead(view: View, tile: Tile, size: float) -> Plain:
    """Look a tile up where each pixel's ray meets a layer above; it fades out at the horizon.

    ``size`` is the length of a tile in heights of the layer.
    """
    lens = view.lens
    seen = max(1, min(lens.height, int(lens.down)))
    steep = np.maximum(heights(view)[:seen], 0.01)
    aside = (np.arange(lens.width, dtype=np.float32) + 0.5 - lens.across) / lens.focal
    scale = np.float32(TILE / size)
    across = np.remainder(scale * aside[None, :] / steep, TILE)
    along = np.remainder(scale / steep, TILE)
    found = cv2.remap(tile, across, along, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    out = np.zeros((lens.height, lens.width), np.float32)
    out[:seen] = found * np.clip((steep - 0.02) / 0.16, 0.0, 1.0)
    return out


def on_ground(tile: Tile, right: Plain, forward: Plain, metres: float) -> Plain:
    """Look a tile up by places on the ground; ``metres`` is the length of a tile."""
    scale = np.float32(TILE / metres)
    return cv2.remap(
        tile, np.remainder(right * scale, TILE), np.remainder(forward * scale, TILE),
        cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP,
    )  # fmt: skip
