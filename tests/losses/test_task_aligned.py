"""Task-aligned assignment and its losses equal the paper's equations, written as loops."""

import math
from dataclasses import replace

import pytest
import torch

from otherlight.losses.boxes import area, complete_iou_loss, pairwise_intersection, pairwise_iou
from otherlight.losses.task_aligned import (
    Assignment,
    PaddedTruth,
    Predicted,
    Rules,
    assign,
    excused,
    task_aligned_losses,
)

RULES = Rules(candidates=3, radius=1.0)
WEIGHTS = {"class": 1.0, "box": 2.0}


def grid() -> torch.Tensor:
    rows = [[x * 8 + 4, y * 8 + 4, 8] for y in range(4) for x in range(6)]
    return torch.tensor(rows, dtype=torch.float32)


def case(seed: int = 0) -> tuple[Predicted, PaddedTruth]:
    """Two images of 48 x 32 pixels: three objects (one smaller than a cell), and one object."""
    generator = torch.Generator().manual_seed(seed)
    points = grid()
    half = 12 + 8 * torch.rand(2, len(points), 2, generator=generator)
    middle = points[:, :2] + 2 * torch.randn(2, len(points), 2, generator=generator)
    predicted = Predicted(
        logits=torch.randn(2, len(points), 2, generator=generator),
        boxes=torch.cat([middle - half, middle + half], -1),
        points=points,
    )
    truth = PaddedTruth(
        boxes=torch.tensor(
            [
                [[2.0, 2, 22, 20], [8, 5, 30, 25], [33.0, 25, 36, 28]],
                [[5.0, 5, 40, 30], [0, 0, 0, 0], [0, 0, 0, 0]],
            ]
        ),
        labels=torch.tensor([[0, 1, 1], [0, 0, 0]]),
        valid=torch.tensor([[True, True, True], [True, False, False]]),
        ignored=torch.zeros(2, 0, 4),
        smallest=torch.zeros(2),
    )
    return predicted, truth


def by_loops(predicted: Predicted, truth: PaddedTruth, rules: Rules) -> Assignment:
    batch, count, _ = predicted.logits.shape
    overlap = pairwise_iou(truth.boxes, predicted.boxes)
    positive = torch.zeros(batch, count, dtype=torch.bool)
    owner, target = torch.zeros(batch, count, dtype=torch.long), torch.zeros(batch, count)
    for image in range(batch):
        claims: dict[int, int] = {}
        alignment: dict[tuple[int, int], float] = {}
        for number in torch.nonzero(truth.valid[image]).flatten().tolist():
            left, top, right, bottom = truth.boxes[image, number].tolist()
            ranked: list[tuple[float, int]] = []
            for point, (x, y, stride) in enumerate(predicted.points.tolist()):
                inside = left < x < right and top < y < bottom
                reach = rules.radius * stride
                near = max(abs(x - (left + right) / 2), abs(y - (top + bottom) / 2)) < reach
                if inside or near:
                    logit = predicted.logits[image, point, truth.labels[image, number]]
                    iou = float(overlap[image, number, point])
                    t = float(logit.sigmoid()) ** rules.score_power * iou**rules.iou_power
                    ranked.append((t, point))
            for t, point in sorted(ranked, reverse=True)[: rules.candidates]:
                alignment[number, point] = t
                other = claims.get(point)
                if other is None or overlap[image, number, point] > overlap[image, other, point]:
                    claims[point] = number
        for point, number in claims.items():
            mine = [p for p, n in claims.items() if n == number]
            best = max(alignment[number, p] for p in mine)
            ceiling = max(float(overlap[image, number, p]) for p in mine)
            positive[image, point], owner[image, point] = True, number
            target[image, point] = alignment[number, point] / best * ceiling
    return Assignment(positive=positive, object=owner, target=target)


@pytest.mark.parametrize("powers", [(0.5, 6.0), (3.0, 1.0)])
@pytest.mark.parametrize("seed", range(5))
def test_assignment_equals_loops(seed: int, powers: tuple[float, float]):
    predicted, truth = case(seed)
    rules = Rules(candidates=6, radius=1.0, score_power=powers[0], iou_power=powers[1])
    found, wanted = assign(predicted, truth, rules), by_loops(predicted, truth, rules)
    assert found.positive.equal(wanted.positive)
    assert found.object[found.positive].equal(wanted.object[wanted.positive])
    torch.testing.assert_close(found.target, wanted.target)


def test_an_object_without_a_point_inside_is_learnt_too():
    predicted, truth = case()
    found = assign(predicted, truth, replace(RULES, radius=1.0))
    assert (found.positive & (found.object == 2))[0].any()


def test_losses_equal_their_equations():
    predicted, truth = case()
    given = assign(predicted, truth, RULES)
    total = max(float(given.target.sum()), 1.0)
    cross, boxes = 0.0, 0.0
    for image in range(2):
        for point in range(len(predicted.points)):
            number = int(given.object[image, point])
            positive = bool(given.positive[image, point])
            for label in range(2):
                wanted = float(given.target[image, point])
                if not positive or int(truth.labels[image, number]) != label:
                    wanted = 0.0
                p = float(predicted.logits[image, point, label].sigmoid())
                cross -= wanted * math.log(p) + (1 - wanted) * math.log(1 - p)
            if positive:
                weight = max(float(given.target[image, point]), 0.1)
                pair = predicted.boxes[image, point], truth.boxes[image, number]
                boxes += weight * float(complete_iou_loss(*pair))
    losses = task_aligned_losses(predicted, truth, RULES, WEIGHTS)
    assert float(losses["class"]) == pytest.approx(cross / total, rel=1e-4)
    assert float(losses["box"]) == pytest.approx(2 * boxes / total, rel=1e-4)


def test_padding_with_no_object_changes_nothing():
    predicted, truth = case()
    padded = replace(
        truth,
        boxes=torch.cat([truth.boxes, torch.zeros(2, 4, 4)], 1),
        labels=torch.cat([truth.labels, torch.ones(2, 4, dtype=torch.long)], 1),
        valid=torch.cat([truth.valid, torch.zeros(2, 4, dtype=torch.bool)], 1),
    )
    before = task_aligned_losses(predicted, truth, RULES, WEIGHTS)
    after = task_aligned_losses(predicted, padded, RULES, WEIGHTS)
    assert before == after


def test_predictions_over_ignored_regions_and_tiny_ones_are_excused():
    predicted, truth = case()
    region = torch.tensor([[[0.0, 0, 48, 32]], [[0, 0, 0, 0]]])
    covered = replace(truth, ignored=region)
    given = assign(predicted, covered, RULES)
    found = excused(predicted, covered, given)
    assert not (found & given.positive).any()
    assert not found[1].any()
    halfway = (
        pairwise_intersection(region, predicted.boxes)[0, 0] / area(predicted.boxes[0])
    ) > 0.5
    assert found[0].equal(halfway & ~given.positive[0])
    assert found[0].any()
    tiny = replace(truth, smallest=torch.tensor([0.0, 100.0]))
    assert excused(predicted, tiny, given)[1].equal(~given.positive[1])
    plain = task_aligned_losses(predicted, truth, RULES, WEIGHTS)
    assert task_aligned_losses(predicted, covered, RULES, WEIGHTS)["class"] < plain["class"]


def test_a_batch_without_objects_teaches_that_nothing_is_there():
    predicted, truth = case()
    empty = replace(
        truth,
        boxes=torch.zeros(2, 0, 4),
        labels=torch.zeros(2, 0, dtype=torch.long),
        valid=torch.zeros(2, 0, dtype=torch.bool),
    )
    logits = predicted.logits.clone().requires_grad_()
    losses = task_aligned_losses(replace(predicted, logits=logits), empty, RULES, WEIGHTS)
    losses["class"].backward()
    assert losses["box"] == 0
    assert logits.grad is not None
    assert (logits.grad > 0).all()


def test_losses_pull_no_gradient_through_the_assignment():
    predicted, truth = case()
    boxes = predicted.boxes.clone().requires_grad_()
    losses = task_aligned_losses(replace(predicted, boxes=boxes), truth, RULES, WEIGHTS)
    assert not losses["class"].requires_grad
    losses["box"].backward()
    given = assign(predicted, truth, RULES)
    assert boxes.grad is not None
    assert boxes.grad[~given.positive].eq(0).all()
    assert boxes.grad[given.positive].abs().sum(-1).gt(0).all()
