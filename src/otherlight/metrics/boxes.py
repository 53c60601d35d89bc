"""What a metric is given: truth and detections as columns of numbers, no names and no files."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

AREA_RANGES = {
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e10),
}
"""COCO's box sizes in square pixels, both ends included (cocodataset.org/#detection-eval)."""


@dataclass(frozen=True, kw_only=True)
class Truths:
    """Labelled boxes of a test set; edges in pixels, ``image`` and ``label`` count from 0.

    An image or a class without a row still counts: ``images`` and ``classes`` say how many there
    are. ``ignore`` marks crowd regions.
    """

    images: int
    classes: int
    image: Int[np.ndarray, " truths"]
    label: Int[np.ndarray, " truths"]
    left: Float[np.ndarray, " truths"]
    top: Float[np.ndarray, " truths"]
    right: Float[np.ndarray, " truths"]
    bottom: Float[np.ndarray, " truths"]
    ignore: Bool[np.ndarray, " truths"]


@dataclass(frozen=True, kw_only=True)
class Found:
    """One run's detections on the same images and classes; ``rank`` breaks ties of score."""

    image: Int[np.ndarray, " detections"]
    label: Int[np.ndarray, " detections"]
    left: Float[np.ndarray, " detections"]
    top: Float[np.ndarray, " detections"]
    right: Float[np.ndarray, " detections"]
    bottom: Float[np.ndarray, " detections"]
    score: Float[np.ndarray, " detections"]
    rank: Int[np.ndarray, " detections"]


def edges_of(boxes: Truths | Found) -> Float[np.ndarray, "boxes 4"]:
    """Left, top, right, bottom side by side, in double precision."""
    return np.stack([boxes.left, boxes.top, boxes.right, boxes.bottom], 1).astype(np.float64)


def area_of(edges: Float[np.ndarray, "boxes 4"]) -> Float[np.ndarray, " boxes"]:
    """Box area in square pixels."""
    return (edges[:, 2] - edges[:, 0]) * (edges[:, 3] - edges[:, 1])


def check(truth: Truths, found: Found) -> None:
    """Refuse indices out of range, and edges and scores that are no finite numbers."""
    for what, boxes in (("truth", truth), ("found", found)):
        for column, values, count in (
            ("image", boxes.image, truth.images),
            ("label", boxes.label, truth.classes),
        ):
            if len(values) and (values.min() < 0 or values.max() >= count):
                raise ValueError(
                    f"{what}.{column} must lie in 0..{count - 1}; "
                    f"got {values.min()}..{values.max()}."
                )
    _finite("truth", edges_of(truth))
    _finite("found", np.column_stack([edges_of(found), found.score]))


def _finite(what: str, values: Float[np.ndarray, "boxes columns"]) -> None:
    bad = np.flatnonzero(~np.isfinite(values).all(1))
    if len(bad):
        raise ValueError(
            f"Edges and scores must be finite; row {bad[0]} of {what} holds {values[bad[0]]}."
        )
