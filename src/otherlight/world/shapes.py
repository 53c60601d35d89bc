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

Colour = tuple[float, float, float]
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
    material: Int16[np.ndarray, "faces"]
    part: Int16[np.ndarray, "faces"]
    layer: Int16[np.ndarray, "faces"]
    swing: Float32[np.ndarray, "faces"]
    both: Bool[np.ndarray, "faces"]


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


def solid(polygons: Sequence[np.ndarray]) -> Corners:
    """Close polygons into a convex solid with all faces turned outward."""
    corners = np.stack([padded(polygon) for polygon in polygons])
    middle = corners.mean(axis=1)
    return facing(corners, middle - corners.reshape(-1, 3).mean(axis=0))


def padded(polygon: np.ndarray) -> np.ndarray:
    """Repeat the last corner up to eight."""
    polygon = np.asarray(polygon, np.float32)
    missing = 8 - len(polygon)
    return np.concatenate([polygon, np.repeat(polygon[-1:], missing, axis=0)])


def sheet(polygon: Sequence[Sequence[float]], toward: tuple[int, int, int]) -> Corners:
    """Lay one flat polygon facing one way."""
    return facing(padded(np.asarray(polygon, np.float32))[None], np.asarray(toward, np.float32))


def scaled(colour: Colour, by: float) -> Colour:
    """Make a colour brighter or darker."""
    return colour[0] * by, colour[1] * by, colour[2] * by


def frustum(low: Sequence[float], high: Sequence[float], top: Sequence[float]) -> Corners:
    """Build a box whose roof is the rectangle (left, right, back, front) ``top``."""
    left, floor, back = low
    right, roof, front = high
    base = [(left, back), (right, back), (right, front), (left, front)]
    above = [(top[0], top[2]), (top[1], top[2]), (top[1], top[3]), (top[0], top[3])]
    lower = np.array([(x, floor, z) for x, z in base])
    upper = np.array([(x, roof, z) for x, z in above])
    sides = [
        np.stack([lower[i], lower[(i + 1) % 4], upper[(i + 1) % 4], upper[i]]) for i in range(4)
    ]
    return solid([*sides, upper, lower])


def box(low: Sequence[float], high: Sequence[float]) -> Corners:
    """Build a box between two opposite corners."""
    return frustum(low, high, (low[0], high[0], low[2], high[2]))


def prism(profile: Sequence[tuple[float, float]], left: float, right: float) -> Corners:
    """Draw a convex outline (forward, up) out from left to right."""
    flat = [np.array([(x, up, forward) for forward, up in profile]) for x in (left, right)]
    number = len(profile)
    rim = [
        np.stack([flat[0][i], flat[0][(i + 1) % number], flat[1][(i + 1) % number], flat[1][i]])
        for i in range(number)
    ]
    return solid([*flat, *rim])


def panel(
    centre: Sequence[float], half: tuple[float, float], toward: tuple[int, int, int]
) -> Corners:
    """Lay a rectangle of half sizes (across, along) facing one way.

    Upright panels: half width, half height. Flat ones: half right, half forward.
    """
    axis = int(np.argmax(np.abs(toward)))
    first, second = {0: (2, 1), 1: (0, 2), 2: (0, 1)}[axis]
    corners = np.tile(np.asarray(centre, np.float32), (4, 1))
    corners[:, first] += np.array([-half[0], half[0], half[0], -half[0]], np.float32)
    corners[:, second] += np.array([-half[1], -half[1], half[1], half[1]], np.float32)
    return facing(padded(corners)[None], np.asarray(toward, np.float32))


def disc(centre: Sequence[float], radius: float, toward: tuple[int, int, int]) -> Corners:
    """Lay a regular octagon facing one way."""
    axis = int(np.argmax(np.abs(toward)))
    first, second = [index for index in range(3) if index != axis]
    angle = (np.arange(8) + 0.5) * np.pi / 4
    corners = np.tile(np.asarray(centre, np.float32), (8, 1))
    corners[:, first] += radius * np.cos(angle)
    corners[:, second] += radius * np.sin(angle)
    return facing(corners[None].astype(np.float32), np.asarray(toward, np.float32))
