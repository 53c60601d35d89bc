"""average_precision against its definition written as loops."""

import importlib
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from otherlight.metrics import (
    Matches,
    average_precision,
    mean_average_precision,
    operating_curve,
)

Interpolation = Literal["coco101", "voc"]


def made(seed: int, images: int = 30, classes: int = 3, shots: int = 200) -> Matches:
    """Judged detections with ignored ones among them; the last class has no detection."""
    rng = np.random.default_rng(seed)
    label = np.sort(rng.integers(0, classes - 1, shots))
    score = -np.sort(-rng.random(shots))
    score = np.concatenate([score[label == c] for c in range(classes)])
    kind = rng.choice(3, (2, shots), p=[0.4, 0.5, 0.1])
    image = rng.integers(0, images, shots)
    counts = np.zeros((images, classes), np.int64)
    hit = (kind == 0).any(0)
    np.add.at(counts, (image[hit], label[hit]), 1)
    return Matches(
        images=images,
        classes=classes,
        ious=(0.5, 0.75),
        offsets=np.searchsorted(label, np.arange(classes + 1)),
        image=image,
        row=np.arange(shots),
        score=score,
        true_positive=kind == 0,
        false_positive=kind == 1,
        truths=counts + rng.poisson(0.4, counts.shape),
    )


def definition(
    matches: Matches, weights: np.ndarray, label: int, iou: int, interpolation: Interpolation
) -> float:
    """AP from precision and recall after every single detection."""
    truths = sum(
        float(weights[image]) * matches.truths[image, label] for image in range(matches.images)
    )
    if truths == 0:
        return float("nan")
    points: list[tuple[float, float, float]] = []
    true = false = 0.0
    for at in range(matches.offsets[label], matches.offsets[label + 1]):
        weight = float(weights[matches.image[at]])
        hit = weight * bool(matches.true_positive[iou, at])
        true += hit
        false += weight * bool(matches.false_positive[iou, at])
        if true + false:
            points.append((true / truths, true / (true + false), hit / truths))
    if interpolation == "voc":
        return sum(
            gained * max(precision for _, precision, _ in points[at:])
            for at, (_, _, gained) in enumerate(points)
        )
    recalls = np.linspace(0, 1, 101)
    best = [
        max((p for reached, p, _ in points if reached * (1 + 1e-12) >= r), default=0.0)
        for r in recalls
    ]
    return float(np.mean(best))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("interpolation", ["coco101", "voc"])
def test_equals_the_definition(seed: int, interpolation: Interpolation):
    matches = made(seed)
    rng = np.random.default_rng(seed)
    weights = rng.poisson(1.0, (30, 5)) / 8.0  # eighths: sums are exact, and not whole
    weights[:, 4] *= matches.truths[:, 0] == 0  # a resample without truth of the first class
    ours = average_precision(matches, weights, interpolation)
    for resample in range(5):
        for label in range(3):
            for iou in range(2):
                expected = definition(matches, weights[:, resample], label, iou, interpolation)
                assert ours[resample, label, iou] == pytest.approx(expected, abs=1e-9, nan_ok=True)
    assert np.isnan(ours[4, 0]).all()
    assert (ours[0, 2] == 0).all()  # truth, but nothing found


@pytest.mark.parametrize("interpolation", ["coco101", "voc"])
def test_counting_and_double_precision_agree(interpolation: Interpolation):
    """Sums beyond 2**31 leave the counting path; the AP does not notice."""
    matches = made(0, shots=2000)
    weights = np.random.default_rng(1).poisson(1.0, (30, 300)).astype(np.float64)
    small = average_precision(matches, weights, interpolation)
    large = average_precision(matches, weights * 2.0**30, interpolation)
    np.testing.assert_array_equal(small, large)


@pytest.mark.parametrize("interpolation", ["coco101", "voc"])
def test_blocks_of_resamples_do_not_show(
    interpolation: Interpolation, monkeypatch: pytest.MonkeyPatch
):
    matches = made(2)
    weights = np.random.default_rng(0).poisson(1.0, (30, 70)).astype(np.float64)
    together = average_precision(matches, weights, interpolation)
    module = importlib.import_module("otherlight.metrics.average_precision")
    monkeypatch.setattr(module, "_CACHED", 1)
    np.testing.assert_array_equal(together, average_precision(matches, weights, interpolation))


def test_no_class_and_no_resample_give_empty_figures():
    matches = made(0)
    none = replace(matches, classes=0, offsets=np.array([0]), truths=matches.truths[:, :0])
    assert average_precision(none, np.ones((30, 4))).shape == (4, 0, 2)
    assert average_precision(matches, np.ones((30, 0))).shape == (0, 3, 2)


def test_perfect_and_hopeless_detections():
    matches = made(0)
    ones = np.ones((30, 1))
    truths = np.zeros_like(matches.truths)
    np.add.at(truths[:, 0], matches.image[:50], 1)
    all_true = np.zeros_like(matches.true_positive)
    all_true[:, :50] = True
    perfect = replace(matches, truths=truths, true_positive=all_true, false_positive=~all_true)
    assert average_precision(perfect, ones)[0, 0] == pytest.approx([1, 1], abs=1e-12)
    assert average_precision(perfect, ones, "voc")[0, 0] == pytest.approx([1, 1], abs=1e-12)
    hopeless = replace(matches, true_positive=all_true & False, false_positive=all_true)
    assert (average_precision(hopeless, ones)[0, 0] == 0).all()


def test_a_class_without_truth_leaves_the_mean():
    values = np.array([[[0.2, 0.4], [np.nan, np.nan]], [[0.2, 0.4], [0.6, 0.8]]])
    assert mean_average_precision(values) == pytest.approx([0.3, 0.5])
    assert mean_average_precision(values, [1]) == pytest.approx([np.nan, 0.7], nan_ok=True)


def test_the_curve_of_a_page():
    matches = made(1)
    tied = replace(matches, score=np.round(matches.score, 1))
    curve = operating_curve(tied, 0, 0.75)
    own = slice(0, matches.offsets[1])
    for score, precision, recall, f1 in zip(
        curve.scores, curve.precision, curve.recall, curve.f1, strict=True
    ):
        kept = tied.score[own] >= score
        true = (tied.true_positive[1, own] & kept).sum()
        false = (tied.false_positive[1, own] & kept).sum()
        truths = tied.truths[:, 0].sum()
        assert precision == pytest.approx(true / (true + false))
        assert recall == pytest.approx(true / truths)
        assert f1 == pytest.approx(2 * true / (true + false + truths))
    assert (np.diff(curve.scores) < 0).all()


def test_messages():
    matches = made(0)
    with pytest.raises(ValueError, match="one row for each of the 30 images; got 4"):
        average_precision(matches, np.ones((4, 1)))
    with pytest.raises(ValueError, match="finite and not negative"):
        average_precision(matches, np.full((30, 1), -1.0))
    with pytest.raises(ValueError, match=r"one of \(0\.5, 0\.75\); got 0\.6"):
        operating_curve(matches, 0, 0.6)
