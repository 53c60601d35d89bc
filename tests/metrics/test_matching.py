"""match against the rules written as loops, and the rules of slices one by one."""

import numpy as np
import pytest

from otherlight.metrics import Found, Matches, MatchRules, Truths, match, matching


def truths(boxes: list[tuple[float, ...]], ignore: list[bool] | None = None, images: int = 1):
    """One class; boxes as (image, left, top, right, bottom)."""
    columns = np.array(boxes, np.float64).reshape(-1, 5).T
    return Truths(
        images=images,
        classes=1,
        image=columns[0].astype(int),
        label=np.zeros(len(boxes), int),
        left=columns[1],
        top=columns[2],
        right=columns[3],
        bottom=columns[4],
        ignore=np.array(ignore or [False] * len(boxes), bool),
    )


def found(boxes: list[tuple[float, ...]], scores: list[float]):
    columns = np.array(boxes, np.float64).reshape(-1, 5).T
    return Found(
        image=columns[0].astype(int),
        label=np.zeros(len(boxes), int),
        left=columns[1],
        top=columns[2],
        right=columns[3],
        bottom=columns[4],
        score=np.array(scores, np.float64),
        rank=np.arange(len(boxes)),
    )


def words(matches: Matches) -> list[str]:
    """What became of each detection at the first overlap, best score first."""
    pairs = zip(matches.true_positive[0], matches.false_positive[0], strict=True)
    return ["true" if true else "false" if false else "ignored" for true, false in pairs]


HALF = MatchRules(ious=(0.5,))
BOX = (0, 0.0, 0.0, 10.0, 10.0)
SHIFTED = (0, 0.0, 0.0, 10.0, 9.0)
FAR = (0, 50.0, 50.0, 60.0, 60.0)


def test_a_truth_is_found_once_by_the_better_score():
    matches = match(truths([BOX]), found([BOX, SHIFTED], [0.6, 0.9]), HALF)
    assert words(matches) == ["true", "false"]
    assert matches.row.tolist() == [1, 0]


def test_a_crowd_swallows_any_number_by_the_share_of_the_detection():
    crowd = (0, 0.0, 0.0, 100.0, 100.0)
    result = match(truths([crowd], [True]), found([BOX, SHIFTED, FAR], [0.9, 0.8, 0.7]), HALF)
    assert words(result) == ["ignored"] * 3
    assert result.truths.sum() == 0


def test_a_real_truth_comes_before_a_crowd_that_overlaps_more():
    result = match(truths([BOX, SHIFTED], [True, False]), found([BOX], [0.9]), HALF)
    assert words(result) == ["true"]


def test_truth_outside_the_slice_is_ignored_once_and_misses_still_count():
    boxes = truths([BOX, FAR])
    result = match(
        boxes, found([BOX, SHIFTED, FAR], [0.9, 0.8, 0.7]), HALF, in_slice=np.array([False, True])
    )
    assert words(result) == ["ignored", "false", "true"]
    assert result.truths.tolist() == [[1]]


def test_low_truth_and_low_detections_are_ignored_by_the_height_of_their_image():
    boxes = truths([(0, 0, 0, 10, 10), (1, 0, 0, 10, 10)], images=2)
    shots = found(
        [(0, 0, 0, 10, 10), (1, 0, 0, 10, 10), (0, 40, 40, 60, 50), (1, 40, 40, 60, 50)],
        [0.9, 0.8, 0.7, 0.6],
    )
    result = match(boxes, shots, HALF, minimum_height=np.array([11.0, 10.0]))
    assert words(result) == ["ignored", "true", "ignored", "false"]
    assert result.truths.tolist() == [[0], [1]]


def test_detections_outside_the_area_are_ignored_unless_they_found_something():
    rules = MatchRules(ious=(0.5,), area=(0.0, 95.0))
    result = match(
        truths([SHIFTED]), found([(0, 0.0, 0.0, 10.0, 9.6), FAR, FAR], [0.9, 0.8, 0.7]), rules
    )
    assert words(result) == ["true", "ignored", "ignored"]


def test_only_the_best_of_an_image_and_class_are_judged():
    rules = MatchRules(ious=(0.5,), max_per_image_class=2)
    result = match(truths([BOX]), found([FAR, FAR, BOX], [0.9, 0.8, 0.7]), rules)
    assert words(result) == ["false", "false"]


def test_an_image_without_detections_still_counts_its_misses():
    result = match(truths([BOX, (1, 0, 0, 5, 5)], images=2), found([], []), HALF)
    assert result.truths.tolist() == [[1], [1]]
    assert result.offsets.tolist() == [0, 0]


def loops(truth: Truths, shots: Found, iou_least: float) -> dict[int, str]:
    """COCO's greedy matching, one image and class and one box at a time."""
    outcome: dict[int, str] = {}
    taken: set[int] = set()
    for shot in sorted(range(len(shots.image)), key=lambda i: (-shots.score[i], shots.rank[i])):
        best: tuple[bool, float, int] | None = None
        for row in range(len(truth.image)):
            same = truth.image[row] == shots.image[shot] and truth.label[row] == shots.label[shot]
            if not same or (row in taken and not truth.ignore[row]):
                continue
            width = min(shots.right[shot], truth.right[row]) - max(
                shots.left[shot], truth.left[row]
            )
            height = min(shots.bottom[shot], truth.bottom[row]) - max(
                shots.top[shot], truth.top[row]
            )
            shared = max(width, 0.0) * max(height, 0.0)
            own = (shots.right[shot] - shots.left[shot]) * (shots.bottom[shot] - shots.top[shot])
            other = (truth.right[row] - truth.left[row]) * (truth.bottom[row] - truth.top[row])
            iou = shared / (own if truth.ignore[row] else own + other - shared)
            wish = (not truth.ignore[row], iou, row)
            if iou >= iou_least and (best is None or wish > best):
                best = wish
        outcome[shot] = "false" if best is None else "true" if best[0] else "ignored"
        if best is not None:
            taken.add(best[2])
    return outcome


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("pairs_at_once", [40, 10**7])
def test_equals_the_rules_as_loops(seed: int, pairs_at_once: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(matching, "_PAIRS_AT_ONCE", pairs_at_once)
    rng = np.random.default_rng(seed)

    def drawn(count: int) -> np.ndarray:
        corner = rng.uniform(0, 12, (count, 2))
        return np.concatenate([corner, corner + rng.uniform(8, 16, (count, 2))], 1).T

    edges, shot = drawn(120), drawn(200)
    truth = Truths(
        images=12,
        classes=2,
        image=rng.integers(0, 12, 120),
        label=rng.integers(0, 2, 120),
        left=edges[0],
        top=edges[1],
        right=edges[2],
        bottom=edges[3],
        ignore=rng.random(120) < 0.2,
    )
    shots = Found(
        image=rng.integers(0, 12, 200),
        label=rng.integers(0, 2, 200),
        left=shot[0],
        top=shot[1],
        right=shot[2],
        bottom=shot[3],
        score=np.round(rng.random(200), 2),
        rank=rng.permutation(200),
    )
    matches = match(truth, shots, MatchRules(ious=(0.3, 0.5, 0.7)))
    for at, iou in enumerate(matches.ious):
        expected = loops(truth, shots, iou)
        true = [expected[int(row)] == "true" for row in matches.row]
        false = [expected[int(row)] == "false" for row in matches.row]
        np.testing.assert_array_equal(matches.true_positive[at], true)
        np.testing.assert_array_equal(matches.false_positive[at], false)
    order = list(
        zip(
            shots.label[matches.row],
            -matches.score,
            matches.image,
            shots.rank[matches.row],
            strict=True,
        )
    )
    assert order == sorted(order)


def test_messages():
    with pytest.raises(ValueError, match=r"found\.image must lie in 0\.\.0; got 0\.\.3\."):
        match(truths([BOX]), found([BOX, (3, 0, 0, 1, 1)], [0.5, 0.5]), HALF)
    with pytest.raises(ValueError, match="must be finite; row 1 of found holds"):
        match(truths([BOX]), found([BOX, BOX], [0.5, np.nan]), HALF)
