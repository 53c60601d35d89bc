"""Traffic lights, signs, street lamps, trees and houses as faces."""

from dataclasses import dataclass

import numpy as np

from otherlight.world.shapes import (
    BACK,
    LEFT,
    RIGHT,
    Colour,
    Faces,
    Look,
    Material,
    Mesh,
    box,
    disc,
    frustum,
    panel,
    sheet,
)

_POLE = Look(colour=(0.36, 0.37, 0.38))
_DARK = Look(colour=(0.07, 0.07, 0.07))
_WHITE = Look(colour=(0.93, 0.93, 0.93), material=Material.RETRO)
_RED = Look(colour=(0.80, 0.08, 0.08), material=Material.RETRO)
_BLUE = Look(colour=(0.08, 0.25, 0.68), material=Material.RETRO)
_YELLOW = Look(colour=(0.95, 0.78, 0.10), material=Material.RETRO)
_BLACK = Look(colour=(0.06, 0.06, 0.06), material=Material.RETRO)
_GREY = Look(colour=(0.5, 0.51, 0.52))
_SIGNALS: tuple[tuple[Material, Colour, Colour], ...] = (
    (Material.RED, (0.24, 0.03, 0.03), (1.0, 0.06, 0.04)),
    (Material.YELLOW, (0.24, 0.18, 0.02), (1.0, 0.62, 0.05)),
    (Material.GREEN, (0.02, 0.2, 0.1), (0.1, 1.0, 0.45)),
)
_WALLS: tuple[Colour, ...] = (
    (0.72, 0.66, 0.56), (0.60, 0.42, 0.34), (0.80, 0.77, 0.70), (0.52, 0.52, 0.53),
    (0.66, 0.58, 0.42), (0.45, 0.33, 0.28), (0.74, 0.62, 0.58), (0.58, 0.62, 0.64),
)  # fmt: skip
_LIT: tuple[Colour, ...] = (
    (1.0, 0.72, 0.38),
    (1.0, 0.82, 0.55),
    (0.85, 0.9, 1.0),
    (1.0, 0.6, 0.25),
)


def pole(height: float, arm: float = 0.0) -> Mesh:
    """Build a pole whose arm, if any, reaches over the road (negative: to the left)."""
    faces = Faces()
    faces.add(box((-0.07, 0, -0.07), (0.07, height, 0.07)), _POLE)
    if arm:
        low, high = (min(0.0, arm), height - 0.1, -0.05), (max(0.0, arm), height, 0.05)
        faces.add(box(low, high), _POLE)
    return faces.mesh()


def signal_head() -> Mesh:
    """Build the housing of a traffic light with its board, 0.7 x 1.5 m; it faces back."""
    faces = Faces()
    faces.add(box((-0.35, -0.75, 0.0), (0.35, 0.75, 0.06)), _DARK)
    edge = Look(colour=(0.85, 0.85, 0.8), material=Material.RETRO)
    faces.add(panel((0, 0, -0.004), (0.35, 0.75), BACK), edge, layer=1)
    faces.add(panel((0, 0, -0.008), (0.30, 0.70), BACK), _DARK, layer=2)
    for index, (material, colour, glow) in enumerate(_SIGNALS):
        look = Look(colour=colour, material=material, glow=glow)
        faces.add(disc((0, 0.44 - 0.44 * index, -0.02), 0.18, BACK), look, layer=3)
    return faces.mesh()


def sign(chance: np.random.Generator) -> Mesh:
    """Build a sign of one of seven kinds, about 1.1 m; it faces back."""
    size, kind = chance.uniform(0.48, 0.62), int(chance.integers(7))
    faces = Faces()
    if kind in (0, 1):
        faces.add(disc((0, 0, 0), size, BACK), _RED)
        faces.add(disc((0, 0, -0.005), size * 0.72, BACK), _WHITE, layer=1)
        for side in (-0.3, 0.3) if kind == 0 else ():
            faces.add(
                panel((side * size, 0, -0.01), (size * 0.16, size * 0.33), BACK), _BLACK, layer=2
            )
    elif kind == 2:
        faces.add(disc((0, 0, 0), size, BACK), _WHITE)
        faces.add(disc((0, 0, -0.005), size * 0.92, BACK), _RED, layer=1)
        faces.add(panel((0, 0, -0.01), (size * 0.66, size * 0.17), BACK), _WHITE, layer=2)
    elif kind == 3:
        _triangle(faces, size)
    elif kind == 4:
        faces.add(disc((0, 0, 0), size, BACK), _BLUE)
        faces.add(panel((0, 0, -0.01), (size * 0.16, size * 0.6), BACK), _WHITE, layer=2)
    elif kind == 5:
        faces.add(panel((0, 0, 0), (size * 0.9, size * 0.9), BACK), _BLUE)
        faces.add(panel((0, -0.05, -0.01), (size * 0.5, size * 0.55), BACK), _WHITE, layer=1)
    else:
        faces.add(sheet([(0, size, 0), (size, 0, 0), (0, -size, 0), (-size, 0, 0)], BACK), _WHITE)
        inner = size * 0.78
        rim = [(0, inner, -0.01), (inner, 0, -0.01), (0, -inner, -0.01), (-inner, 0, -0.01)]
        faces.add(sheet(rim, BACK), _YELLOW, layer=1)
    return faces.mesh()


def _triangle(faces: Faces, size: float) -> None:
    for scale, look, layer in ((1.15, _RED, 0), (0.72, _WHITE, 1)):
        high, wide, back = size * scale, size * scale * 0.95, -0.005 * layer
        corners = [(0, high, back), (wide, -high * 0.7, back), (-wide, -high * 0.7, back)]
        faces.add(sheet(corners, BACK), look, layer=layer)
    faces.add(panel((0, -0.02, -0.01), (size * 0.1, size * 0.3), BACK), _BLACK, layer=2)


def street_lamp(height: float, arm: float, glow: Colour) -> Mesh:
    """Build a street lamp; its head hangs at the end of the arm."""
    faces = Faces()
    faces.add(box((-0.08, 0, -0.08), (0.08, height, 0.08)), _POLE)
    low, high = (min(0.0, arm), height - 0.08, -0.05), (max(0.0, arm), height + 0.04, 0.05)
    faces.add(box(low, high), _POLE)
    head = Look(colour=(0.7, 0.7, 0.68), material=Material.LAMP, glow=glow)
    faces.add(
        box((arm - 0.35, height - 0.2, -0.16), (arm + 0.35, height - 0.05, 0.16)), head, layer=1
    )
    return faces.mesh()


def tree(chance: np.random.Generator) -> Mesh:
    """Build a tree: a trunk and leaves as overlapping discs that face the road's length."""
    trunk, crown = chance.uniform(1.8, 3.0), chance.uniform(1.2, 2.3)
    hue = np.array([0.24, 0.38, 0.15]) + chance.normal(0, 0.04, 3)
    faces = Faces()
    faces.add(box((-0.13, 0, -0.13), (0.13, trunk + 0.5, 0.13)), Look(colour=(0.28, 0.22, 0.17)))
    for index in range(9):
        angle, reach = chance.uniform(0, 2 * np.pi), crown * chance.uniform(0.0, 0.7)
        centre = (
            reach * np.cos(angle), trunk + crown * 0.9 + reach * np.sin(angle), 0.3 - index * 0.06
        )  # fmt: skip
        red, green, blue = np.clip(hue * (0.75 + 0.06 * index), 0.02, 1)
        leaves = Look(colour=(float(red), float(green), float(blue)), both=True)
        faces.add(disc(centre, crown * chance.uniform(0.4, 0.65), BACK), leaves, layer=index + 1)
    return faces.mesh()


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """A house's size along the road, up and away from it; ``side`` is -1 left, 1 right."""

    side: int
    length: float
    floors: int
    depth: float = 10.0
    shop: bool = False

    @property
    def height(self) -> float:
        """Metres to the eaves."""
        return 1.0 + 3.1 * self.floors


def house(chance: np.random.Generator, plan: House) -> Mesh:
    """Build a house from its corner nearest to the road and the camera; some windows are lit."""
    faces, side = Faces(), plan.side
    base = np.asarray(_WALLS[int(chance.integers(len(_WALLS)))]) * chance.uniform(0.75, 1.12)
    red, green, blue = np.clip(base + chance.normal(0, 0.025, 3), 0.05, 1)
    wall = Look(colour=(float(red), float(green), float(blue)))
    left, right = sorted((0.0, side * plan.depth))
    faces.add(box((left, 0, 0), (right, plan.height, plan.length)), wall)
    if plan.floors <= 3 and chance.random() < 0.7:
        roof = Look(colour=(0.42, 0.22, 0.17) if chance.random() < 0.6 else (0.28, 0.28, 0.3))
        low, high = (
            (left - 0.3, plan.height, -0.3),
            (right + 0.3, plan.height + 3, plan.length + 0.3),
        )
        faces.add(
            frustum(low, high, (left + 3.5, right - 3.5, 2.0, plan.length - 2.0)), roof, layer=1
        )
    lit = chance.uniform(0.1, 0.5)
    toward = LEFT if side > 0 else RIGHT
    columns = max(2, int(plan.length / chance.uniform(2.4, 3.6)))
    wide = plan.length / columns * chance.uniform(0.2, 0.36)
    for floor in range(int(plan.shop), plan.floors):
        for column in range(columns):
            centre = (-side * 0.02, 2.2 + 3.1 * floor, (column + 0.5) * plan.length / columns)
            faces.add(panel(centre, (wide, 0.72), toward), _window(chance, lit), layer=2)
        for across in (0.25, 0.6):
            centre = (side * plan.depth * across, 2.2 + 3.1 * floor, -0.02)
            faces.add(panel(centre, (0.6, 0.72), BACK), _window(chance, lit), layer=2)
    if plan.shop:
        _shop(faces, chance, plan)
    return faces.mesh()


def _shop(faces: Faces, chance: np.random.Generator, plan: House) -> None:
    """Give a house large panes at ground level and a coloured board over them."""
    toward, out = (LEFT, -0.02) if plan.side > 0 else (RIGHT, 0.02)
    panes = max(1, int(plan.length / 4))
    for index in range(panes):
        centre = (out, 1.45, (index + 0.5) * plan.length / panes)
        pane = _window(chance, 0.65, strength=1.5)
        faces.add(panel(centre, (plan.length / panes * 0.43, 1.05), toward), pane, layer=2)
    red, green, blue = chance.uniform(0.1, 0.9, 3)
    board = Look(
        colour=(red, green, blue), material=Material.WINDOW,
        glow=(red, green, blue) if chance.random() < 0.6 else (0, 0, 0),
    )  # fmt: skip
    centre = (out * 2, 2.85, plan.length / 2)
    faces.add(panel(centre, (plan.length * 0.45, 0.28), toward), board, layer=3)


def _window(chance: np.random.Generator, lit: float, strength: float = 1.0) -> Look:
    shade = chance.uniform(0.16, 0.34)
    glow: Colour = (0.0, 0.0, 0.0)
    if chance.random() < lit:
        colour = _LIT[int(chance.integers(len(_LIT)))]
        power = strength * chance.uniform(0.25, 1.0)
        glow = (colour[0] * power, colour[1] * power, colour[2] * power)
    return Look(colour=(shade, shade * 1.08, shade * 1.16), material=Material.WINDOW, glow=glow)
