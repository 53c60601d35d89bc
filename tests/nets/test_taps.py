"""Features are those that the generator passes through, and no pass changes its images."""

import pytest
import torch
from torch import nn

from otherlight.nets.initialise import normal_weights
from otherlight.nets.projection_head import ProjectionHead
from otherlight.nets.resnet_generator import ResNetGenerator
from otherlight.nets.taps import Encoder, Tapped, channels_of, numbers

LAYERS = (12, 0, 4, 13, 8)


@pytest.fixture
def net() -> ResNetGenerator:
    net = ResNetGenerator(4, 3, start=nn.Identity())
    normal_weights(net, torch.Generator().manual_seed(0), 0.1)
    return net


def images(*size: int) -> torch.Tensor:
    return torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("size", [(32, 40), (30, 37)])
def test_a_tapped_generator_paints_as_it_does_alone(net: ResNetGenerator, size: tuple[int, int]):
    shown, features = Tapped(net, LAYERS)(images(*size))
    assert torch.equal(shown, net(images(*size)))
    for one, other in zip(features, Encoder(net, LAYERS)(images(*size)), strict=True):
        assert torch.equal(one, other)


def test_features_are_what_the_layers_give(net: ResNetGenerator):
    features = Encoder(net, LAYERS)(images(32, 40))
    assert torch.equal(features[1], images(32, 40))
    for wanted, end in ((features[2], 5), (features[4], 8), (features[0], 11), (features[3], 12)):
        torch.testing.assert_close(wanted, net.layers[:end](images(32, 40)))
    assert isinstance(net.layers[4], nn.Conv2d)
    assert isinstance(net.layers[7], nn.Conv2d)
    assert [f.shape[1] for f in features] == [channels_of(4, number) for number in LAYERS]
    assert numbers(3) == tuple(sorted({*LAYERS, 14}))


def test_an_encoder_goes_no_further_than_its_last_layer(net: ResNetGenerator):
    net.layers[8] = nn.Linear(1, 1)  # would fail
    Encoder(net, (0, 4, 8))(images(32, 40))


def test_a_head_projects_the_places_it_is_given_to_length_one():
    head = ProjectionHead([3, 2], 24)
    normal_weights(head, torch.Generator().manual_seed(0), 0.5)
    features = [torch.rand(2, 3, 4, 5), torch.rand(2, 2, 6, 7)]
    places = [torch.tensor([7, 0]), torch.tensor([41])]
    first, second = head(features, places)
    assert (first.shape, second.shape) == ((2, 2, 24), (2, 1, 24))
    torch.testing.assert_close(first.norm(dim=-1), torch.ones(2, 2))
    by_hand = head.layers[0](features[0][1, :, 1, 2])
    torch.testing.assert_close(first[1, 0], by_hand / by_hand.norm())
