"""Muon: its polynomial makes matrices orthogonal; its steps are as large in every direction."""

import torch
from torch import nn

from otherlight.training.average import averaged, follow
from otherlight.training.muon import Muon, orthogonal


def test_singular_values_come_near_one_whatever_they_were():
    generator = torch.Generator().manual_seed(0)
    for shape in ((8, 30), (30, 8), (16, 16)):
        matrix = torch.randn(shape, generator=generator)
        values = torch.linalg.svdvals(orthogonal(matrix[None] * 100))
        assert values.min() > 0.3
        assert values.max() < 1.3


def test_the_directions_of_a_matrix_are_kept():
    matrix = torch.randn(6, 20, generator=torch.Generator().manual_seed(1))
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    turned = left.T @ orthogonal(matrix[None])[0] @ right.T
    torch.testing.assert_close(turned, torch.diag(turned.diagonal()), atol=1e-4, rtol=0)


def test_steps_do_not_depend_on_the_size_of_gradients():
    moved: list[torch.Tensor] = []
    for size in (1.0, 1000.0):
        layer = nn.Conv2d(3, 4, 3, bias=False)
        nn.init.ones_(layer.weight)
        optimiser = Muon([layer.weight], learning_rate=0.1, weight_decay=0.0)
        generator = torch.Generator().manual_seed(0)
        layer.weight.grad = size * torch.randn(layer.weight.shape, generator=generator)
        optimiser.step()
        moved.append(layer.weight.detach() - 1)
    torch.testing.assert_close(moved[0], moved[1], rtol=1e-3, atol=1e-5)
    assert moved[0].norm() > 0.1


def test_decay_shrinks_weights_even_without_a_gradient_in_their_direction():
    weight = nn.Parameter(torch.ones(4, 4))
    weight.grad = torch.zeros(4, 4)
    Muon([weight], learning_rate=0.1, weight_decay=0.5).step()
    torch.testing.assert_close(weight.detach(), torch.full((4, 4), 0.95))


def test_the_average_is_the_recurrence_of_the_weights():
    network = nn.BatchNorm1d(2)
    average = averaged(network)
    wanted = average.state_dict()["weight"].clone()
    for step in range(1, 5):
        now = network.state_dict()
        now["weight"].add_(step)
        now["num_batches_tracked"].add_(1)
        follow(average, network, step, 0.35)
        kept = min(0.35, step / (step + 9))
        wanted = kept * wanted + (1 - kept) * now["weight"]
    torch.testing.assert_close(average.state_dict()["weight"], wanted)
    assert average.state_dict()["num_batches_tracked"] == 4
    assert not any(weight.requires_grad for weight in average.parameters())
