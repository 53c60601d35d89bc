"""The networks of CycleGAN are those of its appendix."""

import pytest
import torch

from otherlight.nets.initialise import normal_weights
from otherlight.nets.patchgan import Norm, PatchGAN, bound_layers, receptive_field
from otherlight.nets.resnet_generator import ResNetGenerator, Upsampling


def chance() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_the_papers_generator_has_the_papers_parameters():
    # 11.378 M in the authors' code, of which 3,904 are biases that the norms take out again:
    # a first layer, two down, 18 in blocks, two up.
    biases = 64 + 128 + 256 + 18 * 256 + 128 + 64
    assert sum(p.numel() for p in ResNetGenerator().parameters()) == 11_378_179 - biases


@pytest.mark.parametrize("size", [(64, 48), (61, 47), (8, 33), (5, 6), (1, 9), (2, 2)])
def test_any_size_comes_back_as_it_came(size: tuple[int, int]):
    net = ResNetGenerator(4, 1, "nearest")
    images = torch.rand(1, 3, *size, generator=chance()) * 2 - 1
    painted = net(images)
    assert painted.shape == images.shape
    assert painted.isfinite().all()


@pytest.mark.parametrize("upsampling", ["transposed", "nearest"])
def test_every_output_is_in_range_and_depends_on_the_input(upsampling: Upsampling):
    net = ResNetGenerator(8, 2, upsampling)
    normal_weights(net, chance())
    images = torch.rand(2, 3, 32, 40, generator=chance()) * 2 - 1
    painted = net(images)
    assert painted.abs().max() <= 1.0
    assert not torch.allclose(painted[0], painted[1])


def test_with_skip_and_no_change_an_image_stays():
    net = ResNetGenerator(4, 1, start=torch.nn.Identity())
    normal_weights(net, chance(), deviation=0.0)
    images = torch.rand(1, 3, 16, 16, generator=chance()) * 1.8 - 0.9
    torch.testing.assert_close(net(images), images)


@pytest.mark.parametrize("size", [(64, 48), (61, 47), (9, 33)])
def test_coarse_changes_are_smooth_and_leave_an_images_detail(size: tuple[int, int]):
    net = ResNetGenerator(4, 1, start=torch.nn.Identity())
    normal_weights(net, chance(), deviation=0.05)
    tall, wide = size
    squares = torch.rand(1, 3, tall // 2 + 1, wide // 2 + 1, generator=chance()) - 0.5
    blocks = squares.repeat_interleave(2, 2).repeat_interleave(2, 3)[..., :tall, :wide]
    # The network sees the mean of each square, to which a chessboard adds nothing.
    chess = (torch.arange(tall)[:, None] + torch.arange(wide)) % 2 * 0.4 - 0.2
    change = net(blocks, 2).atanh() - blocks.atanh()
    assert change.shape == blocks.shape
    assert change.std() > 0.01
    if tall % 2 == wide % 2 == 0:
        changed = net(blocks + chess, 2).atanh() - (blocks + chess).atanh()
        torch.testing.assert_close(changed, change, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(("depth", "pixels"), [(1, 16), (2, 34), (3, 70)])
def test_a_logit_sees_as_many_pixels_as_is_said(depth: int, pixels: int):
    net = PatchGAN(4, depth).double()
    # Norms spread a gradient over the whole image; what convolutions see is the question here.
    net.layers = torch.nn.Sequential(*(n for n in net.layers if "Norm" not in type(n).__name__))
    net.precision = torch.float64
    images = torch.rand(1, 3, 128, 128, dtype=torch.float64, generator=chance())
    images.requires_grad_(True)
    logits = net.layers(images)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    assert images.grad is not None
    seen = images.grad.abs().sum((0, 1)).nonzero()
    assert (seen.max(0).values - seen.min(0).values + 1).tolist() == [pixels, pixels]
    assert receptive_field(depth) == pixels


def test_first_weights_are_normal_and_come_from_the_generator_alone():
    first, again, other = ResNetGenerator(16, 2), ResNetGenerator(16, 2), ResNetGenerator(16, 2)
    normal_weights(first, chance())
    normal_weights(again, chance())
    normal_weights(other, torch.Generator().manual_seed(1))
    nets = (first, again, other)
    weights = [torch.cat([p.detach().flatten() for p in net.parameters()]) for net in nets]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert abs(float(weights[0].std()) - 0.02) < 2e-4


@pytest.mark.parametrize(("norm", "sees"), [("instance", False), ("spectral", True)])
def test_only_spectral_norm_leaves_brightness_in_sight(norm: Norm, *, sees: bool):
    net = PatchGAN(16, 2, norm)
    normal_weights(net, chance())
    if norm == "spectral":
        bound_layers(net)
    images = torch.rand(1, 3, 48, 48, generator=chance()) - 0.5
    # Half the light, well inside the leaky ReLU's own scale: a norm divides it out again.
    change = (net(images) - net(images / 2)).abs().max() / net(images).abs().max()
    assert (change > 0.1).item() is sees


def test_a_bounded_layer_has_a_greatest_singular_value_of_one():
    net = PatchGAN(8, 2, "spectral")
    normal_weights(net, chance())
    bound_layers(net)
    for _ in range(60):  # each pass takes one turn of the search
        net(torch.rand(1, 3, 48, 48, generator=chance()))
    for layer in net.layers:
        if isinstance(layer, torch.nn.Conv2d):
            assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(
                1.0, abs=0.02
            )
