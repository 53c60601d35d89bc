"""What colour a traffic light shows: the hue of what shines inside its box.

A lit lamp is both the brightest and the most colourful thing on its head, by day and by night; its
glow has its hue too. So every pixel votes for its hue with its chroma times its value, and only
those near the strongest vote count. Hues are parted as the signal colours of CIE S 004 lie on the
HSV circle: red up to 22 degrees, yellow to 75, green (bluish ones too) to 200.
"""

import numpy as np
from jaxtyping import Float

from otherlight.images.files import Array

RED, YELLOW, GREEN = "red", "yellow", "green"
_ENDS = ((22.0, RED), (75.0, YELLOW), (200.0, GREEN), (325.0, ""), (360.0, RED))
_NEAR = 0.5
"""Share of the strongest vote from which a pixel belongs to what shines."""
_LEAST = 0.03
"""Chroma times value (0..1) below which nothing shines in any colour."""
_WORDS = {
    "red": RED,
    "yellow": YELLOW,
    "amber": YELLOW,
    "orange": YELLOW,
    "green": GREEN,
    "r": RED,
    "y": YELLOW,
    "g": GREEN,
}


def known_state(word: str | None) -> str | None:
    """Bring a label's word for a state to red, yellow or green; others are None."""
    return None if word is None else _WORDS.get(word.strip().lower())


def shown_state(pixels: Array, edges: Float[np.ndarray, " 4"]) -> str | None:
    """Say which colour shines inside a box, or None where none does.

    >>> head = np.full((30, 12, 3), 20, np.uint8)
    >>> head[20:26, 3:9] = (40, 230, 90)
    >>> shown_state(head, np.array([0.0, 0.0, 12.0, 30.0]))
    'green'
    """
    left, top = np.floor(edges[:2]).astype(int).clip(0)
    right, bottom = np.ceil(edges[2:]).astype(int).clip(0)
    inside = pixels[top:bottom, left:right].reshape(-1, 3).astype(np.float64) / 255
    if not len(inside):
        return None
    value, chroma = inside.max(1), inside.max(1) - inside.min(1)
    votes = value * chroma
    if votes.max() < _LEAST:
        return None
    shining = votes >= _NEAR * votes.max()
    hue = _hue(inside[shining], chroma[shining])
    place = np.searchsorted([end for end, _ in _ENDS], hue)
    names = np.array([name for _, name in _ENDS])[np.minimum(place, len(_ENDS) - 1)]
    sums = {name: votes[shining][names == name].sum() for name in (RED, YELLOW, GREEN)}
    best = max(sums, key=lambda name: sums[name])
    return best if sums[best] > 0.5 * votes[shining].sum() else None


def _hue(
    colours: Float[np.ndarray, "pixels 3"], chroma: Float[np.ndarray, " pixels"]
) -> Float[np.ndarray, " pixels"]:
    """Degrees on the HSV circle; chroma must not be nought."""
    red, green, blue = colours.T
    most = colours.argmax(1)
    turns = np.choose(
        most,
        [(green - blue) / chroma % 6, (blue - red) / chroma + 2, (red - green) / chroma + 4],
    )
    return 60 * turns
