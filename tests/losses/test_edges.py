"""Edge losses equal their formulas, written as loops."""

import math
from collections.abc import Callable

import pytest
import torch

from otherlight.losses.edges import balanced_edges, edge_consistency, edge_distillation


def maps(seed: int, height: int = 4, width: int = 5) -> torch.Tensor:
    chance = torch.Generator().manual_seed(seed)
    return torch.randn(2, 1, height, width, generator=chance) * 3


def sigmoid(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-value))


def test_consistency_is_the_mean_distance_of_the_chances_of_an_edge():
    found, wanted = maps(0), maps(1)
    pairs = zip(found.flatten().tolist(), wanted.flatten().tolist(), strict=True)
    distances = [abs(sigmoid(a) - sigmoid(b)) for a, b in pairs]
    expected = sum(distances) / len(distances)
    assert float(edge_consistency(found, wanted)) == pytest.approx(expected, rel=1e-5)


def test_consistency_by_cross_entropy():
    found, wanted = maps(0), maps(1)
    total = 0.0
    for a, b in zip(found.flatten().tolist(), wanted.flatten().tolist(), strict=True):
        total -= sigmoid(b) * math.log(sigmoid(a)) + (1 - sigmoid(b)) * math.log(1 - sigmoid(a))
    expected = total / found.numel()
    assert float(edge_consistency(found, wanted, "bce")) == pytest.approx(expected, rel=1e-5)


def test_distillation_is_the_mean_distance_before_the_sigmoid():
    student, teacher = maps(0), maps(1)
    pairs = zip(student.flatten().tolist(), teacher.flatten().tolist(), strict=True)
    expected = sum(abs(a - b) for a, b in pairs) / student.numel()
    assert float(edge_distillation(student, teacher)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss", [edge_consistency, edge_distillation])
def test_no_gradient_reaches_what_is_wanted(
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
):
    found, wanted = maps(0).requires_grad_(), maps(1).requires_grad_()
    loss(found, wanted).backward()
    assert found.grad is not None
    assert found.grad.abs().max() > 0
    assert wanted.grad is None


def test_rare_edges_weigh_as_much_in_all_as_what_is_none():
    found = maps(0)
    edges = torch.zeros_like(found)
    edges[0, 0, 1, :3], edges[1, 0, :, 2] = 1.0, 1.0
    total = 0.0
    for image, truth in zip(found, edges, strict=True):
        share = float(truth.mean())
        for a, y in zip(image.flatten().tolist(), truth.flatten().tolist(), strict=True):
            if y:
                total -= (1 - share) * math.log(sigmoid(a))
            else:
                total -= share * math.log(1 - sigmoid(a))
    assert float(balanced_edges(found, edges)) == pytest.approx(total / found.numel(), rel=1e-5)
