"""From a scene to what the camera sees, before any light falls on it.

All faces of all things are projected at once and painted back to front as *numbers* into one
raster, at twice the image's size each way. Colour, normal, depth, material and instance of a pixel
are then look-ups by face number, so labels cannot depend on light.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int, Int32

from otherlight.world.order import paint_order
from otherlight.world.project import (
    NEAR,
    OVER,
    SHIFT,
    Lens,
    Packed,
    clipped,
    lens_of,
    places,
    planes,
    project,
    to_camera,
)
from otherlight.world.scene import VIEW

SKY, EARTH = 0, 1
"""Face numbers of what lies behind everything."""

_PARTS = 32
_BEHIND = np.array([[0, 0, 0], [0.13, 0.14, 0.10]], np.float32)


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """One frame as face numbers, with what each number stands for; row 0 is sky, row 1 earth.

    ``plane`` gives 1/depth = plane . (x, y, 1) at image pixel (x, y), ``span`` the least and the
    greatest 1/depth of a face, ``swing`` how far legs swing, in radians. ``polygon`` is in raster
    pixels, fixed point. ``first`` and ``last`` bound each thing's rows; ``place`` is where things
    are, in the camera's coordinates (right, up, forward; up from the camera).
    """

    number: Int32[np.ndarray, "raster_height raster_width"]
    lens: Lens
    colour: Float32[np.ndarray, "faces 3"]
    glow: Float32[np.ndarray, "faces 3"]
    material: Int[np.ndarray, " faces"]
    normal: Float32[np.ndarray, "faces 3"]
    plane: Float32[np.ndarray, "faces 3"]
    span: Float32[np.ndarray, "faces 2"]
    swing: Float32[np.ndarray, " faces"]
    thing: Int[np.ndarray, " faces"]
    polygon: Int32[np.ndarray, "faces 8 2"]
    first: Int[np.ndarray, " things"]
    last: Int[np.ndarray, " things"]
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
        # A face seen on edge covers pixels beside its plane's part: hold it to its own depths.
        span = self.span[self.sampled()]
        return np.clip(inverse, span[..., 0], span[..., 1])


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rows:
    """Faces in the order of painting."""

    chosen: np.ndarray
    polygon: np.ndarray
    normal: np.ndarray
    offset: np.ndarray
    span: np.ndarray


def look(packed: Packed, size: tuple[int, int], seconds: float) -> View:
    """See a scene some seconds into its journey; size is (width, height) of the image."""
    scene, lens = packed.scene, lens_of(packed.scene, size, seconds)
    place = places(scene, seconds)
    low, high = place[:, [0, 2]] + packed.low, place[:, [0, 2]] + packed.high
    seen = (high[:, 1] > NEAR) & (low[:, 1] < VIEW)
    seen |= np.array([thing.flat or thing.track == "skyline" for thing in scene.things])
    rank = paint_order(low, high, seen, np.array([thing.flat for thing in scene.things]))
    chosen = np.flatnonzero(seen[packed.thing])
    corners = to_camera(packed, chosen, place, seconds)
    kept, corners = clipped(corners)
    chosen = chosen[kept]
    labelled = np.array([thing.label is not None for thing in scene.things])
    polygon = project(corners, lens)
    normal, offset = planes(corners)
    kept = _worth_painting(polygon, lens, labelled[packed.thing[chosen]])
    # The camera sees a face whose normal points back at it.
    kept &= (offset < 0) | packed.faces.both[chosen]
    chosen, corners = chosen[kept], corners[kept]
    part = packed.thing[chosen] * _PARTS + packed.faces.part[chosen]
    depth = np.bincount(part, corners[..., 2].mean(axis=1)) / np.maximum(np.bincount(part), 1)
    order = np.lexsort((packed.faces.layer[chosen], -depth[part], rank[packed.thing[chosen]]))
    behind = 1.0 / corners[order][..., 2]
    rows = _Rows(
        chosen=chosen[order], polygon=polygon[kept][order], normal=normal[kept][order],
        offset=offset[kept][order], span=np.stack([behind.min(axis=1), behind.max(axis=1)], 1),
    )  # fmt: skip
    return _painted(packed, rows, lens, place, seconds)


def _worth_painting(
    polygon: np.ndarray, lens: Lens, labelled: np.ndarray
) -> Bool[np.ndarray, " faces"]:
    """Drop faces outside the raster; those of labelled things stay, to measure truncation."""
    low, high = polygon.min(axis=1) >> SHIFT, polygon.max(axis=1) >> SHIFT
    inside = (high >= 0).all(axis=1)
    inside &= (low[:, 0] < lens.width * OVER) & (low[:, 1] < lens.height * OVER)
    return inside | labelled


def _painted(packed: Packed, rows: _Rows, lens: Lens, place: np.ndarray, seconds: float) -> View:
    """Paint face numbers back to front and put the look-up tables beside them."""
    thing = np.concatenate([[-1, -1], packed.thing[rows.chosen]])
    raster = np.full((lens.height * OVER, lens.width * OVER), SKY, np.int32)
    raster[max(0, round(lens.down * OVER)) :] = EARTH
    for row, corners in enumerate(rows.polygon, start=2):
        cv2.fillConvexPoly(raster, corners, row, cv2.LINE_8, SHIFT)  # pyright: ignore
    faces, away = packed.faces, rows.offset > 0
    up = np.array([[0, 0, -1], [0, 1, 0]], np.float32)
    normal = np.concatenate([up, np.where(away[:, None], -rows.normal, rows.normal)])
    offset = np.concatenate([[np.inf, -packed.scene.camera.height], -np.abs(rows.offset)])
    slope = normal / np.where(offset == 0, -1e-6, offset)[:, None]
    slope *= np.array([1 / lens.focal, -1 / lens.focal, 1])
    slope[:, 2] -= slope[:, 0] * lens.across + slope[:, 1] * lens.down
    number = len(packed.scene.things)
    return View(
        number=raster, lens=lens, seconds=seconds, place=place, thing=thing,
        colour=np.concatenate([_BEHIND, faces.colour[rows.chosen]]),
        glow=np.concatenate([_BEHIND * 0, faces.glow[rows.chosen]]),
        material=np.concatenate([[0, 1], faces.material[rows.chosen]]),
        normal=normal.astype(np.float32), plane=slope.astype(np.float32),
        span=np.concatenate([[[0, 0], [0, 1 / NEAR]], rows.span]).astype(np.float32),
        swing=np.concatenate([np.zeros(2, np.float32), faces.swing[rows.chosen]]),
        polygon=np.concatenate([np.zeros((2, 8, 2), np.int32), rows.polygon]),
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
