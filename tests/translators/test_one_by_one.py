"""What must hold, to the last digit, of the methods that take one image at a time."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from otherlight.config import build
from otherlight.errors import PlanError
from otherlight.training.seeding import torch_generator
from otherlight.translators import (
    TRANSLATORS,
    DepthAware,
    Referenced,
    Translator,
    context_for,
)
from otherlight.translators.one_by_one import chance_of

NAMES = ["clahe", "fda", "fog", "night", "rain", "reinhard", "snow"]
DRAWING = ["fda", "fog", "night", "rain", "reinhard", "snow"]
DEEP = ["fog", "night", "rain", "snow"]
PAGE = (Path(__file__).parents[2] / "docs/translators.md").read_text()


def noise(seed: int, batch: int, height: int, width: int) -> Tensor:
    return torch.rand(batch, 3, height, width, generator=torch_generator(seed)) * 2 - 1


def made(name: str, **options: Any) -> Translator:
    method = TRANSLATORS[name]
    translator = method.build(method.config(**options), torch_generator(0, "weights"))
    if isinstance(translator, Referenced):
        translator.fit(noise(seed, 1, 20 + seed, 30) * (0.1 * seed) - 0.4 for seed in range(1, 6))
    return translator


def depths(batch: int, height: int, width: int) -> Tensor:
    """A road whose distance grows upwards, under a sky."""
    rows = torch.linspace(0, 1, height)[:, None].expand(height, width)
    depth = torch.where(rows > 0.4, 2.0 / (rows - 0.4).clamp(min=1e-3), torch.inf)
    return depth.expand(batch, 1, height, width).clone()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 3), (5, 7), (17, 16)])
@pytest.mark.parametrize("known", [False, True])
def test_works_from_a_single_pixel(name: str, size: tuple[int, int], known: bool):
    images = noise(0, 2, *size)
    depth = depths(2, *size) if known else None
    shown = made(name).translate(images, context_for(0, ["a", "b"], depth))
    assert shown.shape == images.shape
    assert shown.isfinite().all()
    assert shown.abs().max() <= 1.0


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_each_image_alone_to_the_last_digit(name: str):
    images, depth, translator = noise(0, 3, 33, 47), depths(3, 33, 47), made(name)
    together = translator.translate(images, context_for(0, ["a", "b", "c"], depth))
    for index, key in enumerate("abc"):
        alone = context_for(0, [key], depth[index : index + 1])
        assert torch.equal(
            translator.translate(images[index : index + 1], alone)[0], together[index]
        )


@pytest.mark.parametrize("name", NAMES)
def test_threads_change_no_pixel(name: str):
    images, context = noise(0, 1, 240, 320), context_for(0, ["a"], depths(1, 240, 320))
    threads, shown = cv2.getNumThreads(), list[Tensor]()
    try:
        for number in (1, 4):
            torch.set_num_threads(number)
            cv2.setNumThreads(number)
            shown.append(made(name).translate(images, context))
    finally:
        cv2.setNumThreads(threads)
    assert torch.equal(*shown)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_context_means_the_same_again(name: str):
    images, context, translator = noise(0, 1, 24, 32), context_for(0, ["a"]), made(name)
    first, again = (translator.translate(images, context) for _ in range(2))
    assert torch.equal(first, again)


@pytest.mark.parametrize("name", DRAWING)
def test_each_image_and_each_seed_draws_its_own(name: str):
    image, translator = noise(0, 1, 24, 32), made(name)
    for drawn in ([(0, key) for key in "abcdefgh"], [(seed, "a") for seed in range(8)]):
        shown = [translator.translate(image, context_for(seed, [key])) for seed, key in drawn]
        assert len({one.numpy().tobytes() for one in shown}) > 1


@pytest.mark.parametrize("name", DEEP)
def test_depth_is_used_where_it_is_known_and_wanted(name: str):
    image, near = noise(0, 1, 48, 64), torch.full((1, 1, 48, 64), 2.0)
    depth, translator = depths(1, 48, 64), made(name)
    assert isinstance(translator, DepthAware)
    assert translator.wants_depth
    guessed, far, close = (
        translator.translate(image, context_for(0, ["a"], known)) for known in (None, depth, near)
    )
    assert not torch.equal(far, close)
    assert not torch.equal(far, guessed)
    blind = made(name, use_depth=False)
    assert isinstance(blind, DepthAware)
    assert not blind.wants_depth
    assert torch.equal(blind.translate(image, context_for(0, ["a"], depth)), guessed)


@pytest.mark.parametrize("name", DEEP)
def test_depth_of_which_nothing_is_known_is_none(name: str):
    image, nothing = noise(0, 1, 24, 32), torch.full((1, 1, 24, 32), torch.nan)
    shown = made(name).translate(image, context_for(0, ["a"], nothing))
    assert torch.equal(shown, made(name).translate(image, context_for(0, ["a"])))


@pytest.mark.parametrize("name", DEEP)
def test_no_depth_makes_a_pixel_that_is_none(name: str):
    odd = depths(1, 24, 32)
    odd[0, 0, ::3, ::2] = torch.nan
    odd[0, 0, 20] = 0.0
    odd[0, 0, 21] = -5.0
    shown = made(name).translate(noise(0, 1, 24, 32), context_for(0, ["a"], odd))
    assert shown.isfinite().all()


@pytest.mark.parametrize("name", ["fda", "reinhard"])
def test_without_a_reference_it_says_so(name: str):
    method = TRANSLATORS[name]
    translator = method.build(method.config(), torch_generator(0))
    assert isinstance(translator, Referenced)
    with pytest.raises(ValueError, match="needs a reference: call fit first"):
        translator.translate(noise(0, 1, 4, 4), context_for(0, ["a"]))
    with pytest.raises(ValueError, match="must hold at least one image; none came"):
        translator.fit([])


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("fda", {"beta": 0.5}, "beta must be from 0 to below 0.5; 0.5 came"),
        ("fda", {"references": 0}, "references must be at least 1; 0 came"),
        ("clahe", {"clip_limit": 0}, "clip_limit must be above 0 and at most 256; 0"),
        ("clahe", {"tiles": [0, 8]}, r"tiles must be two numbers from 1 to 256; \(0, 8\) came"),
        ("fog", {"visibility": [9, 3]}, r"visibility must be two numbers, the lesser first, at"),
        ("fog", {"visibility": [3, float("inf")]}, "visibility must be two numbers"),
        ("fog", {"dull": 2}, "dull must be from 0 to 1; 2"),
        ("night", {"ambient": [0, 1]}, "ambient must be two numbers, the lesser first, from 0.00"),
        ("rain", {"drops": [-1, 3]}, r"drops must be two numbers, .* from 0 to 1000; \(-1, 3\)"),
        ("snow", {"hard": [0, 2]}, "hard must be two numbers, the lesser first, from 0 to 1"),
        ("reinhard", {"take": "most"}, r"\[reinhard\] take: Input should be 'drawn' or 'mean'"),
    ],
)
def test_what_cannot_be_is_told(name: str, options: dict[str, Any], message: str):
    with pytest.raises(PlanError, match=message):
        build(TRANSLATORS[name].config, options, name)


@pytest.mark.parametrize("name", [*NAMES, "gamma"])
def test_every_option_is_documented_under_its_method(name: str):
    part = PAGE[PAGE.index(f"### `{name}`") :].split("\n##")[0]
    missing = [f.name for f in fields(TRANSLATORS[name].config) if f"`{f.name}`" not in part]
    assert not missing


def test_chance_leaves_the_generator_as_it_was():
    generator = torch_generator(0, "image", "a")
    before = generator.get_state()
    drawn = [chance_of(generator).integers(2**40) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert torch.equal(generator.get_state(), before)
    assert drawn[0] != chance_of(torch_generator(0, "image", "b")).integers(2**40)


def test_depth_reaches_only_its_own_image():
    images, depth = noise(0, 2, 24, 32), depths(2, 24, 32)
    depth[1] = 3.0
    shown = made("fog").translate(images, context_for(0, ["a", "a"], depth))
    swapped = made("fog").translate(images, context_for(0, ["a", "a"], depth.flip(0)))
    assert not torch.equal(shown[0], swapped[0])
    assert np.isfinite(shown.numpy()).all()
