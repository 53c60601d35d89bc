"""How much of a box's edges and of its contrast a translation left.

Edges: the correlation of the two images' gradients, their angles doubled (Granlund 1978,
https://doi.org/10.1016/0146-664X(78)90047-3), so that an edge that turned from dark-on-light to
light-on-dark still counts, and their lengths levelled as in normalised gradient fields (Haber and
Modersitzki 2006, https://doi.org/10.1007/11866763_89), so that a lit lamp does not outweigh the
rest. Where they differ: they register whole images, here it is the inside of a box, and the level
is that of the box itself. 1 is all, about 0 is what chance leaves.

Contrast: the Frechet distance (Dowson and Landau 1982,
https://doi.org/10.1016/0047-259X(82)90077-X) between the colours in the box and those of a ring
around it, each channel by itself, over their brightness (Weber's law).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Complex128, Float

from otherlight.images.files import Array

Edges = Float[np.ndarray, " 4"]
Slopes = Complex128[np.ndarray, "rows columns"]

_RING = 0.5
"""Share of a box's width and height by which its ring reaches out."""
_LEAST = 2.0
"""Pixels by which a window reaches out at least."""
_LONGEST = 64
"""Longer windows are made smaller first: edges of large things need not agree to the pixel."""
_FLAT = 0.5
"""Grey levels a pixel: a slope below it is rounding or noise."""
_DARK = 8.0
"""Grey levels added to brightness, so that black on black has no contrast."""
_UNSEEN = 0.02
"""Contrast under which a thing cannot be told from its surroundings, so has none to lose."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What is left of one box, as shares of before; nan where there was nothing to lose."""

    edges: float
    contrast: float


def kept(before: Array, after: Array, edges: Edges, margin: float = 0.1) -> Kept:
    """Compare one box in two images of one size."""
    return Kept(
        edges=edges_kept(before, after, edges, margin),
        contrast=contrast_kept(before, after, edges),
    )


def edges_kept(before: Array, after: Array, edges: Edges, margin: float = 0.1) -> float:
    """Correlate the doubled-angle gradients inside a box and its margin, -1 to 1.

    >>> chance = np.random.default_rng(0).integers(0, 255, (40, 40, 3)).astype(np.uint8)
    >>> round(edges_kept(chance, 255 - chance, np.array([8.0, 8, 32, 32])), 6)
    1.0
    """
    rows, columns = _window(edges, before.shape, margin)
    old, new = _slopes(before[rows, columns]), _slopes(after[rows, columns])
    level = float(np.sqrt(np.mean(np.abs(old) ** 2))) if old.size else 0.0
    if level < _FLAT:
        return float("nan")
    old = old / np.sqrt(np.abs(old) ** 2 + level**2)
    floor = max(float(np.sqrt(np.mean(np.abs(new) ** 2))), _FLAT)
    new = new / np.sqrt(np.abs(new) ** 2 + floor**2)
    scale = np.sqrt(np.sum(np.abs(old) ** 2) * np.sum(np.abs(new) ** 2))
    return float(np.sum(old * new.conj()).real / scale) if scale > 0 else 0.0


def contrast_kept(before: Array, after: Array, edges: Edges) -> float:
    """Divide a box's contrast after by that before; 1 and more is all of it."""
    old = contrast(before, edges)
    return contrast(after, edges) / old if old >= _UNSEEN else float("nan")


def contrast(pixels: Array, edges: Edges) -> float:
    """How far the colours of a box lie from those around it, over their brightness; 0 at least."""
    rows, columns = _window(edges, pixels.shape, _RING)
    around = pixels[rows, columns].astype(np.float64)
    down = np.arange(rows.start, rows.stop) + 0.5
    across = np.arange(columns.start, columns.stop) + 0.5
    left, top, right, bottom = edges
    inside = np.outer((down > top) & (down < bottom), (across > left) & (across < right))
    if not inside.any() or inside.all():
        return 0.0
    box, ring = around[inside], around[~inside]
    means = box.mean(0), ring.mean(0)
    apart = (means[0] - means[1]) ** 2 + (box.std(0) - ring.std(0)) ** 2
    return float(np.sqrt(apart.mean()) / ((means[0] + means[1]).mean() / 2 + _DARK))


def _window(edges: Edges, shape: tuple[int, ...], share: float) -> tuple[slice, slice]:
    """Rows and columns of a box, a share of its size added on every side, inside the image."""
    left, top, right, bottom = edges
    wide, high = max(_LEAST, share * (right - left)), max(_LEAST, share * (bottom - top))
    low = np.floor([top - high, left - wide]).clip(0).astype(int)
    end = np.ceil([bottom + high, right + wide]).clip(0, shape[:2]).astype(int)
    return slice(int(low[0]), int(end[0])), slice(int(low[1]), int(end[1]))


def _slopes(pixels: np.ndarray) -> Slopes:
    """Gradients of all channels together, angle doubled, length in grey levels a pixel."""
    if not pixels.size:
        return np.zeros((0, 0), np.complex128)
    smaller = min(1.0, _LONGEST / max(pixels.shape[:2]))
    if smaller < 1.0:
        high, wide = (max(1, round(side * smaller)) for side in pixels.shape[:2])
        pixels = cv2.resize(pixels, (wide, high), interpolation=cv2.INTER_AREA)
    plane = np.asarray(pixels, np.float64)
    across, down = (cv2.Scharr(plane, cv2.CV_64F, *way) / 32 for way in ((1, 0), (0, 1)))
    doubled = np.sum((across + 1j * down) ** 2, axis=-1)
    length = np.sqrt(np.abs(doubled))
    return np.divide(doubled, length, out=np.zeros_like(doubled), where=length > 0)
