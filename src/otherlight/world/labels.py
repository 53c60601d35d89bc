"""What a frame's boxes are: from the visible pixels of each thing, never from its description.

- `left, top, right, bottom`: the tight box of the visible pixels of the instance mask.
- `occlusion`: 1 - visible pixels / pixels of the whole silhouette inside the frame;
  `occlusion_level` 0 below .1, 1 below .5, 2 from there on.
- `truncation`: share of the silhouette outside the frame, counted on a canvas that reaches one
  frame beyond each edge; what lies behind the camera's near plane (0.7 m) is not counted.
- A box with fewer than 16 visible pixels, or narrower or lower than 4 pixels, is kept as `ignore`
  with the reason "tiny"; one of which at least .8 is hidden with the reason "hidden". A thing
  without a visible pixel has no box.
"""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float16, Int16, UInt8, UInt16

from otherlight.world.project import OVER, SHIFT, Packed
from otherlight.world.view import View

LEAST_PIXELS, LEAST_SIDE = 16, 4
PARTLY, LARGELY, HIDDEN = 0.1, 0.5, 0.8


def instances(view: View) -> Int16[np.ndarray, "height width"]:
    """Number the thing seen at every pixel; -1 for sky and earth."""
    return view.thing.astype(np.int16)[view.sampled()]


def label_frame(packed: Packed, view: View) -> list[dict[str, Any]]:
    """Measure the boxes of one frame, as rows of the boxes table without image and box."""
    mask = instances(view)
    return [
        _row(packed, view, index, (visible, edges))
        for index, visible, edges in _visible(packed, view, mask)
    ]


def mask_of(packed: Packed, view: View) -> UInt16[np.ndarray, "height width"]:
    """Number the labelled things: 0 is background, n the n-th box of the frame."""
    mask = instances(view)
    numbers = np.zeros(len(packed.scene.things) + 1, np.uint16)
    for box, (index, *_) in enumerate(_visible(packed, view, mask), start=1):
        numbers[index] = box
    return numbers[mask]


def depth_of(view: View) -> Float16[np.ndarray, "height width"]:
    """Depth along the camera's axis in metres; the sky is inf."""
    with np.errstate(divide="ignore"):
        return (np.float32(1.0) / view.inverse_depth()).astype(np.float16)


def silhouette(view: View, index: int) -> tuple[int, int]:
    """Count the pixels of one thing as if alone: those inside the frame, and all."""
    polygons = view.polygon[view.first[index] : view.last[index]]
    size = np.array([view.lens.width, view.lens.height]) * OVER
    if not len(polygons):
        return 0, 0
    flat = polygons.reshape(-1, 2) >> SHIFT
    low = np.maximum(flat.min(axis=0) - 2, -size) // OVER * OVER
    high = np.minimum(flat.max(axis=0) + 3, 2 * size)
    if (high <= low).any():
        return 0, 0
    canvas: UInt8[np.ndarray, "rows columns"] = np.zeros((high - low)[::-1], np.uint8)
    for polygon in polygons - (low << SHIFT).astype(np.int32):
        cv2.fillConvexPoly(canvas, polygon, 1, cv2.LINE_8, SHIFT)  # pyright: ignore
    start, end = np.maximum(-low, 0), np.maximum(size - low, 0)
    inside = canvas[start[1] : end[1], start[0] : end[0]]
    return int(inside[1::OVER, 1::OVER].sum()), int(canvas[1::OVER, 1::OVER].sum())


def _visible(
    packed: Packed, view: View, mask: np.ndarray
) -> Iterator[tuple[int, int, tuple[int, int, int, int]]]:
    """Find labelled things that can be seen: number, pixels, tight box."""
    counts = np.bincount(mask.reshape(-1) + 1, minlength=len(packed.scene.things) + 1)[1:]
    for index in np.flatnonzero(counts):
        if packed.scene.things[index].label is None:
            continue
        corners = view.polygon[view.first[index] : view.last[index]].reshape(-1, 2)
        low = np.maximum((corners.min(axis=0) >> SHIFT) // OVER - 1, 0)
        high = (corners.max(axis=0) >> SHIFT) // OVER + 2
        window = mask[low[1] : high[1], low[0] : high[0]] == index
        down = np.flatnonzero(window.any(axis=1)) + low[1]
        across = np.flatnonzero(window.any(axis=0)) + low[0]
        edges = (int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1)
        yield int(index), int(counts[index]), edges


def _row(
    packed: Packed, view: View, index: int, seen: tuple[int, tuple[int, int, int, int]]
) -> dict[str, Any]:
    thing = packed.scene.things[index]
    visible, (left, top, right, bottom) = seen
    inside, whole = silhouette(view, index)
    occlusion = max(0.0, 1.0 - visible / max(inside, 1))
    tiny = visible < LEAST_PIXELS or min(right - left, bottom - top) < LEAST_SIDE
    reason = "tiny" if tiny else "hidden" if occlusion >= HIDDEN else None
    return {
        "label": thing.label,
        "left": float(left), "top": float(top), "right": float(right), "bottom": float(bottom),
        "occlusion": occlusion,
        "occlusion_level": int(occlusion >= PARTLY) + int(occlusion >= LARGELY),
        "truncation": max(0.0, 1.0 - inside / max(whole, 1)),
        "pixels": visible,
        "depth_m": float(view.place[index, 2]),
        "track": thing.track,
        "state": thing.state(view.seconds),
        "ignore": reason is not None,
        "ignore_reason": reason,
        "attributes": {},
    }  # fmt: skip
