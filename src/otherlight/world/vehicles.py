"""Cars, vans, trucks and buses as faces; the origin is on the ground under their middle."""

from collections.abc import Sequence

import numpy as np

from otherlight.world.shapes import (
    AHEAD,
    BACK,
    LEFT,
    RIGHT,
    Colour,
    Faces,
    Look,
    Material,
    Mesh,
    Point,
    box,
    disc,
    frustum,
    panel,
    prism,
    scaled,
    sheet,
)

PAINTS: tuple[tuple[Colour, float], ...] = (
    ((0.93, 0.93, 0.92), 0.20),
    ((0.70, 0.72, 0.74), 0.15),
    ((0.42, 0.44, 0.47), 0.13),
    ((0.13, 0.13, 0.15), 0.16),
    ((0.66, 0.11, 0.10), 0.11),
    ((0.12, 0.25, 0.55), 0.11),
    ((0.16, 0.36, 0.28), 0.05),
    ((0.85, 0.70, 0.16), 0.04),
    ((0.62, 0.53, 0.42), 0.05),
)
_GLASS = Look(colour=(0.20, 0.25, 0.29), material=Material.GLASS)
_TYRE = Look(colour=(0.09, 0.09, 0.10))
_RIM = Look(colour=(0.52, 0.53, 0.55))
_TRIM = Look(colour=(0.14, 0.14, 0.15))
_PLATE = Look(colour=(0.92, 0.92, 0.86), material=Material.RETRO)
_WHITE_LIGHT: Colour = (1.0, 0.95, 0.84)
_RED_LIGHT: Colour = (1.0, 0.07, 0.04)


def paint(chance: np.random.Generator) -> Colour:
    """Choose a colour as they are seen on the road."""
    share = np.array([weight for _, weight in PAINTS])
    base = np.asarray(PAINTS[chance.choice(len(PAINTS), p=share / share.sum())][0])
    red, green, blue = np.clip(base * chance.uniform(0.85, 1.1) + chance.normal(0, 0.02, 3), 0, 1)
    return float(red), float(green), float(blue)


def car(chance: np.random.Generator, *, lit: bool) -> tuple[Mesh, float]:
    """Build a car, hatchback to estate; also its length."""
    length, half = chance.uniform(3.9, 4.9), chance.uniform(0.86, 0.96)
    height, waist = chance.uniform(1.42, 1.72), chance.uniform(0.86, 0.98)
    end, look = length / 2, Look(colour=paint(chance))
    nose, tail = end - chance.uniform(0.95, 1.25), -end + chance.uniform(0.1, 0.75)
    faces = Faces()
    outline = [
        (-end, 0.32), (end, 0.32), (end, 0.66), (end - 0.12, waist - 0.1),
        (nose, waist), (tail, waist), (-end + 0.04, waist - 0.06), (-end, 0.7),
    ]  # fmt: skip
    faces.add(prism(outline, -half, half), look)
    low, high = (-half + 0.04, waist, tail - 0.05), (half - 0.04, height, nose + 0.1)
    roof = (-half + 0.2, half - 0.2, tail + chance.uniform(0.15, 0.5), nose - 0.75)
    faces.add(frustum(low, high, roof), look, layer=1)
    _cabin_windows(faces, low, high, roof)
    _wheels(faces, end * 0.62, half, 0.33)
    _ends(faces, (half, end, 0.7), lit=lit)
    return faces.mesh(), length


def van(chance: np.random.Generator, *, lit: bool) -> tuple[Mesh, float]:
    """Build a panel van or a minibus; also its length."""
    length, half, height = chance.uniform(4.9, 6.1), 1.0, chance.uniform(2.0, 2.6)
    end, look = length / 2, Look(colour=paint(chance) if chance.random() < 0.5 else PAINTS[0][0])
    faces = Faces()
    outline = [
        (-end, 0.35), (end, 0.35), (end, 0.95), (end - 0.75, 1.2),
        (end - 1.4, height - 0.05), (end - 1.6, height), (-end + 0.05, height),
        (-end, height - 0.1),
    ]  # fmt: skip
    faces.add(prism(outline, -half, half), look)
    slope = [
        (-0.86, 1.26, end - 0.76), (0.86, 1.26, end - 0.76),
        (0.8, height - 0.15, end - 1.34), (-0.8, height - 0.15, end - 1.34),
    ]  # fmt: skip
    faces.add(sheet(slope, AHEAD), _GLASS, layer=1)
    windows = 3 if chance.random() < 0.35 else 1
    for index in range(windows):
        for side, toward in ((-half - 0.01, LEFT), (half + 0.01, RIGHT)):
            centre = (side, height - 0.62, end - 2.1 - index * 1.2)
            faces.add(panel(centre, (0.5, 0.33), toward), _GLASS, layer=1)
    for side in (-0.45, 0.45):
        pane = panel((side, height - 0.62, -end - 0.01), (0.36, 0.34), BACK)
        faces.add(pane, _GLASS, layer=1)
    _wheels(faces, end * 0.64, half, 0.36)
    _ends(faces, (half, end, 0.85), lit=lit)
    return faces.mesh(), length


def truck(chance: np.random.Generator, *, lit: bool) -> tuple[Mesh, float]:
    """Build a box truck: a cab and a cargo box of its own colour; also its length."""
    length, half, height = chance.uniform(7.0, 10.0), 1.22, chance.uniform(3.0, 3.7)
    end, cab = length / 2, 1.9
    faces = Faces()
    cargo = Look(colour=PAINTS[int(chance.choice([0, 0, 1, 4, 5, 7]))][0])
    top = chance.uniform(2.4, 2.8)
    faces.add(box((-1.15, 0.45, end - cab), (1.15, top, end)), Look(colour=paint(chance)), part=1)
    faces.add(panel((0, top - 0.65, end + 0.02), (1.0, 0.45), AHEAD), _GLASS, layer=1, part=1)
    for side, toward in ((-1.17, LEFT), (1.17, RIGHT)):
        pane = panel((side, top - 0.65, end - 0.7), (0.45, 0.4), toward)
        faces.add(pane, _GLASS, layer=1, part=1)
    faces.add(box((-half, 0.95, -end), (half, height, end - cab - 0.15)), cargo)
    stripe = Look(colour=paint(chance))
    for side, toward in ((-half - 0.01, LEFT), (half + 0.01, RIGHT)):
        middle = (side, height * 0.62, -cab / 2)
        faces.add(panel(middle, (end * 0.5, height * 0.1), toward), stripe, layer=1)
    faces.add(panel((0, 2.0, -end - 0.01), (0.02, 0.95), BACK), _TRIM, layer=1)
    chassis = box((-0.95, 0.5, -end + 0.1), (0.95, 0.95, end - cab))
    faces.add(chassis, _TRIM, layer=-1)
    _wheels(faces, end * 0.66, 1.15, 0.48)
    _ends(faces, (1.12, end, 0.8), lit=lit, front_part=1)
    return faces.mesh(), length


def bus(chance: np.random.Generator, *, lit: bool) -> tuple[Mesh, float]:
    """Build a city bus, whose inside is lit by night; also its length."""
    length, half, height = chance.uniform(10.0, 12.0), 1.27, chance.uniform(2.95, 3.2)
    end = length / 2
    colour = ((0.75, 0.13, 0.1), (0.12, 0.4, 0.62), (0.9, 0.72, 0.1), (0.2, 0.5, 0.27))
    faces = Faces()
    faces.add(box((-half, 0.33, -end), (half, height, end)), Look(colour=colour[chance.choice(4)]))
    inside = Look(
        colour=(0.22, 0.26, 0.3),
        material=Material.WINDOW,
        glow=(0.62, 0.6, 0.5) if lit else (0, 0, 0),
    )
    number = 6
    for index in range(number):
        forward = -end + (index + 0.5) * length / number
        for side, toward in ((-half - 0.01, LEFT), (half + 0.01, RIGHT)):
            pane = panel((side, 1.95, forward), (length / number * 0.44, 0.5), toward)
            faces.add(pane, inside, layer=1)
    faces.add(panel((0, 1.75, end + 0.01), (1.12, 0.72), AHEAD), inside, layer=1)
    faces.add(panel((0, 2.05, -end - 0.01), (1.0, 0.45), BACK), inside, layer=1)
    board = Look(
        colour=(0.9, 0.6, 0.1), material=Material.WINDOW, glow=(1.3, 0.7, 0.1) if lit else (0, 0, 0)
    )
    faces.add(panel((0, height - 0.24, end + 0.02), (0.75, 0.13), AHEAD), board, layer=2)
    _wheels(faces, end * 0.58, half, 0.48)
    _ends(faces, (half, end, 0.75), lit=lit)
    return faces.mesh(), length


VEHICLES = {"car": car, "van": van, "truck": truck, "bus": bus}


def _cabin_windows(
    faces: Faces,
    low: Point,
    high: Point,
    roof: Sequence[float],
) -> None:
    """Lay glass on the four slopes of a cabin, a little smaller than they are."""
    bottom, top = low[1] + 0.04, high[1] - 0.09

    def at(x: float, z: float, up: float) -> tuple[float, float, float]:
        share = (up - low[1]) / (high[1] - low[1])
        rear, front = (low[2], roof[2]), (high[2], roof[3])
        wide = (high[0], roof[1])
        along = (rear[0] + (rear[1] - rear[0]) * share, front[0] + (front[1] - front[0]) * share)
        across = wide[0] + (wide[1] - wide[0]) * share
        return (x * (across + 0.012), up, along[0] + z * (along[1] - along[0]))

    for z, toward in ((-0.005, BACK), (1.005, AHEAD)):
        pane = [at(-0.9, z, bottom), at(0.9, z, bottom), at(0.88, z, top), at(-0.88, z, top)]
        faces.add(sheet(pane, toward), _GLASS, layer=2)
    for x, toward in ((-1.0, LEFT), (1.0, RIGHT)):
        for back, front in ((0.1, 0.47), (0.52, 0.9)):
            pane = [at(x, back, bottom), at(x, front, bottom), at(x, front, top), at(x, back, top)]
            faces.add(sheet(pane, toward), _GLASS, layer=2)


def _wheels(faces: Faces, reach: float, half: float, radius: float) -> None:
    for forward in (-reach, reach):
        for side, toward in ((-half - 0.015, LEFT), (half + 0.015, RIGHT)):
            faces.add(disc((side, radius, forward), radius, toward), _TYRE, layer=3)
            faces.add(disc((side * 1.01, radius, forward), radius * 0.55, toward), _RIM, layer=4)
        tread = Look(colour=_TYRE.colour, both=True)
        for side in (-half + 0.14, half - 0.14):
            faces.add(panel((side, radius * 0.7, forward), (0.13, radius * 0.7), BACK), tread,
                      layer=-2)  # fmt: skip


def _ends(
    faces: Faces, size: tuple[float, float, float], *, lit: bool, front_part: int = 0
) -> None:
    """Add lights, plates and bumpers; ``size`` is half width, half length, height of lights."""
    half, end, up = size
    on = 1.0 if lit else 0.0
    white = Look(
        colour=(0.88, 0.88, 0.86),
        material=Material.HEADLIGHT,
        glow=scaled(_WHITE_LIGHT, on),
    )
    red = Look(
        colour=(0.55, 0.05, 0.05),
        material=Material.TAILLIGHT,
        glow=scaled(_RED_LIGHT, on or 0.02),
    )
    for side in (-half + 0.2, half - 0.2):
        faces.add(panel((side, up, end + 0.02), (0.18, 0.09), AHEAD), white, layer=5,
                  part=front_part)  # fmt: skip
        faces.add(panel((side, up + 0.1, -end - 0.02), (0.15, 0.12), BACK), red, layer=5)
    faces.add(panel((0, 0.42, end + 0.015), (half * 0.95, 0.09), AHEAD), _TRIM, layer=4,
              part=front_part)  # fmt: skip
    faces.add(panel((0, 0.42, -end - 0.015), (half * 0.95, 0.09), BACK), _TRIM, layer=4)
    faces.add(panel((0, 0.62, -end - 0.02), (0.26, 0.07), BACK), _PLATE, layer=5)
    faces.add(panel((0, 0.47, end + 0.02), (0.26, 0.06), AHEAD), _PLATE, layer=5, part=front_part)
