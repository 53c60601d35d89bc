"""Gamma and histogram matching by their equations."""

import pytest
import torch

from otherlight.images.tensors import to_images, to_pixels
from otherlight.translators import context_for
from otherlight.translators.gamma import Gamma, GammaConfig
from otherlight.translators.histogram import Histogram, HistogramConfig

CONTEXT = context_for(0, ["a"])


def pixels(*shape: int, low: int = 0, high: int = 256) -> torch.Tensor:
    chance = torch.Generator().manual_seed(0)
    return torch.randint(low, high, shape, dtype=torch.uint8, generator=chance)


def test_gamma_is_the_power_of_each_level():
    image = pixels(1, 3, 4, 5)
    shown = to_pixels(
        Gamma(GammaConfig(gamma=2.0), torch.Generator()).translate(to_images(image), CONTEXT)
    )
    wanted = [round(255 * (value / 255) ** 2) for value in image.flatten().tolist()]
    assert (shown.flatten().int() - torch.tensor(wanted)).abs().max() <= 1


def test_gamma_darkens_by_default_and_can_be_undone():
    translator = Gamma(GammaConfig(), torch.Generator())
    image = to_images(pixels(1, 3, 8, 8))
    night = translator.translate(image, CONTEXT)
    assert night.mean() < image.mean()
    torch.testing.assert_close(
        translator.translate(night, CONTEXT, reverse=True), image, atol=1e-3, rtol=0
    )


def test_a_gamma_of_nought_is_refused():
    with pytest.raises(ValueError, match=r"gamma must be above 0; 0\.0 came"):
        GammaConfig(gamma=0.0)


def test_a_matched_image_has_the_references_histogram():
    reference, image = pixels(1, 3, 64, 64, high=90), pixels(1, 3, 64, 64, low=40)
    translator = Histogram(HistogramConfig(), torch.Generator())
    translator.fit([to_images(reference)])
    shown = to_pixels(translator.translate(to_images(image), CONTEXT))
    for channel in range(3):
        got = torch.bincount(shown[0, channel].flatten(), minlength=256).cumsum(0)
        wanted = torch.bincount(reference[0, channel].flatten(), minlength=256).cumsum(0)
        # A level of the image goes to one level: off by no more than the pixels of one level.
        largest = torch.bincount(image[0, channel].flatten()).max()
        assert (got - wanted).abs().max() <= largest


def test_matching_keeps_the_order_of_tones():
    reference, image = pixels(1, 3, 16, 16, high=90), pixels(1, 3, 16, 16)
    translator = Histogram(HistogramConfig(), torch.Generator())
    translator.fit([to_images(reference)])
    shown = to_pixels(translator.translate(to_images(image), CONTEXT))[0, 0].flatten().int()
    order = image[0, 0].flatten().argsort(stable=True)
    assert (shown[order].diff() >= 0).all()


def test_an_image_matched_with_itself_stays():
    image = to_images(pixels(1, 3, 16, 16))
    translator = Histogram(HistogramConfig(), torch.Generator())
    translator.fit([image])
    assert torch.equal(translator.translate(image, CONTEXT), image)


def test_each_image_of_a_reference_counts_the_same_whatever_its_size():
    dark, bright = torch.full((1, 3, 2, 2), -1.0), torch.full((1, 3, 50, 50), 1.0)
    translator = Histogram(HistogramConfig(), torch.Generator())
    translator.fit(iter([dark, bright]))
    shown = to_pixels(translator.translate(to_images(pixels(1, 3, 40, 40)), CONTEXT))
    assert abs(float((shown == 0).float().mean()) - 0.5) < 0.02


def test_without_a_reference_there_is_nothing_to_match():
    translator = Histogram(HistogramConfig(), torch.Generator())
    with pytest.raises(ValueError, match="needs a reference: call fit first"):
        translator.translate(torch.zeros(1, 3, 2, 2), CONTEXT)
    with pytest.raises(ValueError, match="must hold at least one image"):
        translator.fit([])
