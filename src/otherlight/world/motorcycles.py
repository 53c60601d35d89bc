"""Motorcycles, ridden or left standing; the origin is on the ground under their middle."""

import numpy as np

from otherlight.world.bicycles import TYRE, bar, ring
from otherlight.world.shapes import (
    AHEAD,
    BACK,
    Colour,
    Faces,
    Look,
    Material,
    Mesh,
    box,
    disc,
    frustum,
    panel,
    prism,
    scaled,
)

_PAINTS: tuple[Colour, ...] = (
    (0.08, 0.08, 0.09), (0.68, 0.08, 0.07), (0.85, 0.4, 0.06), (0.1, 0.2, 0.5), (0.8, 0.8, 0.79),
    (0.14, 0.34, 0.16),
)  # fmt: skip
_JACKETS: tuple[Colour, ...] = (
    (0.1, 0.1, 0.11), (0.32, 0.2, 0.13), (0.55, 0.1, 0.1), (0.2, 0.24, 0.32), (0.78, 0.8, 0.2),
)  # fmt: skip
_METAL = Look(colour=(0.42, 0.43, 0.45))
_DARK = Look(colour=(0.09, 0.09, 0.1))
_VISOR = Look(colour=(0.08, 0.1, 0.12), material=Material.GLASS)
_PLATE = Look(colour=(0.92, 0.92, 0.86), material=Material.RETRO)
_AXLE, _RADIUS = 0.7, 0.32


def motorcycle(chance: np.random.Generator, *, lit: bool, ridden: bool) -> Mesh:
    """Build a motorcycle; a rider in jacket and helmet sits on it where it is ridden."""
    faces, paint = Faces(), Look(colour=_pick(chance, _PAINTS))
    _wheels_and_engine(faces)
    tank = [(-0.05, 0.72), (0.4, 0.7), (0.42, 0.86), (0.25, 0.95), (-0.02, 0.86)]
    faces.add(prism(tank, -0.15, 0.15), paint, layer=2)
    seat = [(-0.78, 0.8), (-0.05, 0.72), (-0.05, 0.84), (-0.75, 0.92)]
    faces.add(prism(seat, -0.13, 0.13), _DARK, layer=2)
    faces.add(prism([(-0.85, 0.62), (-0.5, 0.6), (-0.5, 0.8), (-0.8, 0.84)], -0.11, 0.11), paint,
              layer=1)  # fmt: skip
    faces.add(box((-0.38, 0.98, 0.36), (0.38, 1.03, 0.41)), _DARK, layer=3)
    if chance.random() < 0.45:
        faces.add(prism([(0.38, 0.72), (0.66, 0.7), (0.5, 1.2)], -0.17, 0.17), paint, layer=3)
    _lamps(faces, 1.0 if lit else 0.0)
    if ridden:
        _rider(faces, chance)
    return faces.mesh()


def _wheels_and_engine(faces: Faces) -> None:
    for forward in (-_AXLE, _AXLE):
        faces.add(ring(_RADIUS, 0.11, (_RADIUS, forward)), TYRE, layer=0)
        for side in (-0.06, 0.06):
            face = panel((side, _RADIUS, forward), (0.05, _RADIUS), BACK)
            faces.add(face, TYRE, layer=0)
    for side in (-1, 1):
        hub = disc((side * 0.05, _RADIUS, -_AXLE), 0.2, (side, 0, 0))
        faces.add(hub, Look(colour=_METAL.colour), layer=0)
    faces.add(box((-0.17, 0.22, -0.25), (0.17, 0.7, 0.32)), _METAL, layer=1)
    faces.add(bar((0.36, 0.98), (_AXLE, _RADIUS)), _METAL, layer=1)
    for side in (-0.2, 0.12):
        faces.add(box((side, 0.27, -0.9), (side + 0.08, 0.37, -0.1)), _METAL, layer=1)


def _lamps(faces: Faces, on: float) -> None:
    white = Look(colour=(0.9, 0.9, 0.88), material=Material.HEADLIGHT,
                 glow=scaled((1.0, 0.95, 0.84), on))  # fmt: skip
    red = Look(colour=(0.55, 0.05, 0.05), material=Material.TAILLIGHT,
               glow=scaled((1.0, 0.07, 0.04), on or 0.02))  # fmt: skip
    faces.add(disc((0, 0.86, 0.68), 0.1, AHEAD), white, layer=6)
    faces.add(panel((0, 0.78, -0.87), (0.09, 0.05), BACK), red, layer=6)
    faces.add(panel((0, 0.6, -0.9), (0.1, 0.08), BACK), _PLATE, layer=6)


def _rider(faces: Faces, chance: np.random.Generator) -> None:
    """Seat a rider who leans forward a little: legs at the tank, arms to the handlebar."""
    jacket = _pick(chance, _JACKETS)
    for side in (-0.21, 0.21):
        leg = [(-0.35, 0.84), (-0.2, 0.98), (0.22, 0.78), (0.12, 0.32), (0.0, 0.32), (-0.02, 0.7)]
        faces.add(prism(leg, side - 0.075, side + 0.075), Look(colour=(0.12, 0.13, 0.17)), layer=4)
    torso = [(-0.4, 0.88), (-0.1, 0.88), (0.12, 1.42), (-0.08, 1.5), (-0.24, 1.4)]
    faces.add(prism(torso, -0.23, 0.23), Look(colour=jacket), layer=4)
    for side in (-0.3, 0.3):
        arm = [(-0.02, 1.4), (0.12, 1.4), (0.42, 1.02), (0.32, 1.0)]
        sleeve = Look(colour=scaled(jacket, 0.85))
        faces.add(prism(arm, side - 0.06, side + 0.06), sleeve, layer=5)
    helmet = Look(colour=_pick(chance, _PAINTS))
    low, high = (-0.14, 1.47, -0.08), (0.14, 1.76, 0.22)
    faces.add(frustum(low, high, (-0.12, 0.12, -0.06, 0.19)), helmet, layer=6)
    faces.add(panel((0, 1.62, 0.215), (0.11, 0.06), AHEAD), _VISOR, layer=7)


def _pick(chance: np.random.Generator, colours: tuple[Colour, ...]) -> Colour:
    return scaled(colours[int(chance.integers(len(colours)))], chance.uniform(0.85, 1.12))
