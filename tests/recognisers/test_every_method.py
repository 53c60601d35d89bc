"""What every recogniser in the table promises, by its name."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from scenes import CLASSES, HEIGHT, OVERFIT, WIDTH, scenes

from killing import kill_at
from otherlight.recognisers import (
    RECOGNISERS,
    Detector,
    FitConfig,
    Ingredient,
    LearnedDetector,
    Run,
    Truth,
    fit,
    load_detector,
    predict,
    score,
)
from otherlight.recognisers.table import build_detector
from otherlight.sets import ImageSet

NAMES = sorted(RECOGNISERS)
SMALL = {"compact": {"width": 8, "neck": 16}}


def small(name: str, seed: int = 0) -> LearnedDetector:
    generator = torch.Generator().manual_seed(seed)
    return build_detector(name, SMALL[name], len(CLASSES), generator)


def short(name: str) -> FitConfig:
    return replace(OVERFIT, name=name, options=SMALL[name], batch=2, steps=9)


def one_truth(**further: object) -> Truth:
    boxes, labels = torch.tensor([[5.0, 5, 40, 30]]), torch.tensor([1])
    return Truth(boxes=boxes, labels=labels, **further)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_detector(name: str):
    assert isinstance(small(name), Detector)
    assert isinstance(small(name), LearnedDetector)


@pytest.mark.parametrize("name", NAMES)
def test_losses_are_finite_scalars_that_reach_every_weight(name: str):
    detector = small(name)
    losses = detector.losses(torch.randn(2, 3, HEIGHT, WIDTH), [one_truth(), one_truth()])
    assert all(loss.shape == () and loss.isfinite() for loss in losses.values())
    sum(losses.values(), torch.zeros(())).backward()
    # The branches behind outputs that start at zero learn from the second step on.
    untouched = [n for n, p in detector.network.named_parameters() if p.grad is None]
    assert not untouched


@pytest.mark.parametrize("name", NAMES)
def test_images_without_objects_train(name: str):
    detector = small(name)
    nothing = Truth(boxes=torch.zeros(0, 4), labels=torch.zeros(0, dtype=torch.long))
    for truth in ([nothing, nothing], [nothing, one_truth()]):
        losses = detector.losses(torch.randn(2, 3, HEIGHT, WIDTH), truth)
        total = sum(losses.values(), torch.zeros(()))
        total.backward()
        assert total.isfinite()
        grads = [p.grad for p in detector.network.parameters() if p.grad is not None]
        assert all(grad.isfinite().all() for grad in grads)


@pytest.mark.parametrize("name", NAMES)
def test_an_ignored_region_takes_away_the_blame(name: str):
    detector = small(name)
    detector.network.eval()
    images = torch.randn(1, 3, HEIGHT, WIDTH)
    everywhere = torch.tensor([[-500.0, -500, 500, 500]])
    blamed = detector.losses(images, [one_truth()])
    spared = detector.losses(images, [one_truth(ignored=everywhere)])
    assert sum(spared.values()) < sum(blamed.values())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(HEIGHT, WIDTH), (50, 77), (33, 130)])
def test_detections_lie_in_the_image_best_first(name: str, size: tuple[int, int]):
    found = small(name).detect(torch.randn(2, 3, *size))
    assert len(found) == 2
    for one in found:
        assert one.scores.dtype == torch.float32
        assert one.scores.diff().le(0).all()
        assert len(one.scores) <= 100
        assert one.boxes.min() >= 0
        assert one.boxes[:, 2].max() <= size[1]
        assert one.boxes[:, 3].max() <= size[0]


@pytest.mark.parametrize("name", NAMES)
def test_detection_leaves_the_network_as_it_was(name: str):
    detector = small(name)
    before = {key: value.clone() for key, value in detector.network.state_dict().items()}
    detector.network.train()
    detector.detect(torch.randn(2, 3, HEIGHT, WIDTH))
    assert detector.network.training
    after = detector.network.state_dict()
    assert all(before[key].equal(after[key]) for key in before)


@pytest.mark.parametrize("name", NAMES)
def test_images_are_detected_alike_alone_and_in_company(name: str):
    detector = small(name)
    images = torch.randn(3, 3, HEIGHT, WIDTH)
    together, alone = detector.detect(images)[1], detector.detect(images[1:2])[0]
    torch.testing.assert_close(together.scores, alone.scores, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(
    name: str, eight: ImageSet, tmp_path: Path
):
    bytes_of: list[bytes] = []
    for folder, seed in (("one", 0), ("same", 0), ("other", 1)):
        run = fit([Ingredient(images=eight)], eight, short(name), seed, tmp_path / folder)
        bytes_of.append((run.folder / "model.safetensors").read_bytes())
    assert bytes_of[0] == bytes_of[1] != bytes_of[2]


@pytest.mark.parametrize("name", NAMES)
def test_stored_weights_detect_as_before(name: str, eight: ImageSet, tmp_path: Path):
    run = fit([Ingredient(images=eight)], eight, short(name), 0, tmp_path / "run")
    detector, about = load_detector(run.folder)
    again, _ = load_detector(run.folder / "model.safetensors")
    images = torch.randn(1, 3, HEIGHT, WIDTH)
    assert detector.detect(images)[0].scores.equal(again.detect(images)[0].scores)
    assert about.classes == CLASSES
    assert (about.name, about.width, about.height) == (name, WIDTH, HEIGHT)


@pytest.mark.parametrize("name", NAMES)
def test_killed_and_started_again_it_ends_in_the_same_bytes(
    name: str, eight: ImageSet, tmp_path: Path
):
    killed = tmp_path / "killed"
    work = partial(fit, [Ingredient(images=eight)], eight, short(name), 0, killed)
    kill_at([1], work, lambda: int((killed / "state.safetensors").exists()))
    assert not (killed / "model.safetensors").exists()
    undisturbed = fit([Ingredient(images=eight)], eight, short(name), 0, tmp_path / "whole")
    again = work()
    for file in ("model.safetensors",):
        assert (killed / file).read_bytes() == (undisturbed.folder / file).read_bytes()
    assert again.record.results == undisturbed.record.results
    assert not (killed / "state.safetensors").exists()


@pytest.mark.parametrize("name", NAMES)
def test_it_learns_eight_images_by_heart_and_finds_them_at_any_size(
    name: str, by_heart: Callable[[str], Run], tmp_path: Path
):
    run = by_heart(name)
    assert run.record.results["ap50"] > 0.9
    # Twice as large and odd rows more: another aspect, so that padding takes part.
    taller = scenes(tmp_path / "taller", scale=2, below=5)
    found = score(predict(run.folder, taller), taller, CLASSES)
    assert found.mean_ap50 > 0.9
