"""From a scene to what the camera sees, before any light falls on it.

All faces of all things are projected at once and painted back to front as *numbers* into one
raster, at twice the image's size each way. Colour, normal, depth, material and instance of a pixel
are then look-ups by face number, so labels cannot depend on light.
"""

import math
from dataclasses import dataclass, fields

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int, Int32

from otherlight.world.order import paint_order
from otherlight.world.people import HIP
from otherlight.world.scene import VIEW, Scene
from otherlight.world.shapes import Mesh

NEAR = 0.7
"""Metres before the camera where faces are cut off."""

OVER = 2
"""Raster pixels across one image pixel."""

SKY, EARTH = 0, 1
"""Face numbers of what lies behind everything."""

SHIFT = 3
"""Fractional bits of the corners given to OpenCV."""

_HIP_HEIGHT = 1.7 * HIP


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """A scene's faces in one block; made once a sequence."""

    scene: Scene
    faces: Mesh
    thing: Int[np.ndarray, "faces"]
    low: Float32[np.ndarray, "things 2"]
    high: Float32[np.ndarray, "things 2"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lens:
    """Where the image lies: pixels of the image for ``focal`` and the centre."""

    width: int
    height: int
    focal: float
    across: float
    down: float


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """One frame as face numbers, with what each number stands for; row 0 is sky, row 1 earth.

    ``plane`` gives 1/depth = plane . (x, y, 1) at image pixel (x, y). ``polygon`` is in raster
    pixels, fixed point. ``first`` and ``last`` bound each thing's rows; ``place`` is where things
    are, in the camera's coordinates (right, up, forward; up from the camera).
    """

    number: Int32[np.ndarray, "raster_height raster_width"]
    lens: Lens
    colour: Float32[np.ndarray, "faces 3"]
    glow: Float32[np.ndarray, "faces 3"]
    material: Int[np.ndarray, "faces"]
    normal: Float32[np.ndarray, "faces 3"]
    plane: Float32[np.ndarray, "faces 3"]
    thing: Int[np.ndarray, "faces"]
    polygon: Int32[np.ndarray, "faces 8 2"]
    first: Int[np.ndarray, "things"]
    last: Int[np.ndarray, "things"]
    place: Float32[np.ndarray, "things 3"]
    seconds: float

    def sampled(self) -> Int32[np.ndarray, "height width"]:
        """Take one face number for every pixel of the image."""
        return self.number[1::OVER, 1::OVER]

    def inverse_depth(self) -> Float32[np.ndarray, "height width"]:
        """Compute 1/depth in 1/metres for every pixel of the image; the sky is 0."""
        plane = self.plane[self.sampled()]
        across = np.arange(self.lens.width, dtype=np.float32)[None, :] + 0.75
        down = np.arange(self.lens.height, dtype=np.float32)[:, None] + 0.75
        inverse = plane[..., 0] * across + plane[..., 1] * down + plane[..., 2]
        return np.clip(inverse, 0.0, 1.0 / NEAR)


def pack(scene: Scene) -> Packed:
    """Put a scene's faces into one block."""
    meshes = [thing.mesh for thing in scene.things]
    joined = {
        part.name: np.concatenate([getattr(mesh, part.name) for mesh in meshes])
        for part in fields(Mesh)
    }
    counts = [len(mesh.layer) for mesh in meshes]
    corners: list[np.ndarray] = []
    for thing in scene.things:
        flat = thing.mesh.corners.reshape(-1, 3)
        cosine, sine = np.cos(thing.heading), np.sin(thing.heading)
        right, forward = flat[:, 0], flat[:, 2]
        turned = (cosine * right + sine * forward, cosine * forward - sine * right)
        corners.append(np.array([[t.min() for t in turned], [t.max() for t in turned]], np.float32))
    extent = np.stack(corners)
    return Packed(
        scene=scene, faces=Mesh(**joined), thing=np.repeat(np.arange(len(counts)), counts),
        low=extent[:, 0], high=extent[:, 1],
    )  # fmt: skip


def look(packed: Packed, size: tuple[int, int], seconds: float) -> View:
    """See a scene some seconds into its journey; size is (width, height) of the image."""
    scene, lens = packed.scene, _lens(packed.scene, size, seconds)
    place = _places(scene, seconds)
    low, high = place[:, [0, 2]] + packed.low, place[:, [0, 2]] + packed.high
    seen = (high[:, 1] > NEAR) & (low[:, 1] < VIEW)
    seen |= np.array([thing.flat or thing.track == "skyline" for thing in scene.things])
    rank = paint_order(low, high, seen, np.array([thing.flat for thing in scene.things]))
    chosen = np.flatnonzero(seen[packed.thing])
    corners = _to_camera(packed, chosen, place, seconds)
    kept, corners = _clipped(corners)
    chosen = chosen[kept]
    labelled = np.array([thing.label is not None for thing in scene.things])
    polygon = _project(corners, lens)
    normal, offset = _planes(corners)
    kept = _worth_painting(polygon, lens, labelled[packed.thing[chosen]])
    # The camera sees a face whose normal points back at it.
    kept &= (offset < 0) | packed.faces.both[chosen]
    chosen, polygon, normal, offset = chosen[kept], polygon[kept], normal[kept], offset[kept]
    depth = np.bincount(_part(packed, chosen), corners[kept].mean(axis=1)[:, 2])
    count = np.maximum(np.bincount(_part(packed, chosen)), 1)
    order = np.lexsort((
        packed.faces.layer[chosen], -(depth / count)[_part(packed, chosen)],
        rank[packed.thing[chosen]],
    ))  # fmt: skip
    return _painted(packed, (chosen[order], polygon[order], normal[order], offset[order]), lens,
                    place, seconds)  # fmt: skip


def _part(packed: Packed, chosen: np.ndarray) -> np.ndarray:
    return packed.thing[chosen] * 32 + packed.faces.part[chosen]


def _lens(scene: Scene, size: tuple[int, int], seconds: float) -> Lens:
    camera = scene.camera
    focal = camera.focal * size[0]
    swing = camera.bounce * math.sin(5.1 * seconds + 40 * camera.yaw) * min(camera.speed, 8.0) / 8.0
    return Lens(
        width=size[0], height=size[1], focal=focal,
        across=size[0] / 2 - focal * camera.yaw,
        down=(camera.horizon + swing) * size[1],
    )  # fmt: skip


def _places(scene: Scene, seconds: float) -> Float32[np.ndarray, "things 3"]:
    camera = scene.camera
    here = (camera.right, camera.height, camera.speed * seconds)
    place = np.array([thing.place(seconds) for thing in scene.things], np.float32)
    return place - np.array(here, np.float32)


def _to_camera(
    packed: Packed, chosen: np.ndarray, place: np.ndarray, seconds: float
) -> Float32[np.ndarray, "faces 8 3"]:
    """Swing legs, turn, move and bend."""
    scene, thing = packed.scene, packed.thing[chosen]
    local = packed.faces.corners[chosen]
    right, up, forward = local[..., 0], local[..., 1], local[..., 2]
    stride = np.array([np.sin(t.phase + t.stride * seconds) for t in scene.things], np.float32)
    swing = packed.faces.swing[chosen] * stride[thing]
    forward = forward + swing[:, None] * np.maximum(_HIP_HEIGHT - up, 0.0)
    heading = np.array([t.heading for t in scene.things], np.float32)
    cosine, sine = np.cos(heading)[thing][:, None], np.sin(heading)[thing][:, None]
    at = place[thing][:, None, :]
    out = np.empty_like(local)
    out[..., 2] = cosine * forward - sine * right + at[..., 2]
    out[..., 0] = cosine * right + sine * forward + at[..., 0]
    out[..., 0] += 0.5 * scene.bend * out[..., 2] * np.abs(out[..., 2])
    out[..., 1] = up + at[..., 1]
    return out


def _clipped(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut faces at the near plane; hand back which are left, and their corners."""
    behind = corners[..., 2] < NEAR
    kept = np.flatnonzero(~behind.all(axis=1))
    corners = corners[kept]
    for row in np.flatnonzero(behind[kept].any(axis=1)):
        corners[row] = _cut(corners[row])
    return kept, corners


def _cut(polygon: np.ndarray) -> np.ndarray:
    """Clip one convex polygon (Sutherland and Hodgman, 1974) and fit it to eight corners."""
    corners = polygon.tolist()
    found: list[list[float]] = []
    for start, end in zip(corners, [*corners[1:], corners[0]], strict=True):
        if start[2] >= NEAR:
            found.append(start)
        if (start[2] < NEAR) != (end[2] < NEAR):
            share = (NEAR - start[2]) / (end[2] - start[2])
            found.append([s + (e - s) * share for s, e in zip(start, end, strict=True)])
    found = found[:8]
    return np.array(found + [found[-1]] * (8 - len(found)), np.float32)


def _project(corners: np.ndarray, lens: Lens) -> Int32[np.ndarray, "faces 8 2"]:
    """Project to raster pixels in fixed point."""
    scale = lens.focal / corners[..., 2]
    out = np.empty((*corners.shape[:2], 2), np.float32)
    out[..., 0] = lens.across + corners[..., 0] * scale
    out[..., 1] = lens.down - corners[..., 1] * scale
    # OpenCV draws pixel centres at whole numbers; far outside is as good as just outside.
    fixed = (np.clip(out, -8000, 8000) * OVER - 0.5) * (1 << SHIFT)
    return np.rint(fixed).astype(np.int32)


def _planes(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute unit normals (Newell) and offsets, normal . point, of faces in camera space."""
    after = np.roll(corners, -1, axis=1)
    away, total = corners - after, corners + after
    normal = np.stack([
        (away[..., 1] * total[..., 2]).sum(axis=1),
        (away[..., 2] * total[..., 0]).sum(axis=1),
        (away[..., 0] * total[..., 1]).sum(axis=1),
    ], axis=1)  # fmt: skip
    normal /= np.maximum(np.sqrt((normal**2).sum(axis=1, keepdims=True)), 1e-9)
    return normal, (normal * corners.mean(axis=1)).sum(axis=1)


def _worth_painting(
    polygon: np.ndarray, lens: Lens, labelled: np.ndarray
) -> Bool[np.ndarray, "faces"]:
    """Drop faces outside the raster; those of labelled things stay, to measure truncation."""
    low, high = polygon.min(axis=1) >> SHIFT, polygon.max(axis=1) >> SHIFT
    inside = (high >= 0).all(axis=1)
    inside &= (low[:, 0] < lens.width * OVER) & (low[:, 1] < lens.height * OVER)
    return inside | labelled


def _painted(
    packed: Packed,
    rows: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    lens: Lens,
    place: np.ndarray,
    seconds: float,
) -> View:
    """Paint face numbers back to front and put the look-up tables beside them."""
    chosen, polygon, normal, offset = rows
    thing = np.concatenate([[-1, -1], packed.thing[chosen]])
    raster = np.full((lens.height * OVER, lens.width * OVER), SKY, np.int32)
    raster[max(0, round(lens.down * OVER)) :] = EARTH
    for row, corners in enumerate(polygon, start=2):
        cv2.fillConvexPoly(raster, corners, row, cv2.LINE_8, SHIFT)  # pyright: ignore
    scene, faces = packed.scene, packed.faces
    up = np.array([[0, 0, -1], [0, 1, 0]], np.float32)
    normal = np.concatenate([up, np.where(offset[:, None] > 0, -normal, normal)])
    offset = np.concatenate([[np.inf, -scene.camera.height], -np.abs(offset)])
    ray = normal / np.where(offset == 0, -1e-6, offset)[:, None]
    slope = ray * np.array([1 / lens.focal, -1 / lens.focal, 1], np.float32)
    slope[:, 2] -= slope[:, 0] * lens.across + slope[:, 1] * lens.down
    number = len(scene.things)
    return View(
        number=raster, lens=lens, seconds=seconds, place=place, thing=thing,
        colour=np.concatenate([[[0, 0, 0], [0.13, 0.14, 0.10]], faces.colour[chosen]]).astype(np.float32),
        glow=np.concatenate([np.zeros((2, 3)), faces.glow[chosen]]).astype(np.float32),
        material=np.concatenate([[0, 1], faces.material[chosen]]),
        normal=normal.astype(np.float32), plane=slope.astype(np.float32),
        polygon=np.concatenate([np.zeros((2, 8, 2), np.int32), polygon]),
        first=_bounds(thing, number, first=True), last=_bounds(thing, number, first=False),
    )  # fmt: skip


def _bounds(thing: np.ndarray, number: int, *, first: bool) -> np.ndarray:
    """Find the first row of each thing, or the one after its last; its rows lie together."""
    bound = np.zeros(number, np.int64)
    rows = np.arange(2, len(thing))
    if first:
        bound[thing[:1:-1]] = rows[::-1]
    else:
        bound[thing[2:]] = rows + 1
    return bound
