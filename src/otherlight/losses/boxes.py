"""Overlap of boxes, and the complete-IoU loss (Zheng et al. 2020, arXiv:1911.08287)."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

_TINY = 1e-7


def pairwise_iou(
    boxes: Float[Tensor, "batch boxes 4"], others: Float[Tensor, "batch others 4"]
) -> Float[Tensor, "batch boxes others"]:
    """Intersection over union of every box with every other; 0 where both are empty."""
    shared = pairwise_intersection(boxes, others)
    return shared / (area(boxes)[:, :, None] + area(others)[:, None] - shared).clamp(min=_TINY)


def pairwise_intersection(
    boxes: Float[Tensor, "batch boxes 4"], others: Float[Tensor, "batch others 4"]
) -> Float[Tensor, "batch boxes others"]:
    """Area shared by every box with every other."""
    left, top, right, bottom = boxes[:, :, None].unbind(-1)
    other_left, other_top, other_right, other_bottom = others[:, None].unbind(-1)
    # Side by side rather than with an axis of two, which costs several times as much.
    width = torch.minimum(right, other_right) - torch.maximum(left, other_left)
    height = torch.minimum(bottom, other_bottom) - torch.maximum(top, other_top)
    return width.clamp(min=0) * height.clamp(min=0)


def area(boxes: Float[Tensor, "*shape 4"]) -> Float[Tensor, "*shape"]:
    """Area, 0 for an inverted box."""
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)


def complete_iou_loss(
    found: Float[Tensor, "*shape 4"], truth: Float[Tensor, "*shape 4"]
) -> Float[Tensor, "*shape"]:
    """1 - IoU + d^2 / c^2 + alpha v, box by box.

    d lies between the centres, c is the diagonal of the smallest box around both,
    v = 4 / pi^2 (atan(w'/h') - atan(w/h))^2 and alpha = v / (1 - IoU + v), held constant.
    """
    corner = torch.maximum(found[..., :2], truth[..., :2])
    opposite = torch.minimum(found[..., 2:], truth[..., 2:])
    shared = (opposite - corner).clamp(min=0).prod(-1)
    iou = shared / (area(found) + area(truth) - shared).clamp(min=_TINY)
    around = torch.maximum(found[..., 2:], truth[..., 2:]) - torch.minimum(
        found[..., :2], truth[..., :2]
    )
    diagonal = around.square().sum(-1).clamp(min=_TINY)
    apart = (found[..., :2] + found[..., 2:] - truth[..., :2] - truth[..., 2:]).square().sum(-1) / 4
    shape = 4 / math.pi**2 * (_angle(truth) - _angle(found)).square()
    with torch.no_grad():
        weight = shape / (1 - iou + shape).clamp(min=_TINY)
    return 1 - iou + apart / diagonal + weight * shape


def _angle(boxes: Float[Tensor, "*shape 4"]) -> Float[Tensor, "*shape"]:
    sides = boxes[..., 2:] - boxes[..., :2]
    return torch.atan(sides[..., 0] / sides[..., 1].clamp(min=_TINY))
