"""From road coordinates to the raster: all faces of a scene in one block, moved and projected."""

import math
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float32, Int, Int32

from otherlight.world.people import HIP
from otherlight.world.scene import Scene
from otherlight.world.shapes import Mesh

NEAR = 0.7
"""Metres before the camera where faces are cut off."""

OVER = 2
"""Raster pixels across one image pixel."""

SHIFT = 3
"""Fractional bits of the corners given to OpenCV."""

_HIP_HEIGHT = 1.7 * HIP


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """A scene's faces in one block; made once a sequence."""

    scene: Scene
    faces: Mesh
    thing: Int[np.ndarray, " faces"]
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


def lens_of(scene: Scene, size: tuple[int, int], seconds: float) -> Lens:
    """Point the camera: yaw moves the image's centre, a bounce its horizon."""
    camera = scene.camera
    focal = camera.focal * size[0]
    swing = camera.bounce * math.sin(5.1 * seconds + 40 * camera.yaw) * min(camera.speed, 8.0) / 8.0
    return Lens(
        width=size[0], height=size[1], focal=focal,
        across=size[0] / 2 - focal * camera.yaw,
        down=(camera.horizon + swing) * size[1],
    )  # fmt: skip


def places(scene: Scene, seconds: float) -> Float32[np.ndarray, "things 3"]:
    """Say where things are after some seconds, from the camera, before the road bends."""
    camera = scene.camera
    here = (camera.right, camera.height, camera.travelled(seconds))
    place = np.array([thing.place(seconds) for thing in scene.things], np.float32)
    return place - np.array(here, np.float32)


def to_camera(
    packed: Packed, chosen: np.ndarray, place: np.ndarray, seconds: float
) -> Float32[np.ndarray, "faces 8 3"]:
    """Swing legs, turn, move and bend."""
    scene, thing = packed.scene, packed.thing[chosen]
    local = packed.faces.corners[chosen]
    right, up, forward = local[..., 0], local[..., 1], local[..., 2]
    swing = packed.faces.swing[chosen] * _strides(scene, seconds)[thing]
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


def swung(
    packed: Packed,
    thing: np.ndarray,
    swing: np.ndarray,
    local: np.ndarray,
    seconds: tuple[float, float],
) -> np.ndarray:
    """Swing points of limbs on from one moment to another; they are relative to their things."""
    before, after = (_strides(packed.scene, moment)[thing] for moment in seconds)
    headings = np.array([t.heading for t in packed.scene.things])[thing]
    reach = swing * (after - before) * np.maximum(_HIP_HEIGHT - local[:, 1], 0.0)
    out = local.copy()
    out[:, 0] += reach * np.sin(headings)
    out[:, 2] += reach * np.cos(headings)
    return out


def _strides(scene: Scene, seconds: float) -> np.ndarray:
    """Say where everyone is within a stride, -1 to 1."""
    return np.array([np.sin(t.phase + t.stride * seconds) for t in scene.things], np.float32)


def clipped(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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


def project(corners: np.ndarray, lens: Lens) -> Int32[np.ndarray, "faces 8 2"]:
    """Project to raster pixels in fixed point."""
    scale = lens.focal / corners[..., 2]
    out = np.empty((*corners.shape[:2], 2), np.float32)
    out[..., 0] = lens.across + corners[..., 0] * scale
    out[..., 1] = lens.down - corners[..., 1] * scale
    # OpenCV draws pixel centres at whole numbers; far outside is as good as just outside.
    fixed = (np.clip(out, -8000, 8000) * OVER - 0.5) * (1 << SHIFT)
    return np.rint(fixed).astype(np.int32)


def planes(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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
