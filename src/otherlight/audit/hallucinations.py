"""Objects that a detector sees after translation where nothing is labelled nor was seen before."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float

from otherlight.sets import ImageSet
from otherlight.sets.columns import PREDICTIONS

Edges = Float[np.ndarray, "_ 4"]

_FAINT = 0.1
"""Share of the least score with which a detection before counts as something seen there."""
_SIDES = ("left", "top", "right", "bottom")


def find_hallucinations(
    before: pa.Table, after: pa.Table, images: ImageSet, score: float, covered: float
) -> pa.Table:
    """Choose the detections after that nothing explains, best first in each image.

    What explains one: a label of any class, ignored ones too, or a detection before, however
    faint, that covers at least ``covered`` of its area. Of several in one place the best counts.
    """
    boxes = images.boxes_of()
    names = images.names()
    earlier = _by_image(before.filter(pa.array(_scores(before) >= _FAINT * score)))
    later = _by_image(after.filter(pa.array(_scores(after) >= score)))
    chosen: list[pa.Table] = []
    for row, name in enumerate(names):
        if name not in later:
            continue
        seen = later[name]
        places = [boxes.edges[boxes.offsets[row] : boxes.offsets[row + 1]]]
        places += [_edges(earlier[name])] if name in earlier else []
        new = ~_explained(_edges(seen), np.concatenate(places), covered)
        fresh = seen.filter(pa.array(new))
        alone = fresh.filter(pa.array(_firsts(_edges(fresh), covered)))
        ranks = pa.array(np.arange(len(alone), dtype=np.int32))
        chosen.append(
            alone.set_column(PREDICTIONS.get_field_index("rank"), PREDICTIONS.field("rank"), ranks)
        )
    return pa.concat_tables([PREDICTIONS.empty_table(), *chosen]).combine_chunks()


def _explained(seen: Edges, places: Edges, covered: float) -> Bool[np.ndarray, " seen"]:
    """Say which boxes are covered by a single one of the places."""
    if not len(places):
        return np.zeros(len(seen), np.bool_)
    return _share(seen, places).max(1, initial=0.0) >= covered


def _firsts(seen: Edges, covered: float) -> Bool[np.ndarray, " seen"]:
    """Leave out what a better box covers."""
    first = np.ones(len(seen), np.bool_)
    shares = _share(seen, seen)
    for row in range(1, len(seen)):
        first[row] = not (shares[row, :row][first[:row]] >= covered).any()
    return first


def _share(seen: Edges, places: Edges) -> Float[np.ndarray, "seen places"]:
    """Share of each box's area that each place covers."""
    low = np.maximum(seen[:, None, :2], places[None, :, :2])
    high = np.minimum(seen[:, None, 2:], places[None, :, 2:])
    shared = np.maximum(high - low, 0.0).prod(2)
    area = (seen[:, 2:] - seen[:, :2]).prod(1)[:, None]
    return np.divide(shared, area, out=np.zeros_like(shared), where=area > 0)


def _by_image(seen: pa.Table) -> dict[str, pa.Table]:
    """Part a table, whose images stand together."""
    names = np.array(seen["image"].to_pylist(), dtype=object)
    starts = np.flatnonzero(names[1:] != names[:-1]) + 1 if len(names) else np.zeros(0, int)
    parts = [0, *starts.tolist(), len(names)]
    return {
        names[begin]: seen.slice(begin, end - begin)
        for begin, end in pairwise(parts)
        if end > begin
    }


def _edges(seen: pa.Table) -> Edges:
    return np.stack([seen[side].to_numpy().astype(np.float64) for side in _SIDES], 1)


def _scores(seen: pa.Table) -> Float[np.ndarray, " seen"]:
    return seen["score"].to_numpy().astype(np.float64)
