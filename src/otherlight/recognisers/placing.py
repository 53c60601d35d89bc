"""Bringing images of any size to one size and boxes back: scaled whole, padded right and below."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from otherlight.images.files import Array, resize

PADDING = 128
"""Value of padded pixels, zero for a network."""

Edges = Float[np.ndarray, "boxes 4"]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an image came to lie: original size, and the size it was scaled to."""

    original_width: int
    original_height: int
    width: int
    height: int

    def to_placed(self, edges: Edges) -> Edges:
        """Map edges from original pixels."""
        return edges * self._scale()

    def to_original(self, edges: Edges) -> Edges:
        """Map edges back to original pixels, clipped to the image."""
        size = [self.original_width, self.original_height] * 2
        return np.clip(edges / self._scale(), 0.0, size)

    def _scale(self) -> Float[np.ndarray, " 4"]:
        across, down = self.width / self.original_width, self.height / self.original_height
        return np.array([across, down, across, down])


def place(
    pixels: Array, width: int, height: int
) -> tuple[UInt8[np.ndarray, "rows columns 3"], Placement]:
    """Scale an image to fit into width x height, keep its aspect, pad to the right and below.

    >>> placed, where = place(np.zeros((100, 400, 3), np.uint8), 200, 100)
    >>> placed.shape, (where.width, where.height)
    ((100, 200, 3), (200, 50))
    """
    rows, columns = pixels.shape[:2]
    scale = min(width / columns, height / rows)
    where = Placement(columns, rows, max(1, round(columns * scale)), max(1, round(rows * scale)))
    scaled = resize(pixels, where.width, where.height)
    if (where.width, where.height) == (width, height):
        return scaled, where
    placed = np.full((height, width, 3), PADDING, np.uint8)
    placed[: where.height, : where.width] = scaled
    return placed, where
