"""Boxes of different classes in one place, as Virtual KITTI has at 5 x 4 pixels.

Two boxes coincide where their edges, rounded to whole pixels, are the same. One object stands
there at most, or one that hides another; the labels alone do not say which.
"""

import numpy as np
from jaxtyping import Bool, Int

from otherlight.datasets.box_columns import BoxColumns
from otherlight.datasets.ignoring import ignore
from otherlight.datasets.tally import Tally

_WORDS = "that coincides with one of another class"


def settle_coinciding(boxes: BoxColumns, way: str, tally: Tally) -> BoxColumns:
    """Keep, ignore or drop boxes that coincide with one of another class of the source.

    ``one`` keeps of each place the box with the most visible pixels, else the nearest, else the
    first, and drops the others. Ignored boxes are regions, and coincide with nothing.
    """
    if way == "keep" or not len(boxes):
        return boxes
    place = _places(boxes)
    which = _of_several_classes(boxes, place)
    if way == "ignore":
        return ignore(boxes, which, _WORDS, tally)
    if way == "one":
        which &= ~_best(boxes, place)
    if not which.any():
        return boxes
    tally.drop_boxes(f"box {_WORDS}", boxes.first(which), boxes.count(which), chosen=True)
    return boxes.without(which)


def _places(boxes: BoxColumns) -> Int[np.ndarray, " boxes"]:
    """Number the places: boxes of one image with the same edges share one; ignored ones none."""
    keys = np.column_stack([boxes.image, np.rint(boxes.edges)])
    alone = np.flatnonzero(boxes.ignored())
    keys[alone, 0] = -1 - alone
    order = np.lexsort(keys.T[::-1])
    begins = np.ones(len(order), bool)
    begins[1:] = (keys[order][1:] != keys[order][:-1]).any(1)
    place = np.empty(len(order), np.int64)
    place[order] = np.cumsum(begins) - 1
    return place


def _of_several_classes(
    boxes: BoxColumns, place: Int[np.ndarray, " boxes"]
) -> Bool[np.ndarray, " boxes"]:
    low = np.full(place.max() + 1, len(boxes.names))
    high = np.full(place.max() + 1, -1)
    np.minimum.at(low, place, boxes.label)
    np.maximum.at(high, place, boxes.label)
    return (low < high)[place]


def _best(boxes: BoxColumns, place: Int[np.ndarray, " boxes"]) -> Bool[np.ndarray, " boxes"]:
    pixels = np.nan_to_num(boxes.numbers("pixels"), nan=-1.0)
    depth = np.nan_to_num(boxes.numbers("depth_m"), nan=np.inf)
    order = np.lexsort([np.arange(len(place)), depth, -pixels, place])
    first = np.ones(len(order), bool)
    first[1:] = place[order][1:] != place[order][:-1]
    best = np.zeros(len(order), bool)
    best[order[first]] = True
    return best
