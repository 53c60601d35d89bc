"""Overlap and the complete-IoU loss equal their definitions, written as plain arithmetic."""

import math

import pytest
import torch

from otherlight.losses.boxes import area, complete_iou_loss, pairwise_intersection, pairwise_iou


def some_boxes(count: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * 20
    return torch.cat([corner, corner + 1 + torch.rand(count, 2, generator=generator) * 20], 1)


def iou(one: list[float], other: list[float]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    sizes = [(b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)]
    return shared / (sum(sizes) - shared)


def complete(one: list[float], other: list[float]) -> float:
    overlap = iou(one, other)
    apart = sum(((one[i] + one[i + 2] - other[i] - other[i + 2]) / 2) ** 2 for i in (0, 1))
    around = sum((max(one[i + 2], other[i + 2]) - min(one[i], other[i])) ** 2 for i in (0, 1))
    angles = [math.atan((b[2] - b[0]) / (b[3] - b[1])) for b in (one, other)]
    v = 4 / math.pi**2 * (angles[0] - angles[1]) ** 2
    return 1 - overlap + apart / around + v / (1 - overlap + v) * v


def test_pairs_equal_the_definition_one_by_one():
    boxes, others = some_boxes(5, 0), some_boxes(7, 1)
    found = pairwise_iou(boxes[None], others[None])[0]
    wanted = [[iou(a, b) for b in others.tolist()] for a in boxes.tolist()]
    torch.testing.assert_close(found, torch.tensor(wanted))


def test_empty_and_inverted_boxes_share_nothing():
    empty = torch.tensor([[[3.0, 3.0, 3.0, 3.0], [5.0, 5.0, 1.0, 9.0]]])
    assert pairwise_intersection(empty, empty)[0, 0].eq(0).all()
    assert pairwise_iou(empty, empty).eq(0).all()
    assert area(empty).eq(0).all()


def test_complete_iou_equals_its_equation():
    found, truth = some_boxes(20, 2), some_boxes(20, 3)
    wanted = [complete(a, b) for a, b in zip(found.tolist(), truth.tolist(), strict=True)]
    torch.testing.assert_close(complete_iou_loss(found, truth), torch.tensor(wanted))


def test_equal_boxes_cost_nothing_and_pull_nowhere():
    boxes = some_boxes(4, 4).requires_grad_()
    loss = complete_iou_loss(boxes, boxes.detach())
    loss.sum().backward()
    assert loss.abs().max() < 1e-6
    assert boxes.grad is not None
    assert boxes.grad.isfinite().all()


def test_boxes_apart_are_still_drawn_together():
    found = torch.tensor([[0.0, 0.0, 4.0, 4.0]], requires_grad=True)
    complete_iou_loss(found, torch.tensor([[20.0, 0.0, 24.0, 4.0]])).sum().backward()
    assert found.grad is not None
    right, down = found.grad[0, 0::2].sum(), found.grad[0, 1::2].sum()
    assert right < 0
    assert down == pytest.approx(0)
