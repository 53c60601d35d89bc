"""Pedestrians and cyclists as faces; the origin is on the ground under them, they face forward."""

import numpy as np

from otherlight.world.bicycles import add_bicycle, add_bicycle_lamps
from otherlight.world.shapes import (
    BACK,
    Colour,
    Faces,
    Look,
    Mesh,
    Point,
    box,
    frustum,
    panel,
    prism,
)

HIP = 0.48
"""Height of the hip as a share of a person's; legs swing from there."""

_CLOTHES: tuple[Colour, ...] = (
    (0.16, 0.17, 0.22), (0.62, 0.12, 0.13), (0.85, 0.84, 0.80), (0.20, 0.36, 0.58),
    (0.83, 0.62, 0.15), (0.30, 0.42, 0.26), (0.45, 0.28, 0.45), (0.36, 0.34, 0.33),
)  # fmt: skip
_TROUSERS: tuple[Colour, ...] = (
    (0.14, 0.15, 0.2), (0.24, 0.3, 0.42), (0.4, 0.36, 0.3), (0.1, 0.1, 0.1), (0.55, 0.53, 0.5),
)  # fmt: skip
_SKIN: tuple[Colour, ...] = ((0.87, 0.70, 0.58), (0.72, 0.52, 0.38), (0.45, 0.31, 0.23))
_HAIR: tuple[Colour, ...] = ((0.12, 0.09, 0.07), (0.4, 0.28, 0.16), (0.6, 0.58, 0.55))


def pedestrian(chance: np.random.Generator) -> Mesh:
    """Build a person from 1.2 to 1.9 m whose legs and arms swing."""
    tall = chance.choice([chance.uniform(1.55, 1.9), chance.uniform(1.2, 1.5)], p=[0.87, 0.13])
    hip, shoulder = tall * HIP, tall * 0.82
    wide = tall * chance.uniform(0.125, 0.155)
    coat = Look(colour=_pick(chance, _CLOTHES))
    faces = Faces()
    for side, swing in ((-0.09, 0.45), (0.09, -0.45)):
        trousers = Look(colour=_pick_same(faces, chance, _TROUSERS), swing=swing)
        leg = box((side - 0.085, 0, -0.09), (side + 0.085, hip + 0.05, 0.09))
        faces.add(leg, trousers, layer=0)
    low = hip - chance.choice([0.0, 0.0, 0.25])
    torso = frustum(
        (-wide * 0.85, low, -0.13), (wide * 0.85, shoulder, 0.13), (-wide, wide, -0.12, 0.12)
    )
    faces.add(torso, coat, layer=1)
    for side in (-wide - 0.05, wide + 0.05):
        arm = box((side - 0.05, hip * 0.98, -0.06), (side + 0.05, shoulder - 0.02, 0.06))
        faces.add(arm, Look(colour=_darker(coat.colour)), layer=2)
    _head(faces, (0.0, shoulder, 0.0), tall, chance)
    if chance.random() < 0.25:
        bag = box((-0.15, hip + 0.1, -0.32), (0.15, shoulder - 0.08, -0.12))
        faces.add(bag, Look(colour=_pick(chance, _CLOTHES)), layer=2)
    return faces.mesh()


def cyclist(chance: np.random.Generator, *, lit: bool) -> Mesh:
    """Build a bicycle with its rider."""
    frame = Look(colour=_pick(chance, _CLOTHES))
    faces = Faces()
    add_bicycle(faces, frame)
    trousers = _pick(chance, _TROUSERS)
    for side, knee in ((-0.11, 0.62), (0.11, 0.5)):
        outline = [
            (-0.25, 0.98), (-0.12, 1.02), (0.12, knee),
            (0.02, knee - 0.42), (-0.1, knee - 0.42), (-0.02, knee - 0.04),
        ]  # fmt: skip
        leg = prism(outline, side - 0.07, side + 0.07)
        faces.add(leg, Look(colour=trousers), layer=2)
    coat = Look(colour=_pick(chance, _CLOTHES))
    torso = prism([(-0.32, 0.95), (-0.05, 0.95), (0.2, 1.42), (0.0, 1.5), (-0.14, 1.4)], -0.2, 0.2)
    faces.add(torso, coat, layer=3)
    for side in (-0.24, 0.24):
        arm = prism(
            [(0.05, 1.42), (0.16, 1.42), (0.46, 1.0), (0.38, 1.0)], side - 0.045, side + 0.045
        )
        faces.add(arm, Look(colour=_darker(coat.colour)), layer=4)
    _head(faces, (0.0, 1.45, 0.1), 1.75, chance)
    add_bicycle_lamps(faces, 1.0 if lit else 0.15)
    return faces.mesh()


def _head(faces: Faces, neck: Point, tall: float, chance: np.random.Generator) -> None:
    """Set a head with hair on a neck; a hat now and then."""
    radius = tall * 0.068
    right, up, forward = neck[0], neck[1] + tall * 0.1, neck[2]
    skin, hair = Look(colour=_pick(chance, _SKIN)), Look(colour=_pick(chance, _HAIR))
    if chance.random() < 0.2:
        hair = Look(colour=_pick(chance, _CLOTHES))
    low = (right - radius, up - radius * 1.25, forward - radius)
    high = (right + radius, up + radius * 1.2, forward + radius)
    inset = (
        right - radius * 0.7,
        right + radius * 0.7,
        forward - radius * 0.7,
        forward + radius * 0.7,
    )
    faces.add(frustum(low, high, inset), skin, layer=5)
    crown = (low[0] - 0.01, up + radius * 0.35, low[2] - 0.01)
    top = (high[0] + 0.01, high[1] + 0.02, high[2] - 0.02)
    faces.add(frustum(crown, top, inset), hair, layer=6)
    back = panel((right, up - 0.02, low[2] - 0.012), (radius, radius * 1.1), BACK)
    faces.add(back, hair, layer=6)


def _pick(chance: np.random.Generator, colours: tuple[Colour, ...]) -> Colour:
    base = colours[int(chance.integers(len(colours)))]
    shade = chance.uniform(0.8, 1.15)
    return min(base[0] * shade, 1.0), min(base[1] * shade, 1.0), min(base[2] * shade, 1.0)


def _pick_same(faces: Faces, chance: np.random.Generator, colours: tuple[Colour, ...]) -> Colour:
    """Both legs wear the same trousers: the second takes what the first drew."""
    return faces.looks[0][0].colour if faces.looks else _pick(chance, colours)


def _darker(colour: Colour) -> Colour:
    return colour[0] * 0.85, colour[1] * 0.85, colour[2] * 0.85
