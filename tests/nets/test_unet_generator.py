"""The U-Net of pix2pix is that of its appendix, and its noise comes from chance that is passed."""

import pytest
import torch

from otherlight.nets.initialise import normal_weights
from otherlight.nets.unet_generator import UNetGenerator


def chance(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def images(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_the_papers_generator_has_the_papers_parameters():
    # 54.414 M in the authors' code, with a scale and a shift for each normalised channel; of its
    # convolutions only the first, the innermost and the last have a bias.
    affine = 2 * (128 + 256 + 4 * 512 + 4 * 512 + 256 + 128 + 64)
    assert sum(p.numel() for p in UNetGenerator().parameters()) == 54_413_955 + 512 + 64 - affine


def test_256_pixels_come_to_one_and_dropout_is_in_the_first_three_layers_up():
    net = UNetGenerator(4)
    shapes: list[torch.Size] = []
    net.halvings[-1].register_forward_hook(lambda _m, _i, out: shapes.append(out.shape))
    noise = net.noise(images(1, 3, 256, 256), chance(0))
    net(images(1, 3, 256, 256), noise)
    assert shapes == [(1, 32, 1, 1)]
    assert [n.shape for n in noise] == [(1, 32, side, side) for side in (2, 4, 8)]
    for layer in noise:
        assert set(layer.unique().tolist()) <= {0.0, 2.0}
    assert noise[-1].mean().item() == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("size", [(32, 40), (37, 51), (9, 130), (1, 1)])
def test_any_size_comes_back_as_it_came(size: tuple[int, int]):
    net = UNetGenerator(4, 4)
    painted = net(images(2, 3, *size), net.noise(images(2, 3, *size), chance(0, 1)))
    assert painted.shape == (2, 3, *size)
    assert painted.isfinite().all()
    assert painted.abs().max() <= 1.0


def test_noise_is_each_images_own_and_changes_what_is_painted():
    net = UNetGenerator(4, 3)
    normal_weights(net, torch.Generator().manual_seed(0), 0.2)
    both = images(1, 3, 32, 32).repeat(2, 1, 1, 1)
    noise = net.noise(both, chance(1, 2))
    alone = net.noise(both[:1], chance(2))
    for layer, own in zip(noise, alone, strict=True):
        assert torch.equal(layer[1:], own)
    first, second = net(both, noise).split(1)
    assert not torch.allclose(first, second)
    torch.testing.assert_close(second, net(both[:1], alone), atol=1e-5, rtol=0)
