"""Which detection found which truth: COCO's greedy matching, once per run.

Lin et al. 2014, Microsoft COCO, https://arxiv.org/abs/1405.0312; the rules are those of its
evaluation page (https://cocodataset.org/#detection-eval), with the box's area as area.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from otherlight.metrics.boxes import Found, Truths, area_of, check, edges_of

COCO_IOUS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""The ten overlaps that COCO's AP averages over."""

_PAIRS_AT_ONCE = 4_000_000  # bounds the memory of one block of overlaps to some 300 MB


@dataclass(frozen=True, kw_only=True)
class MatchRules:
    """What counts as found; ``area`` (square pixels, both ends included) makes a size slice."""

    ious: tuple[float, ...] = COCO_IOUS
    max_per_image_class: int = 100
    area: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Matches:
    """A run's detections, judged: classes one after the other, each by falling score.

    Class ``c`` owns columns ``offsets[c]:offsets[c + 1]``. A detection that is neither a true nor
    a false positive was ignored. ``row`` leads back to the row in Found.
    """

    images: int
    classes: int
    ious: tuple[float, ...]
    offsets: Int[np.ndarray, " edges"]
    image: Int[np.ndarray, " kept"]
    row: Int[np.ndarray, " kept"]
    score: Float[np.ndarray, " kept"]
    true_positive: Bool[np.ndarray, "ious kept"]
    false_positive: Bool[np.ndarray, "ious kept"]
    truths: Int[np.ndarray, "images classes"]


def match(
    truth: Truths,
    found: Found,
    rules: MatchRules,
    *,
    in_slice: Bool[np.ndarray, " truths"] | None = None,
    minimum_height: Float[np.ndarray, " images"] | None = None,
) -> Matches:
    """Judge every detection of a run against the truth of its image and class.

    Truth outside ``in_slice``, outside ``rules.area`` or lower than its image's
    ``minimum_height`` (pixels) is ignored: finding it neither helps nor harms. Detections that
    found nothing are ignored outside the area range and below the minimum height, but not outside
    ``in_slice``: a false positive belongs to no box of the truth.
    """
    check(truth, found)
    ignored = _ignored(truth, rules, in_slice, minimum_height)
    rows, outcome, _ = _judge(truth, found, rules, ignored)
    missed = ~_out_of_range(edges_of(found)[rows], found.image[rows], rules.area, minimum_height)
    order = np.lexsort((found.rank[rows], found.image[rows], -found.score[rows], found.label[rows]))
    rows, outcome = rows[order], outcome[order].T
    counts = np.zeros((truth.images, truth.classes), np.int64)
    np.add.at(counts, (truth.image[~ignored], truth.label[~ignored]), 1)
    return Matches(
        images=truth.images,
        classes=truth.classes,
        ious=rules.ious,
        offsets=np.searchsorted(found.label[rows], np.arange(truth.classes + 1)),
        image=found.image[rows].astype(np.int64),
        row=rows,
        score=found.score[rows].astype(np.float64),
        true_positive=outcome == _TRUE,
        false_positive=(outcome == _UNMATCHED) & missed[order],
        truths=counts,
    )


def found_truths(truth: Truths, found: Found, rules: MatchRules) -> Bool[np.ndarray, "ious truths"]:
    """Say which truths some detection found, by the same matching as `match`."""
    check(truth, found)
    _, _, taken = _judge(truth, found, rules, _ignored(truth, rules, None, None))
    return taken.T


_UNMATCHED, _TRUE, _IGNORED = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class _Pairs:
    """Overlaps of detections (indices into the kept rows) with truths of their image and class.

    Sorted by detection, and for each detection by how gladly it would take the truth.
    """

    detection: Int[np.ndarray, " pairs"]
    truth: Int[np.ndarray, " pairs"]
    iou: Float[np.ndarray, " pairs"]
    ignored: Bool[np.ndarray, " pairs"]
    crowd: Bool[np.ndarray, " pairs"]


def _judge(
    truth: Truths, found: Found, rules: MatchRules, ignored: Bool[np.ndarray, " truths"]
) -> tuple[Int[np.ndarray, " kept"], np.ndarray, np.ndarray]:
    """Let detections choose: rows that count, what became of each, and which truths were taken."""
    rows, rounds = _leading(found, truth.classes, rules.max_per_image_class)
    outcome = np.zeros((len(rows), len(rules.ious)), np.int8)
    taken = np.zeros((len(ignored), len(rules.ious)), np.bool_)
    least = np.minimum(np.asarray(rules.ious), 1 - 1e-10)
    for pairs in _overlapping(truth, found, rows, ignored, float(least.min())):
        _assign(pairs, rounds, outcome, taken, least)
    return rows, outcome, taken


def _ignored(
    truth: Truths,
    rules: MatchRules,
    in_slice: Bool[np.ndarray, " truths"] | None,
    minimum_height: Float[np.ndarray, " images"] | None,
) -> Bool[np.ndarray, " truths"]:
    ignored = truth.ignore | _out_of_range(edges_of(truth), truth.image, rules.area, minimum_height)
    return ignored if in_slice is None else ignored | ~in_slice


def _out_of_range(
    edges: Float[np.ndarray, "boxes 4"],
    image: Int[np.ndarray, " boxes"],
    area: tuple[float, float] | None,
    minimum_height: Float[np.ndarray, " images"] | None,
) -> Bool[np.ndarray, " boxes"]:
    out = np.zeros(len(edges), np.bool_)
    if area is not None:
        size = area_of(edges)
        out |= (size < area[0]) | (size > area[1])
    if minimum_height is not None:
        out |= edges[:, 3] - edges[:, 1] < minimum_height[image]
    return out


def _leading(
    found: Found, classes: int, most: int
) -> tuple[Int[np.ndarray, " kept"], Int[np.ndarray, " kept"]]:
    """The best ``most`` detections of each image and class, and each one's place among them."""
    cell = found.image.astype(np.int64) * classes + found.label
    rows = np.lexsort((found.rank, -found.score, cell))
    cell = cell[rows]
    place = np.arange(len(rows)) - np.searchsorted(cell, cell)
    return rows[place < most], place[place < most]


def _overlapping(
    truth: Truths,
    found: Found,
    rows: Int[np.ndarray, " kept"],
    ignored: Bool[np.ndarray, " truths"],
    least: float,
) -> Iterator[_Pairs]:
    """Every pair of one image and class that overlaps by ``least`` or more, in blocks.

    A block may part the detections of one image and class: those with better scores come first.
    """
    truth_cell = truth.image.astype(np.int64) * truth.classes + truth.label
    truth_rows = np.argsort(truth_cell, kind="stable")
    truth_cell = truth_cell[truth_rows]
    cell = found.image[rows].astype(np.int64) * truth.classes + found.label[rows]
    first = np.searchsorted(truth_cell, cell)
    count = np.searchsorted(truth_cell, cell, side="right") - first
    ends = np.cumsum(count)
    truth_edges, found_edges = edges_of(truth), edges_of(found)[rows]
    start = 0
    while start < len(rows):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + _PAIRS_AT_ONCE, side="right")))
        detection = np.repeat(np.arange(start, stop), count[start:stop])
        within = np.arange(len(detection)) - (ends - count)[detection] + done
        partner = truth_rows[first[detection] + within]
        crowd = truth.ignore[partner]
        iou = _overlap(found_edges[detection], truth_edges[partner], crowd)
        keep = iou >= least
        detection, partner, iou, crowd = (a[keep] for a in (detection, partner, iou, crowd))
        # Real truth before ignored; then the greatest overlap; of equal ones COCO takes the last.
        order = np.lexsort((-partner, -iou, ignored[partner], detection))
        yield _Pairs(
            detection=detection[order],
            truth=partner[order],
            iou=iou[order],
            ignored=ignored[partner][order],
            crowd=crowd[order],
        )
        start = stop


def _overlap(
    found: Float[np.ndarray, "pairs 4"],
    truth: Float[np.ndarray, "pairs 4"],
    crowd: Bool[np.ndarray, " pairs"],
) -> Float[np.ndarray, " pairs"]:
    """Intersection over union; over the detection's own area for a crowd region."""
    low = np.maximum(found[:, :2], truth[:, :2])
    size = np.maximum(np.minimum(found[:, 2:], truth[:, 2:]) - low, 0.0)
    shared = size[:, 0] * size[:, 1]
    own = area_of(found)
    whole = np.where(crowd, own, own + area_of(truth) - shared)
    return np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0)


def _assign(
    pairs: _Pairs,
    rounds: Int[np.ndarray, " kept"],
    outcome: np.ndarray,
    taken: np.ndarray,
    least: Float[np.ndarray, " ious"],
) -> None:
    """Let detections choose, best score first; writes into ``outcome`` and ``taken``.

    All images and classes choose at once: wave by wave, every cell's next detection asks for its
    next choice. Within a wave no two rows share a detection or a truth.
    """
    choice = np.arange(len(pairs.detection)) - np.searchsorted(pairs.detection, pairs.detection)
    turn = rounds[pairs.detection]
    order = np.lexsort((choice, turn))
    edges = np.flatnonzero(np.diff(turn[order]) | np.diff(choice[order])) + 1
    for wave in np.split(order, edges):
        detection, truth = pairs.detection[wave], pairs.truth[wave]
        free = ~taken[truth] | pairs.crowd[wave, None]
        wins = free & (pairs.iou[wave, None] >= least) & (outcome[detection] == _UNMATCHED)
        kind = np.where(pairs.ignored[wave], _IGNORED, _TRUE).astype(np.int8)
        outcome[detection] += wins * kind[:, None]
        taken[truth] |= wins
