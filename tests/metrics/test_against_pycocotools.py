"""Parity with pycocotools: crowds, areas, empty images, more than 100 detections, duplicates."""

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from otherlight.metrics import (
    AREA_RANGES,
    COCO_IOUS,
    Found,
    MatchRules,
    Truths,
    average_precision,
    match,
)

IMAGES, CLASSES = 40, 3


@dataclass
class Scene:
    truth: Truths
    found: Found


def made(seed: int, crowded: bool = False) -> Scene:
    """Boxes of all sizes; two images without truth, two without detections, one with neither."""
    rng = np.random.default_rng(seed)
    count = 260
    image = rng.integers(0, IMAGES, count)
    label = rng.integers(0, CLASSES, count)
    if crowded:
        image[:150], label[:150] = 7, 1
    corner = rng.uniform(0, 300, (count, 2))
    size = np.exp(rng.uniform(np.log(8), np.log(180), (count, 2)))
    edges = np.concatenate([corner, corner + size], 1)
    labelled = (rng.random(count) < 0.8) & ~np.isin(image, [0, 1, 2])
    shown = np.flatnonzero((rng.random(count) < 0.8) & ~np.isin(image, [2, 3, 4]))
    shown = np.concatenate([shown, rng.choice(shown, 150)])
    moved = edges[shown] + rng.normal(0, 0.09, (len(shown), 4)) * np.tile(size[shown], 2)
    moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 1)
    wrong = rng.random(len(shown)) < 0.1
    scores = rng.permutation(len(shown)).astype(np.float64) / len(shown)
    return Scene(
        Truths(
            images=IMAGES,
            classes=CLASSES,
            image=image[labelled],
            label=label[labelled],
            left=edges[labelled, 0],
            top=edges[labelled, 1],
            right=edges[labelled, 2],
            bottom=edges[labelled, 3],
            ignore=rng.random(labelled.sum()) < 0.15,
        ),
        Found(
            image=image[shown],
            label=np.where(wrong, (label[shown] + 1) % CLASSES, label[shown]),
            left=moved[:, 0],
            top=moved[:, 1],
            right=moved[:, 2],
            bottom=moved[:, 3],
            score=scores,
            rank=np.arange(len(shown)),
        ),
    )


def reference(scene: Scene, copies: np.ndarray) -> dict[str, np.ndarray]:
    """pycocotools' AP, area range by name -> classes x ious, on physically repeated images."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    names = [(image, copy) for image in range(IMAGES) for copy in range(copies[image])]
    number = {name: place + 1 for place, name in enumerate(names)}

    def rows(boxes: Truths | Found) -> Iterator[tuple[int, dict[str, Any]]]:
        for row, (image, label) in enumerate(zip(boxes.image, boxes.label, strict=True)):
            left, top = float(boxes.left[row]), float(boxes.top[row])
            width, height = float(boxes.right[row]) - left, float(boxes.bottom[row]) - top
            for copy in range(copies[image]):
                yield (
                    row,
                    {
                        "image_id": number[int(image), copy],
                        "category_id": int(label) + 1,
                        "bbox": [left, top, width, height],
                        "area": width * height,
                    },
                )

    truths = [
        {**box, "id": place + 1, "iscrowd": int(scene.truth.ignore[row])}
        for place, (row, box) in enumerate(rows(scene.truth))
    ]
    found = [{**box, "score": float(scene.found.score[row])} for row, box in rows(scene.found)]
    with contextlib.redirect_stdout(io.StringIO()):
        coco: Any = COCO()  # its stubs know files only
        coco.dataset = {
            "images": [{"id": place} for place in number.values()],
            "categories": [{"id": label + 1} for label in range(CLASSES)],
            "annotations": truths,
        }
        coco.createIndex()
        run = COCOeval(coco, coco.loadRes(found), "bbox")
        run.evaluate()
        run.accumulate()
    precision = run.eval["precision"][..., -1]  # ious, recalls, classes, areas; 100 detections
    mean = np.where(precision < 0, np.nan, precision).mean(1).transpose(2, 1, 0)
    return dict(zip(["all", "small", "medium", "large"], mean, strict=True))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("crowded", [False, True])
@pytest.mark.parametrize("area", ["all", "small", "medium", "large"])
def test_equals_pycocotools(seed: int, crowded: bool, area: str):
    scene = made(seed, crowded)
    theirs = reference(scene, np.ones(IMAGES, int))[area]
    matches = match(scene.truth, scene.found, MatchRules(area=AREA_RANGES.get(area)))
    ours = average_precision(matches, np.ones((IMAGES, 1)))[0]
    assert 0.05 < np.nanmean(ours) < 0.95
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_integer_weights_equal_copied_images(seed: int):
    scene = made(seed, crowded=seed % 2 == 1)
    copies = np.random.default_rng(100 + seed).poisson(1.0, IMAGES)
    theirs = reference(scene, copies)["all"]
    matches = match(scene.truth, scene.found, MatchRules())
    weights = np.stack([np.ones(IMAGES), copies, 3.0 * copies], 1)
    ours = average_precision(matches, weights)
    np.testing.assert_allclose(ours[1], theirs, atol=1e-9)
    np.testing.assert_allclose(ours[2], theirs, atol=1e-9)
    assert not np.allclose(ours[0], theirs)


def test_ties_follow_the_order_of_images_then_ranks():
    scene = made(0)
    tied = replace(scene.found, score=np.round(scene.found.score, 1))
    scene = Scene(scene.truth, tied)
    ours = average_precision(match(scene.truth, tied, MatchRules()), np.ones((IMAGES, 1)))[0]
    np.testing.assert_allclose(ours, reference(scene, np.ones(IMAGES, int))["all"], atol=1e-9)


def test_the_ten_overlaps_are_cocos():
    assert COCO_IOUS == (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
