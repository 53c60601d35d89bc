"""Optical flow: where the surface point behind every pixel is in the next frame.

True by construction: a pixel's point lies on a face at a known depth; its thing moves, its legs
swing, the camera drives on and nods; the point is projected again. Nothing is estimated.

Files are KITTI's flow PNGs (16 bits, red and green: 64 u + 2^15 and 64 v + 2^15, blue: valid), so
any reader of KITTI reads them. Valid means that the point is in the next frame and *seen* there. Of
points that leave the frame or are hidden there, red and green still hold the motion.
"""

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt16

from otherlight.world.project import OVER, Packed, swung
from otherlight.world.view import EARTH, SKY, View

Flow = Float32[np.ndarray, "height width 2"]
"""Pixels to the right and down."""

SCALE, ZERO = 64.0, 1 << 15
FARTHEST = ZERO / SCALE - 1
"""Longer motions do not fit the file; they are cut off and not valid."""

_NEAR_ENOUGH = 0.03
"""How far, as a share, depths may differ where a point is taken to be seen again."""


def flow_between(
    packed: Packed, view: View, after: View
) -> tuple[Flow, Bool[np.ndarray, "height width"]]:
    """Compute the flow from one view to the one after, and where it is valid."""
    lens, face = view.lens, view.sampled()
    inverse = np.maximum(view.inverse_depth(), 1e-4)
    across = np.broadcast_to(np.arange(lens.width, dtype=np.float32) + 0.75, face.shape)
    down = np.broadcast_to(np.arange(lens.height, dtype=np.float32)[:, None] + 0.75, face.shape)
    point = np.stack([
        (across - lens.across) / (lens.focal * inverse),
        (lens.down - down) / (lens.focal * inverse),
        1.0 / inverse,
    ], axis=-1)  # fmt: skip
    moved = _moved(packed, view, after, point)
    ahead = moved[..., 2] > 0.05
    depth = np.where(ahead, moved[..., 2], 1.0)
    there = np.stack([
        after.lens.across + after.lens.focal * moved[..., 0] / depth,
        after.lens.down - after.lens.focal * moved[..., 1] / depth,
    ], axis=-1)  # fmt: skip
    sky = face == SKY
    there[sky] = np.stack([across, down + (after.lens.down - lens.down)], axis=-1)[sky]
    flow = (there - np.stack([across, down], axis=-1)).astype(np.float32)
    valid = ahead & _seen(view, after, there, depth) & (abs(flow) < FARTHEST).all(axis=-1)
    return np.clip(flow, -FARTHEST, FARTHEST), valid


def _moved(packed: Packed, view: View, after: View, point: np.ndarray) -> np.ndarray:
    """Move points of the camera's space from one view to the other, each with its own thing."""
    face, scene = view.sampled(), packed.scene
    thing = view.thing[face]
    bend = 0.5 * scene.bend
    moved = point.astype(np.float64)
    moved[..., 0] -= bend * moved[..., 2] * np.abs(moved[..., 2])
    camera = np.array([[0.0, 0.0, -scene.camera.speed * (after.seconds - view.seconds)]])
    step = np.concatenate([(after.place - view.place).astype(np.float64), camera])
    swing = view.swing[face]
    limbs = np.nonzero(swing)
    moved[limbs] = swung(
        packed, thing[limbs], swing[limbs],
        moved[limbs] - view.place[thing[limbs]], (view.seconds, after.seconds),
    ) + view.place[thing[limbs]]  # fmt: skip
    moved += step[thing]
    moved[..., 0] += bend * moved[..., 2] * np.abs(moved[..., 2])
    return moved


def _seen(view: View, after: View, there: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Say which points the next frame shows: the same thing at the same depth is there."""
    size = np.array([after.lens.width, after.lens.height])
    beyond = (there < 0) | (there >= size)
    inside = ~(beyond[..., 0] | beyond[..., 1])
    spot = np.clip(np.where(inside[..., None], there, 0.0) * OVER, 0, size * OVER - 1)
    found = after.number[spot[..., 1].astype(np.int64), spot[..., 0].astype(np.int64)]
    plane, span = after.plane[found], after.span[found]
    inverse = plane[..., 0] * there[..., 0] + plane[..., 1] * there[..., 1] + plane[..., 2]
    inverse = np.clip(inverse, span[..., 0], span[..., 1])
    face = view.sampled()
    near = np.abs(inverse * depth - 1.0) < _NEAR_ENOUGH
    same = (after.thing[found] == view.thing[face]) & ((found == SKY) == (face == SKY))
    same &= (found == EARTH) == (face == EARTH)
    return inside & same & (near | (face == SKY))


def flow_png(flow: Flow, valid: Bool[np.ndarray, "height width"]) -> bytes:
    """Encode flow as KITTI does."""
    pixels: UInt16[np.ndarray, "height width 3"] = np.empty((*valid.shape, 3), np.uint16)
    pixels[..., 0] = valid
    pixels[..., 2:0:-1] = np.rint(flow * SCALE + ZERO).astype(np.uint16)
    return cv2.imencode(".png", pixels)[1].tobytes()


def read_flow_png(data: bytes) -> tuple[Flow, Bool[np.ndarray, "height width"]]:
    """Decode KITTI's flow; also of pixels that are not valid."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    flow = (pixels[..., 2:0:-1].astype(np.float32) - ZERO) / np.float32(SCALE)
    return flow, pixels[..., 0] > 0
