"""Faces and the solids made of them, in metres: right, up, forward.

A face is a flat convex polygon of at most eight corners; one with fewer repeats its last. Colours
are written as one sees them (0..1, display) and kept linear in light, so that lights add up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from jaxtyping import Bool, Float32, Int16

Corners = Float32[np.ndarray, "faces 8 3"]
"""Polygons: right, up, forward in metres."""

Number = float | int

Point = Sequence[Number]
"""Right, up, forward in metres."""

Colour = tuple[Number, Number, Number]
"""Red, green, blue as displayed, 0..1."""

AHEAD, BACK, LEFT, RIGHT, UP = (0, 0, 1), (0, 0, -1), (-1, 0, 0), (1, 0, 0), (0, 1, 0)


class Material(IntEnum):
    """What a face is made of, as far as light is concerned; conditions decide what glows."""

    SKY = 0
    GROUND = 1
    MATTE = 2
    GLASS = 3
    RETRO = 4
    HEADLIGHT = 5
    TAILLIGHT = 6
    LAMP = 7
    WINDOW = 8
    RED = 9
    YELLOW = 10
    GREEN = 11


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """How faces look: ``glow`` is the colour they emit when lit, ``both`` shows their backs too.

    ``swing`` moves corners below the hip forward and back with the stride, in radians.
    """

    colour: Colour
    material: Material = Material.MATTE
    glow: Colour = (0.0, 0.0, 0.0)
    both: bool = False
    swing: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Mesh:
    """All faces of one thing; within it, parts are painted far to near, then layers upwards."""

    corners: Corners
    colour: Float32[np.ndarray, "faces 3"]
    glow: Float32[np.ndarray, "faces 3"]
    material: Int16[np.ndarray, " faces"]
    part: Int16[np.ndarray, " faces"]
    layer: Int16[np.ndarray, " faces"]
    swing: Float32[np.ndarray, " faces"]
    both: Bool[np.ndarray, " faces"]


@dataclass
class Faces:
    """Collects faces while a thing is built."""

    corners: list[Corners] = field(default_factory=lambda: [])
    looks: list[tuple[Look, int, int, int]] = field(default_factory=lambda: [])

    def add(self, corners: Corners, look: Look, *, layer: int = 0, part: int = 0) -> None:
        """Add faces that share a look; details need a higher layer than what they lie on."""
        self.corners.append(corners)
        self.looks.append((look, layer, part, len(corners)))

    def mesh(self) -> Mesh:
        """Put everything into arrays."""
        count = [number for *_, number in self.looks]

        def spread(values: Sequence[object], kind: type[np.generic]) -> np.ndarray:
            return np.repeat(np.asarray(values, kind), count, axis=0)

        return Mesh(
            corners=np.concatenate(self.corners),
            colour=spread([look.colour for look, *_ in self.looks], np.float32) ** 2,
            glow=spread([look.glow for look, *_ in self.looks], np.float32),
            material=spread([int(look.material) for look, *_ in self.looks], np.int16),
            part=spread([part for _, _, part, _ in self.looks], np.int16),
            layer=spread([layer for _, layer, _, _ in self.looks], np.int16),
            swing=spread([look.swing for look, *_ in self.looks], np.float32),
            both=spread([look.both for look, *_ in self.looks], np.bool_),
        )


def normals_of(corners: Corners) -> Float32[np.ndarray, "faces 3"]:
    """Compute unit normals by Newell's sum, which repeated corners do not disturb.

    >>> normals_of(panel((0, 0, 0), (1, 1), UP))[0].round(6).tolist()
    [0.0, 1.0, 0.0]
    """
    around = np.cross(corners, np.roll(corners, -1, axis=1)).sum(axis=1)
    length = np.maximum(np.linalg.norm(around, axis=1, keepdims=True), 1e-9)
    return (around / length).astype(np.float32)


def facing(corners: Corners, toward: np.ndarray) -> Corners:
    """Turn each face so that its normal points toward a direction."""
    wrong = (normals_of(corners) * toward).sum(axis=1) < 0
    turned = corners.copy()
    turned[wrong] = corners[wrong, ::-1]
    return turned


def padded(polygon: np.ndarray) -> np.ndarray:
    """Repeat the last corner up to eight."""
    polygon = np.asarray(polygon, np.float32)
    missing = 8 - len(polygon)
    return np.concatenate([polygon, np.repeat(polygon[-1:], missing, axis=0)])


def sheet(polygon: Sequence[Point], toward: tuple[int, int, int]) -> Corners:
    """Lay one flat polygon facing one way."""
    return facing(padded(np.asarray(polygon, np.float32))[None], np.asarray(toward, np.float32))


def scaled(colour: Colour, by: float) -> Colour:
    """Make a colour brighter or darker."""
    return colour[0] * by, colour[1] * by, colour[2] * by


def frustum(low: Point, high: Point, top: Sequence[Number]) -> Corners:
    """Build a box whose roof is the rectangle (left, right, back, front) ``top``."""
    left, floor, back = low
    right, roof, front = high
    corners = np.array([
        (left, floor, back), (right, floor, back), (right, floor, front), (left, floor, front),
        (top[0], roof, top[2]), (top[1], roof, top[2]),
        (top[1], roof, top[3]), (top[0], roof, top[3]),
    ], np.float32)  # fmt: skip
    return corners[_BOX]


def box(low: Point, high: Point) -> Corners:
    """Build a box between two opposite corners: back, right, front, left, roof, floor."""
    return frustum(low, high, (low[0], high[0], low[2], high[2]))


def prism(profile: Sequence[tuple[Number, Number]], left: Number, right: Number) -> Corners:
    """Draw a convex outline (forward, up) out from left to right: left, right, then the rim."""
    outline = np.asarray(profile, np.float32)
    after = np.roll(outline, -1, axis=0)
    if (outline[:, 0] * after[:, 1] - after[:, 0] * outline[:, 1]).sum() > 0:
        outline = outline[::-1]
    number = len(outline)
    side = np.empty((2, number, 3), np.float32)
    side[:, :, 0] = np.array([[left], [right]])
    side[:, :, 1:] = outline[:, ::-1]
    index = np.arange(8).clip(max=number - 1)
    this, after = np.arange(number), (np.arange(number) + 1) % number
    rim = np.stack([side[0, this], side[0, after], side[1, after], side[1, this]], axis=1)
    return np.concatenate([side[0, index[::-1]][None], side[1, index][None], rim[:, _QUAD]])


def panel(centre: Point, half: tuple[Number, Number], toward: tuple[int, int, int]) -> Corners:
    """Lay a rectangle of half sizes (across, along) facing one way.

    Upright panels: half width, half height. Flat ones: half right, half forward.
    """
    across, along = _PANELS[toward]
    middle = np.array(centre, np.float32)
    return (middle + half[0] * across + half[1] * along)[None].astype(np.float32)


def disc(centre: Point, radius: Number, toward: tuple[int, int, int]) -> Corners:
    """Lay a regular octagon facing one way."""
    return (np.array(centre, np.float32) + np.float32(radius) * _DISCS[toward])[None]


_QUAD = np.array([0, 1, 2, 3, 3, 3, 3, 3])
_BOX = np.array([
    [0, 4, 5, 1], [1, 5, 6, 2], [2, 6, 7, 3], [3, 7, 4, 0], [4, 7, 6, 5], [0, 1, 2, 3],
])[:, _QUAD]  # fmt: skip


def _lying(toward: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Lay out the corners of a unit panel: how far across and how far along each lies."""
    axis = [abs(part) for part in toward].index(1)
    first, second = {0: (2, 1), 1: (0, 2), 2: (0, 1)}[axis]
    unit = np.zeros((2, 8, 3), np.float32)
    unit[0, :, first] = np.array([-1, 1, 1, -1])[_QUAD]
    unit[1, :, second] = np.array([-1, -1, 1, 1])[_QUAD]
    if (normals_of(unit.sum(axis=0)[None]) * np.array(toward)).sum() < 0:
        unit = unit[:, _QUAD[::-1]]
    return unit[0], unit[1]


def _round(toward: tuple[int, int, int]) -> np.ndarray:
    axis = [abs(part) for part in toward].index(1)
    first, second = [index for index in range(3) if index != axis]
    angle = (np.arange(8) + 0.5) * np.pi / 4
    corners = np.zeros((8, 3), np.float32)
    corners[:, first], corners[:, second] = np.cos(angle), np.sin(angle)
    return facing(corners[None], np.asarray(toward, np.float32))[0]


_PANELS = {toward: _lying(toward) for toward in (AHEAD, BACK, LEFT, RIGHT, UP)}
_DISCS = {toward: _round(toward) for toward in (AHEAD, BACK, LEFT, RIGHT, UP)}
