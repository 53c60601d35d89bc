"""Haar wavelets, whitening and colouring, and the codec of WCT2."""

import torch

from otherlight.nets.haar import haar_pool, haar_unpool
from otherlight.nets.vgg import VGG
from otherlight.nets.wavelet_codec import LEVELS, WaveletDecoder, encode
from otherlight.nets.whitening import moments, whitened_and_coloured
from otherlight.translators.backbones import Weights, load_trunk


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_bands_equal_their_sums_and_lose_no_energy():
    values = drawn(1, 2, 4, 6)
    low, across, down, both = haar_pool(values)
    a, b, c, d = (values[0, 1, y, x] for y, x in ((2, 4), (2, 5), (3, 4), (3, 5)))
    wanted = [(a + b + c + d) / 2, (b + d - a - c) / 2, (c + d - a - b) / 2, (a + d - b - c) / 2]
    found = torch.stack([band[0, 1, 1, 2] for band in (low, across, down, both)])
    torch.testing.assert_close(found, torch.stack(wanted))
    energy = torch.stack([band.square().sum() for band in (low, across, down, both)]).sum()
    torch.testing.assert_close(energy, values.square().sum())


def test_the_bands_add_up_to_what_was_split():
    values = drawn(2, 3, 8, 6)
    torch.testing.assert_close(torch.stack(haar_unpool(*haar_pool(values))).sum(0), values)


def test_moments_equal_their_sums():
    features = drawn(1, 3, 4, 5)
    flat = features[0].flatten(1).tolist()
    mean = [sum(row) / 20 for row in flat]
    covariance = [
        [
            sum((x - mean[i]) * (y - mean[j]) for x, y in zip(flat[i], flat[j], strict=True)) / 19
            for j in range(3)
        ]
        for i in range(3)
    ]
    torch.testing.assert_close(moments(features), torch.tensor([mean, *covariance]))


def test_what_is_coloured_has_the_styles_mean_and_covariance():
    mix = torch.tensor([[30.0, 0.0, 0.0], [10.0, 20.0, 0.0], [5.0, -5.0, 40.0]])
    content = drawn(1, 3, 64, 64) * 50
    style = (mix @ drawn(3, 4096, seed=1)).view(1, 3, 64, 64) + 7
    painted = moments(whitened_and_coloured(content, moments(style)))
    wanted = moments(style)
    torch.testing.assert_close(painted[0], wanted[0], atol=1.0, rtol=0)
    torch.testing.assert_close(painted[1:], wanted[1:], rtol=0.02, atol=12.0)


def test_a_style_of_its_own_changes_nothing():
    content = drawn(1, 4, 16, 16) * 3
    painted = whitened_and_coloured(content, moments(content))
    torch.testing.assert_close(painted, content, atol=1e-3, rtol=0)


def test_a_channel_that_does_not_vary_is_not_blown_up():
    content = drawn(1, 2, 16, 16)
    content[:, 1] = 0.3
    assert whitened_and_coloured(content, moments(drawn(1, 2, 16, 16, seed=1))).isfinite().all()


def test_the_decoder_gets_back_the_size_and_every_level_is_shown_to_the_painter():
    net = load_trunk(Weights(method="wct2", backbone="vgg16", weights="random"), LEVELS)
    assert isinstance(net, VGG)
    levels: list[tuple[str, int]] = []

    def look(name: str, values: torch.Tensor) -> torch.Tensor:
        levels.append((name, values.shape[-1]))
        return values

    images = drawn(1, 3, 16, 24)
    painted = WaveletDecoder("vgg16")(*encode(net, images, look))
    assert painted.shape == images.shape
    assert levels == list(zip(LEVELS, (24, 12, 6, 3), strict=True))
