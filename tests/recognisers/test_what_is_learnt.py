"""What a step sees: which images, at what size, mirrored and zoomed how, with which truth."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scenes import CLASSES, HEIGHT, WIDTH, scenes

from otherlight.errors import DatasetError
from otherlight.recognisers.augment import mirror, zoom
from otherlight.recognisers.draws import draw
from otherlight.recognisers.frames import Frames
from otherlight.recognisers.placing import PADDING, Placement, place
from otherlight.recognisers.protocols import Truth
from otherlight.sets import ImageSet, build_set


def test_every_image_comes_once_before_any_comes_twice():
    order = draw([5], [1.0], steps=10, batch=2, seed=0).ravel()
    for start in range(0, 20, 5):
        assert sorted(order[start : start + 5]) == [0, 1, 2, 3, 4]
    assert len({tuple(order[start : start + 5]) for start in range(0, 20, 5)}) > 1


def test_shares_hold_over_any_stretch():
    order = draw([10, 1000], [0.25, 0.75], steps=100, batch=8, seed=3).ravel()
    for start in range(0, 800, 100):
        assert abs((order[start : start + 100] < 10).sum() - 25) <= 3


def test_draws_depend_on_seed_and_step_not_on_the_length_of_the_run():
    short = draw([7, 9], [1.0, 2.0], steps=4, batch=3, seed=0)
    assert (draw([7, 9], [1.0, 2.0], steps=40, batch=3, seed=0)[:4] == short).all()
    assert (draw([7, 9], [1.0, 2.0], steps=4, batch=3, seed=1) != short).any()


def test_an_image_of_the_same_aspect_fills_the_frame():
    placed, where = place(np.full((50, 100, 3), 7, np.uint8), 200, 100)
    assert (placed == 7).all()
    assert where == Placement(100, 50, 200, 100)


def test_another_aspect_is_kept_and_padded_right_and_below():
    placed, where = place(np.full((37, 50, 3), 7, np.uint8), 100, 100)
    assert (where.width, where.height) == (100, 74)
    assert (placed[:74] == 7).all()
    assert (placed[74:] == PADDING).all()


@pytest.mark.parametrize("size", [(50, 37), (1280, 720), (33, 500)])
def test_edges_come_back_to_original_pixels(size: tuple[int, int]):
    _, where = place(np.zeros((size[1], size[0], 3), np.uint8), 224, 128)
    edges = np.array([[1.5, 2.0, 30.25, 31.0]])
    np.testing.assert_allclose(where.to_original(where.to_placed(edges)), edges)
    outside = np.array([[-5.0, -5.0, 900.0, 900.0]])
    assert (where.to_original(outside) <= [*size, *size]).all()
    assert (where.to_original(outside) >= 0).all()


def painted(left: int, top: int, right: int, bottom: int) -> tuple[torch.Tensor, Truth]:
    images = torch.zeros(1, 3, 64, 96)
    images[..., top:bottom, left:right] = 1.0
    edges = torch.tensor([[left, top, right, bottom]], dtype=torch.float32)
    return images, Truth(boxes=edges, labels=torch.tensor([0]), ignored=edges, smallest=3.0)


def extent(images: torch.Tensor) -> list[float]:
    rows = torch.nonzero(images[0, 0].amax(1) > 0.5).flatten()
    columns = torch.nonzero(images[0, 0].amax(0) > 0.5).flatten()
    return [float(v) for v in (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)]


def test_boxes_are_mirrored_with_their_pixels():
    images, truth = painted(10, 20, 40, 50)
    mirrored, known = mirror(images, [truth], 1.0, torch.Generator().manual_seed(0))
    assert known[0].boxes[0].tolist() == extent(mirrored) == [56, 20, 86, 50]
    assert known[0].ignored.equal(known[0].boxes)
    same, unchanged = mirror(images, [truth], 0.0, torch.Generator().manual_seed(0))
    assert same.equal(images)
    assert unchanged[0] is truth


@pytest.mark.parametrize("seed", range(8))
def test_boxes_zoom_with_their_pixels(seed: int):
    images, truth = painted(30, 20, 60, 44)
    zoomed, known = zoom(images, [truth], 0.3, torch.Generator().manual_seed(seed))
    np.testing.assert_allclose(known[0].boxes[0], extent(zoomed), atol=1.0)
    height = known[0].boxes[0, 3] - known[0].boxes[0, 1]
    assert known[0].smallest == pytest.approx(float(height) / 24 * 3, rel=1e-3)


def test_what_zooming_pushes_out_is_no_longer_truth():
    images, truth = painted(0, 0, 4, 4)
    lost = 0
    for seed in range(30):
        _, known = zoom(images, [truth], 1.0, torch.Generator().manual_seed(seed))
        lost += len(known[0].boxes) == 0
        assert known[0].boxes.numel() == 0 or known[0].boxes.min() >= 0
    assert 0 < lost < 30


def frames(images: ImageSet, **further: float) -> Frames:
    return Frames([images], CLASSES, (WIDTH, HEIGHT), **further)


def test_truth_is_that_of_the_set(eight: ImageSet):
    batch = frames(eight).batch(np.array([0, 7]))
    boxes = eight.boxes_of()
    np.testing.assert_allclose(batch.truth[0].boxes, boxes.edges[:2])
    assert batch.truth[0].labels.tolist() == [0, 1]
    assert len(batch.truth[1].boxes) == 0
    assert batch.names == ("0.png", "7.png")
    assert batch.pixels.shape == (2, 3, HEIGHT, WIDTH)


def test_low_boxes_are_ignored_by_share_of_the_height(eight: ImageSet):
    # Cars are 16 pixels high and pedestrians 26, of 64.
    truth = frames(eight, ignore_below=0.3).batch(np.array([0])).truth[0]
    assert truth.labels.tolist() == [1]
    assert len(truth.ignored) == 1
    assert truth.smallest == pytest.approx(0.3 * 64)


def test_boxes_of_other_classes_are_background(eight: ImageSet):
    only = Frames([eight], ["pedestrian"], (WIDTH, HEIGHT)).batch(np.array([0])).truth[0]
    assert only.labels.tolist() == [0]
    assert len(only.boxes) == 1
    assert len(only.ignored) == 0


def test_without_memory_images_are_decoded_again(eight: ImageSet):
    spare, kept = frames(eight, memory_gb=0.0), frames(eight)
    chosen = np.array([1, 2, 1])
    assert spare.batch(chosen).pixels.equal(kept.batch(chosen).pixels)


def test_unlabelled_images_are_refused(tmp_path: Path):
    scenes(tmp_path)
    rows = [{"image": "0.png", "file": "images/0.png", "labelled": False}]
    unlabelled = build_set("raw", CLASSES, rows, [], root=tmp_path)
    with pytest.raises(DatasetError, match=r"must be labelled; 1 of 1 in 'raw' are not"):
        frames(unlabelled)
