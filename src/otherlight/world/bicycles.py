"""Bicycles as faces; the origin is on the ground under their middle, they face forward."""

from itertools import pairwise

import numpy as np

from otherlight.world.shapes import AHEAD, BACK, Faces, Look, Material, Mesh, box, panel, prism

TYRE = Look(colour=(0.1, 0.1, 0.1), both=True)
_PAINTS = (
    (0.12, 0.13, 0.15), (0.6, 0.1, 0.1), (0.16, 0.3, 0.55), (0.75, 0.75, 0.72), (0.2, 0.42, 0.3),
)  # fmt: skip


def bicycle(chance: np.random.Generator) -> Mesh:
    """Build a bicycle that somebody left standing: a saddle, nobody on it, no light on."""
    faces = Faces()
    add_bicycle(faces, Look(colour=_PAINTS[int(chance.integers(len(_PAINTS)))]))
    saddle = box((-0.08, 0.86, -0.33), (0.08, 0.95, -0.06))
    faces.add(saddle, Look(colour=(0.12, 0.11, 0.1)), layer=2)
    if chance.random() < 0.4:
        basket = box((-0.17, 0.85, 0.5), (0.17, 1.08, 0.78))
        faces.add(basket, Look(colour=(0.45, 0.36, 0.24)), layer=2)
    add_bicycle_lamps(faces, 0.0)
    return faces.mesh()


def add_bicycle(faces: Faces, frame: Look) -> None:
    """Add wheels, frame and handlebar."""
    for forward in (-0.52, 0.52):
        faces.add(ring(0.34, 0.06, (0.34, forward)), TYRE, layer=0)
        faces.add(panel((0, 0.33, forward), (0.035, 0.33), BACK), TYRE, layer=0)
    for start, end in (((-0.5, 0.34), (-0.15, 0.85)), ((-0.15, 0.4), (0.42, 0.85)),
                       ((-0.2, 0.75), (0.45, 0.85)), ((0.42, 0.98), (0.52, 0.34))):  # fmt: skip
        faces.add(bar(start, end), frame, layer=1)
    faces.add(panel((0, 1.0, 0.45), (0.28, 0.03), BACK), TYRE, layer=1)


def add_bicycle_lamps(faces: Faces, on: float) -> None:
    """Add a tail and a head lamp that shine so much."""
    tail = Look(
        colour=(0.6, 0.05, 0.05), material=Material.TAILLIGHT, glow=(on, 0.06 * on, 0.04 * on)
    )
    faces.add(panel((0, 0.78, -0.5), (0.07, 0.06), BACK), tail, layer=6)
    white = (on * 0.8, on * 0.78, on * 0.7)
    lamp = Look(colour=(0.9, 0.9, 0.9), material=Material.HEADLIGHT, glow=white)
    faces.add(panel((0, 0.9, 0.6), (0.07, 0.06), AHEAD), lamp, layer=6)


def ring(radius: float, width: float, centre: tuple[float, float]) -> np.ndarray:
    """Build a wheel seen from the side as eight flat pieces; centre is (up, forward)."""
    angle = np.arange(9) * np.pi / 4
    pieces: list[np.ndarray] = []
    for start, end in pairwise(angle):
        outline = [
            (0.0, centre[0] + r * np.sin(a), centre[1] + r * np.cos(a))
            for r, a in (
                (radius, start),
                (radius, end),
                (radius - width, end),
                (radius - width, start),
            )
        ]
        pieces.append(np.array(outline + [outline[-1]] * 4, np.float32))
    return np.stack(pieces)


def bar(start: tuple[float, float], end: tuple[float, float]) -> np.ndarray:
    """Build a tube in the plane of a two-wheeler, from (forward, up) to (forward, up)."""
    along = np.array(end) - np.array(start)
    aside = 0.028 * np.array([-along[1], along[0]]) / np.linalg.norm(along)
    outline = [tuple(np.array(point) + sign * aside)
               for point, sign in ((start, 1), (end, 1), (end, -1), (start, -1))]  # fmt: skip
    return prism([(float(a), float(b)) for a, b in outline], -0.028, 0.028)
