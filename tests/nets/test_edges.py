"""Edge networks have the papers' layers and see images as published weights want them."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from otherlight.nets.batch_norm import with_batch_norm
from otherlight.nets.edge_operator import SobelEdges
from otherlight.nets.edges import HED, RCF, Architecture, edge_network, layer_rates
from otherlight.nets.initialise import kaiming_weights
from otherlight.nets.instance_norm import InstanceNorm
from otherlight.nets.patchgan import PatchGAN
from otherlight.nets.resnet_generator import ResNetGenerator


def chance() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def images(height: int = 33, width: int = 47) -> torch.Tensor:
    return torch.rand(2, 3, height, width, generator=chance()) * 2 - 1


def drawn(net: nn.Module) -> nn.Module:
    kaiming_weights(net, chance())
    return net


def test_at_full_width_they_have_the_weights_of_the_published_ones():
    with torch.device("meta"):
        counts = {
            name: sum(p.numel() for p in edge_network(name).parameters()) for name in ("hed", "rcf")
        }
    vgg = 14_714_688  # VGG16 without its last three layers
    channels = (64, 128, 256, 512, 512)
    assert counts["hed"] == vgg + sum(c + 1 for c in channels) + 6
    narrows = sum((c * 21 + 21) * n for c, n in zip(channels, (2, 2, 3, 3, 3), strict=True))
    assert counts["rcf"] == vgg + narrows + 5 * 22 + 6


@pytest.mark.parametrize("architecture", ["hed", "rcf"])
@pytest.mark.parametrize("size", [(33, 47), (16, 16), (64, 48)])
def test_a_map_is_as_large_as_its_image(architecture: Architecture, size: tuple[int, int]):
    net = edge_network(architecture, 2)
    assert [m.shape for m in net.maps(images(*size))] == [(2, 1, *size)] * 6


@pytest.mark.parametrize("architecture", ["hed", "rcf"])
def test_the_trunk_sees_blue_first_from_0_to_255_without_the_mean(architecture: Architecture):
    net = edge_network(architecture, 2)
    seen = list[torch.Tensor]()

    def look(_: nn.Module, came: tuple[torch.Tensor, ...]) -> None:
        seen.extend(came)

    net.stages.get_submodule("0.0").register_forward_pre_hook(look)
    red = torch.tensor([1.0, -1.0, 0.0]).reshape(1, 3, 1, 1).expand(1, 3, 16, 16)
    net(red)
    wanted = torch.tensor([127.5 - 104.00698793, 0 - 116.66876762, 255 - 122.67891434])
    torch.testing.assert_close(seen[0][0, :, 3, 3], wanted)
    net.span = 1
    net(red)
    torch.testing.assert_close(seen[1][0, :, 3, 3], wanted / 255)


def test_rcf_counts_every_layer_and_keeps_the_size_after_the_fourth_pooling():
    net = RCF(2)
    drawn(net)
    shapes = list[torch.Size]()
    for narrow in net.narrows[4].children():
        narrow.register_forward_hook(lambda _m, came, _out: shapes.append(came[0].shape))
    net(images(64, 48))
    assert shapes == [(2, 16, 8, 6)] * 3
    for layer in net.narrows[0].children():
        before = net(images())
        with torch.no_grad():
            layer.get_parameter("bias").add_(1.0)
        assert not torch.equal(net(images()), before)


def test_only_the_fifth_stage_of_rcf_is_dilated():
    net = RCF(2)
    steps = [[conv.dilation for conv in stage.children()] for stage in net.stages]
    assert steps == [[(1, 1)] * n for n in (2, 2, 3, 3)] + [[(2, 2)] * 3]
    last = net.stages.get_submodule("4.1")
    features = torch.rand(1, 16, 8, 8, generator=chance())
    wanted = F.conv2d(
        features,
        last.get_parameter("weight"),
        last.get_parameter("bias"),
        padding=2,
        dilation=2,
    )
    torch.testing.assert_close(last(features), wanted)


def test_layers_learn_at_the_multiples_of_heds_authors():
    rates = layer_rates(HED(2))
    wanted = {
        "stages.0.0.weight": 1, "stages.3.2.bias": 2, "stages.4.0.weight": 100,
        "stages.4.2.bias": 200, "sides.1.weight": 0.01, "sides.1.bias": 0.02,
        "fusion.weight": 0.001, "fusion.bias": 0.002,
    }  # fmt: skip
    assert {name: rates[name] for name in wanted} == pytest.approx(wanted)
    assert set(rates) == {name for name, _ in HED(2).named_parameters()}


def square() -> torch.Tensor:
    image = torch.full((1, 3, 48, 48), -0.2)
    image[..., 16:32, 16:32] = 0.6
    return image


def test_the_operator_finds_edges_where_they_are():
    chances = SobelEdges()(square()).sigmoid()[0, 0]
    assert chances[24, 14:18].max() > 0.9
    assert chances[24, 24] < 0.1
    assert chances[4, 4] < 0.1


def test_the_operator_finds_the_same_edges_in_less_light():
    day = SobelEdges()(square()).sigmoid()
    night = SobelEdges()((square() + 1) * 0.25 - 1).sigmoid()
    assert (day - night).abs().mean() < 0.02
    assert (night > 0.5).sum() >= 0.9 * (day > 0.5).sum()


def test_the_operator_passes_gradients_on_also_where_all_is_even():
    even = torch.zeros(1, 3, 20, 20, requires_grad=True)
    SobelEdges()(even).sigmoid().mean().backward()
    assert even.grad is not None
    assert even.grad.isfinite().all()
    edged = square().requires_grad_()
    SobelEdges()(edged).sigmoid().mean().backward()
    assert edged.grad is not None
    assert edged.grad.abs().max() > 0


def test_kaiming_keeps_the_size_of_what_passes_through():
    net = PatchGAN(64, 2)
    kaiming_weights(net, chance())
    weight = net.layers.get_submodule("2").get_parameter("weight")
    assert float(weight.detach().std()) == pytest.approx((2 / (64 * 16)) ** 0.5, rel=0.02)


@pytest.mark.parametrize("net", [ResNetGenerator(4, 2), PatchGAN(4, 2)])
def test_a_batch_norm_stands_where_an_instance_norm_stood(net: nn.Module):
    before = sum(isinstance(layer, InstanceNorm) for layer in net.modules())
    assert before > 0
    with_batch_norm(net, chance(), 0.2)
    norms = [layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert len(norms) == before
    assert not any(isinstance(layer, InstanceNorm) for layer in net.modules())
    scales = torch.cat([norm.weight.detach() for norm in norms])
    assert 0.05 < float((scales - 1).square().mean().sqrt()) < 0.4
    net(images(32, 32))
    both = net.eval()(images(32, 32))
    alone = torch.cat([net(image) for image in images(32, 32).split(1)])
    torch.testing.assert_close(both, alone, atol=1e-4, rtol=1e-4)
