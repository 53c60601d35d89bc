"""Batches are a function of seed and step; every fit gives what it says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from otherlight.errors import PlanError
from otherlight.sets import ImageSet, build_set
from otherlight.translators.pairs import Pairs, PairsConfig, prepare


def picture(height: int, width: int) -> np.ndarray:
    """Red tells the column, green the row."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.arange(width)[None, :]
    pixels[..., 1] = np.arange(height)[:, None]
    return pixels


@pytest.mark.parametrize(
    ("config", "size"),
    [
        ({"load_size": 48, "crop_size": 32}, (32, 32)),
        ({"load_size": (60, 40), "crop_size": (48, 24)}, (24, 48)),
        ({"fit": "scale_width", "load_size": 80, "crop_size": (64, 64)}, (40, 64)),
        ({"fit": "scale_crop", "crop_size": 32}, (32, 32)),
        ({"fit": "scale_crop", "crop_size": (64, 32)}, (32, 64)),
        ({"fit": "whole", "load_size": (64, 36)}, (36, 64)),
        ({"fit": "whole", "load_size": 0}, (60, 120)),
    ],
)
def test_every_fit_gives_its_size(config: dict[str, Any], size: tuple[int, int]):
    chance = np.random.default_rng(0)
    assert prepare(picture(60, 120), PairsConfig(**config), chance).shape == (*size, 3)


def test_the_papers_size_is_the_default():
    made = prepare(picture(100, 200), PairsConfig(), np.random.default_rng(0))
    assert made.shape == (256, 256, 3)


def test_crops_reach_every_place_and_flips_happen_half_the_time():
    config = PairsConfig(fit="squash", load_size=(12, 10), crop_size=(8, 8))
    chance = np.random.default_rng(0)
    made = [prepare(picture(10, 12), config, chance) for _ in range(400)]
    flipped = [m[0, 0, 0] > m[0, -1, 0] for m in made]
    lefts = {int(m[..., 0].min()) for m in made}
    tops = {int(m[..., 1].min()) for m in made}
    assert lefts == {0, 1, 2, 3, 4}
    assert tops == {0, 1, 2}
    assert 160 < sum(flipped) < 240


def test_scale_crop_draws_its_scale_between_its_bounds():
    config = PairsConfig(fit="scale_crop", crop_size=64, scale=(0.8, 1.0), flip=False)
    chance = np.random.default_rng(0)
    wide = [np.ptp(prepare(picture(200, 200), config, chance)[..., 0]) + 1 for _ in range(200)]
    assert 63 <= min(wide) < 66
    assert 76 < max(wide) <= 80


def test_scale_crop_enlarges_what_is_smaller_than_the_crop():
    config = PairsConfig(fit="scale_crop", crop_size=64)
    assert prepare(picture(20, 90), config, np.random.default_rng(0)).shape == (64, 64, 3)


@pytest.mark.parametrize("budget", [0, 2**20])
@pytest.mark.parametrize("threads", [1, 4])
def test_a_batch_is_a_function_of_seed_and_step(
    day: ImageSet, night: ImageSet, budget: int, threads: int
):
    config = PairsConfig(batch=2, load_size=24, crop_size=16)
    wanted = list(Pairs(day, night, config, 7).batches(0, 9, threads=1))
    later = list(Pairs(day, night, config, 7, budget).batches(4, 9, threads))
    for (source, target), (again, too) in zip(wanted[4:], later, strict=True):
        assert torch.equal(source, again)
        assert torch.equal(target, too)
    other = Pairs(day, night, config, 8).batch(0)[0]
    assert not torch.equal(wanted[0][0], other)


def test_every_image_comes_once_a_turn(day: ImageSet, night: ImageSet):
    pairs = Pairs(day, night, PairsConfig(fit="whole", load_size=0, flip=False), 0)
    seen = [pairs.batch(step)[0].sum().item() for step in range(10)]
    assert len(set(seen[:5])) == 5
    assert set(seen[:5]) == set(seen[5:])
    assert seen[:5] != seen[5:]


def test_source_and_target_are_not_paired(day: ImageSet):
    pairs = Pairs(day, day, PairsConfig(fit="whole", load_size=0, flip=False), 0)
    batches = [pairs.batch(step) for step in range(10)]
    assert any(not torch.equal(source, target) for source, target in batches)


def test_fixed_images_are_whole_and_always_the_same(day: ImageSet, night: ImageSet):
    config = PairsConfig(load_size=(30, 20), crop_size=16)
    first = Pairs(day, night, config, 0).fixed("source", 2)
    again = Pairs(day, night, config, 9).fixed("source", 2)
    assert [image.shape for image in first] == [(1, 3, 20, 30)] * 2
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_images_of_two_sizes_in_one_batch_are_refused(
    day: ImageSet, night: ImageSet, tmp_path: Path
):
    from PIL import Image

    for number, size in enumerate([(20, 10), (10, 20)]):
        Image.new("RGB", size).save(tmp_path / f"{number}.png")
    mixed = build_set("mixed", ["car"], [{"image": "0.png"}, {"image": "1.png"}], [], root=tmp_path)
    pairs = Pairs(mixed, night, PairsConfig(batch=2, fit="whole", load_size=0), 0)
    with pytest.raises(PlanError, match=r"must be of one size; (20x10 and 10x20|10x20 and 20x10)"):
        pairs.batch(0)


def test_an_empty_set_is_refused(day: ImageSet, night: ImageSet):
    with pytest.raises(PlanError, match="must hold images; 'day' holds none"):
        Pairs(day.where("false"), night, PairsConfig(), 0)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"batch": 0}, "at least one image; 0 came"),
        ({"crop_size": 300}, "crop_size must fit into load_size; 300 and 286 came"),
        ({"scale": (1.0, 0.5)}, "scale must rise from above 0"),
    ],
)
def test_wrong_settings_are_told(wrong: dict[str, Any], sentence: str):
    with pytest.raises(ValueError, match=sentence):
        PairsConfig(**wrong)
