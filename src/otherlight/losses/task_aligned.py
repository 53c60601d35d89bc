"""Task-aligned assignment and losses for anchor-free detectors (TOOD, Feng et al. 2021,
https://arxiv.org/abs/2108.07755).

A point is a candidate for an object if it lies in the object's box or, since the boxes of small
objects may hold no point at all, within ``radius`` strides of its centre (as in YOLOX, Ge et al.
2021, https://arxiv.org/abs/2107.08430). The loss of the classes is binary cross-entropy towards the
normalised alignment, that of the boxes complete IoU weighted by it.
"""  # noqa: D205

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from otherlight.losses.boxes import (
    area,
    complete_iou_loss,
    pairwise_intersection,
    pairwise_iou,
)

_NOTHING = 1e-30
_COVERED = 0.5
"""Share of a prediction that an ignored region must cover to excuse it."""


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """What a detector says at every point, before any threshold.

    ``points`` are x, y and stride in pixels; ``boxes`` edges in pixels.
    """

    logits: Float[Tensor, "batch points classes"]
    boxes: Float[Tensor, "batch points 4"]
    points: Float[Tensor, "points 3"]


@dataclass(frozen=True, kw_only=True)
class PaddedTruth:
    """The objects of a batch, padded to one length; ``valid`` says which rows are objects.

    Predictions over ``ignored`` regions or less than ``smallest`` pixels high are not negatives.
    """

    boxes: Float[Tensor, "batch objects 4"]
    labels: Int[Tensor, "batch objects"]
    valid: Bool[Tensor, "batch objects"]
    ignored: Float[Tensor, "batch regions 4"]
    smallest: Float[Tensor, " batch"]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """TOOD's t = score^score_power * IoU^iou_power, its best ``candidates`` points an object."""

    candidates: int = 10
    score_power: float = 0.5
    iou_power: float = 6.0
    radius: float = 1.5


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Which object each point answers for, and how well: ``target`` is 0 at negative points."""

    positive: Bool[Tensor, "batch points"]
    object: Int[Tensor, "batch points"]
    target: Float[Tensor, "batch points"]


@torch.no_grad()
def assign(predicted: Predicted, truth: PaddedTruth, rules: Rules) -> Assignment:
    """Give each object the candidates that suit it best; a point in dispute goes to higher IoU.

    The target of a positive point is its alignment, scaled so that an object's best point gets the
    highest IoU among the object's points.
    """
    overlap = pairwise_iou(truth.boxes, predicted.boxes)
    spread = truth.labels[:, :, None].expand_as(overlap)
    score = predicted.logits.sigmoid().transpose(1, 2).gather(1, spread)
    alignment = score**rules.score_power * overlap**rules.iou_power
    eligible = candidates(predicted.points, truth, rules.radius)
    # A candidate counts even where nothing overlaps yet: else a bad start would never mend.
    ranked = torch.where(eligible, alignment, -1.0)
    best = ranked.topk(min(rules.candidates, ranked.shape[2]), dim=2)
    chosen = torch.zeros_like(eligible).scatter_(2, best.indices, best.values >= 0)
    if not overlap.shape[1]:
        nobody = torch.zeros_like(predicted.boxes[..., 0])
        return Assignment(positive=nobody > 0, object=nobody.long(), target=nobody)
    claim = torch.where(chosen, overlap, -1.0).max(dim=1)
    owned = chosen & (claim.indices[:, None] == _numbers(overlap)[None, :, None])
    alignment = torch.where(owned, alignment, 0.0)
    ceiling = torch.where(owned, overlap, 0.0).amax(2, keepdim=True)
    target = alignment / alignment.amax(2, keepdim=True).clamp(min=_NOTHING) * ceiling
    return Assignment(positive=claim.values >= 0, object=claim.indices, target=target.sum(1))


def candidates(
    points: Float[Tensor, "points 3"], truth: PaddedTruth, radius: float
) -> Bool[Tensor, "batch objects points"]:
    """Say which points lie in an object's box or within ``radius`` strides of its centre."""
    x, y, stride = points.unbind(1)
    left, top, right, bottom = truth.boxes[:, :, None].unbind(-1)
    inside = (x > left) & (x < right) & (y > top) & (y < bottom)
    across, down = (x - (left + right) / 2).abs(), (y - (top + bottom) / 2).abs()
    near = torch.maximum(across, down) < radius * stride
    return (inside | near) & truth.valid[:, :, None]


@torch.no_grad()
def excused(
    predicted: Predicted, truth: PaddedTruth, assignment: Assignment
) -> Bool[Tensor, "batch points"]:
    """Say which negative points predict what may be an object that nobody labelled."""
    height = predicted.boxes[..., 3] - predicted.boxes[..., 1]
    small = height < truth.smallest[:, None]
    if truth.ignored.shape[1]:
        shared = pairwise_intersection(truth.ignored, predicted.boxes).amax(1)
        small |= shared > _COVERED * area(predicted.boxes)
    return small & ~assignment.positive


def task_aligned_losses(
    predicted: Predicted, truth: PaddedTruth, rules: Rules, weights: Mapping[str, float]
) -> dict[str, Float[Tensor, ""]]:
    """Losses "class" and "box", each times its weight, over the sum of the targets."""
    assignment = assign(predicted, truth, rules)
    target = torch.zeros_like(predicted.logits)
    if truth.labels.shape[1]:
        label = truth.labels.gather(1, assignment.object)
        target.scatter_(2, label[..., None], assignment.target[..., None])
    cross = F.binary_cross_entropy_with_logits(predicted.logits, target, reduction="none")
    counted = ~excused(predicted, truth, assignment)
    total = assignment.target.sum().clamp(min=1.0)
    return {
        "class": weights["class"] * (cross * counted[..., None]).sum() / total,
        "box": weights["box"] * _box_loss(predicted, truth, assignment) / total,
    }


def _box_loss(
    predicted: Predicted, truth: PaddedTruth, assignment: Assignment
) -> Float[Tensor, ""]:
    if not truth.labels.shape[1]:
        return predicted.boxes.sum() * 0.0
    wanted = truth.boxes.gather(1, assignment.object[..., None].expand_as(predicted.boxes))
    # Where there is nothing to learn both boxes are made equal: masking inf or nan is too late.
    wanted = torch.where(assignment.positive[..., None], wanted, predicted.boxes.detach())
    weight = assignment.target.clamp(min=_LEAST) * assignment.positive
    return (weight * complete_iou_loss(predicted.boxes, wanted)).sum()


_LEAST = 0.1
"""Least weight of a positive point's box, so that boxes are learnt before anything overlaps."""


def _numbers(overlap: Tensor) -> Tensor:
    return torch.arange(overlap.shape[1], device=overlap.device)
