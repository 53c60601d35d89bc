"""Mirroring and zooming of a training batch, the same for every arm."""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.nn import functional as F

from otherlight.images.tensors import Images
from otherlight.recognisers.protocols import Truth

_VISIBLE = 0.25
"""Least share of a box that must stay in the image for it to stay truth."""


def mirror(
    images: Images, truth: Sequence[Truth], share: float, generator: Generator
) -> tuple[Images, list[Truth]]:
    """Mirror a share of the images left to right."""
    chosen = torch.rand(len(images), generator=generator) < share
    mirrored = torch.where(chosen.to(images.device)[:, None, None, None], images.flip(-1), images)
    width = images.shape[-1]
    return mirrored, [
        replace(one, boxes=_flip(one.boxes, width), ignored=_flip(one.ignored, width))
        if flipped
        else one
        for one, flipped in zip(truth, chosen.tolist(), strict=True)
    ]


def zoom(
    images: Images, truth: Sequence[Truth], strength: float, generator: Generator
) -> tuple[Images, list[Truth]]:
    """Scale each image by a factor in 1/(1 + strength) .. 1 + strength and shift it to match.

    What comes in from outside is grey; boxes of which less than a quarter stays are ignored.
    """
    count, _, height, width = images.shape
    drawn = torch.rand(count, 3, generator=generator) * 2 - 1
    factor = torch.exp(drawn[:, 0] * math.log1p(strength))
    shift = drawn[:, 1:] * (factor - 1).abs()[:, None]
    grid = torch.zeros(count, 2, 3)
    grid[:, 0, 0] = grid[:, 1, 1] = 1 / factor
    grid[:, :, 2] = -shift / factor[:, None]
    where = F.affine_grid(grid.to(images), list(images.shape), align_corners=False)
    zoomed = F.grid_sample(images, where, align_corners=False)
    size = torch.tensor([width, height, width, height])
    moved = [
        _move(one, float(by), to.repeat(2), size)
        for one, by, to in zip(truth, factor, shift, strict=True)
    ]
    return zoomed, moved


def _flip(edges: Float[Tensor, "boxes 4"], width: int) -> Float[Tensor, "boxes 4"]:
    left, top, right, bottom = edges.unbind(1)
    return torch.stack([width - right, top, width - left, bottom], 1)


def _move(one: Truth, factor: float, shift: Tensor, size: Tensor) -> Truth:
    """Map edges from the middle outwards: x' = factor x + shift, in halves of the image."""

    def mapped(edges: Tensor) -> Tensor:
        return (((edges / size * 2 - 1) * factor + shift) + 1) / 2 * size

    whole = mapped(one.boxes)
    cut = whole.clamp(min=torch.zeros(4), max=size.float())
    stays = _area(cut) >= _VISIBLE * _area(whole)
    seen = _area(cut) > 0
    ignored = mapped(one.ignored).clamp(min=torch.zeros(4), max=size.float())
    return Truth(
        boxes=cut[stays],
        labels=one.labels[stays],
        ignored=torch.cat([ignored, cut[~stays & seen]]),
        smallest=one.smallest * factor,
    )


def _area(edges: Tensor) -> Tensor:
    return (edges[:, 2:] - edges[:, :2]).clamp(min=0).prod(1)
