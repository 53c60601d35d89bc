"""Changes of light: what they do, how far they go, and that they are off unless asked for."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from scenes import OVERFIT

from otherlight.config import build
from otherlight.errors import PlanError
from otherlight.recognisers import FitConfig, Ingredient, Photometric, fit
from otherlight.recognisers.photometric import relight
from otherlight.sets import ImageSet
from otherlight.training.seeding import torch_generator

NONE = Photometric(share=1.0, darkest=1.0, gamma=1.0, noise=0.0, blur=0.0, colour=0.0)


def images(count: int = 6) -> torch.Tensor:
    return torch.rand(count, 3, 20, 24, generator=torch.Generator().manual_seed(3)) * 2 - 1


def changed(config: Photometric, seed: int = 0) -> torch.Tensor:
    return relight(images(), config, torch.Generator().manual_seed(seed))


def test_without_strength_or_share_nothing_changes():
    torch.testing.assert_close(changed(NONE), images())
    assert torch.equal(changed(Photometric(share=0.0)), images())


def test_brightness_falls_to_the_darkest_and_no_further():
    light = images() / 2 + 0.5
    dark = changed(replace(NONE, darkest=0.1)) / 2 + 0.5
    left = dark.mean((1, 2, 3)) / light.mean((1, 2, 3))
    assert bool(((left >= 0.1 - 1e-6) & (left <= 1 + 1e-6)).all())
    assert float(left.max() - left.min()) > 0.1
    torch.testing.assert_close(dark, light * left[:, None, None, None])


def test_gamma_keeps_the_order_of_values_and_colour_changes_channels_apart():
    before, after = images()[0, 0].flatten(), changed(replace(NONE, gamma=3.0))[0, 0].flatten()
    assert torch.equal(before.argsort(), after.argsort())
    assert not torch.equal(before, after)
    gains = (changed(replace(NONE, colour=0.3)) + 1).mean((2, 3)) / (images() + 1).mean((2, 3))
    assert float(gains.std(1).min()) > 0


def test_blur_is_a_gaussian_of_its_own_for_each_image():
    point = torch.full((2, 3, 31, 31), -1.0)
    point[:, :, 15, 15] = 1.0
    spread = relight(point, replace(NONE, blur=2.0), torch.Generator().manual_seed(0)) / 2 + 0.5
    torch.testing.assert_close(spread.sum((2, 3)), torch.ones(2, 3))
    away = (torch.arange(31.0) - 15) ** 2
    widths = (spread.sum(2) * away).sum(2).sqrt()
    assert float((widths[0] - widths[1]).abs().min()) > 0.05
    assert float(widths.max()) <= 2.05


def test_noise_stays_within_its_deviation_and_values_within_the_range():
    grey = torch.zeros(4, 3, 40, 40)
    noisy = relight(grey, replace(NONE, noise=0.2), torch.Generator().manual_seed(0))
    assert 0 < float(noisy.std((1, 2, 3)).max()) / 2 <= 0.21
    wild = changed(Photometric(share=1.0, noise=1.0, colour=2.0))
    assert float(wild.min()) >= -1
    assert float(wild.max()) <= 1


def test_it_repeats_under_a_seed_and_off_it_changes_no_byte_of_a_run(
    eight: ImageSet, tmp_path: Path
):
    config = Photometric(share=1.0)
    assert torch.equal(changed(config), changed(config))
    assert not torch.equal(changed(config), changed(config, seed=1))
    tiny = replace(OVERFIT, options={"width": 8, "neck": 16}, batch=2, steps=2)
    names = ("plain", "off", "on")
    for name, light in zip(names, (tiny.photometric, Photometric(noise=1.0), config), strict=True):
        wanted = replace(tiny, photometric=light)
        fit([Ingredient(images=eight)], eight, wanted, 0, tmp_path / name)
    plain, off, on = ((tmp_path / name / "model.safetensors").read_bytes() for name in names)
    assert plain == off
    assert plain != on


def test_settings_come_from_a_plan_and_nonsense_is_refused():
    given = {"photometric": {"share": 0.7, "darkest": 0.2}}
    assert build(FitConfig, given, "fit").photometric.darkest == 0.2
    with pytest.raises(PlanError, match=r"\[photometric\] darkest must lie between 0.001 and 1"):
        Photometric(darkest=0.0)
    with pytest.raises(PlanError, match="has no key 'brightnes'"):
        build(FitConfig, {"photometric": {"brightnes": 1}}, "fit")
    first, second = (torch_generator(0, "light", step) for step in (1, 2))
    assert first.initial_seed() != second.initial_seed()
