"""How images look, in figures: tones, edges, contrast, and the grid that up-sampling leaves.

No learned weights; nothing here knows what an image shows. Brightness is ITU-R BT.601's, 0..1.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from otherlight.images.tensors import Images, to_pixels

Grey = Float[Tensor, "batch height width"]
Each = Float[Tensor, " batch"]
Tones = Float[Tensor, "3 levels"]
Structure = Float[Tensor, "batch places"]

_TINY = 1e-6
_LEVELS = 256
_WINDOW = 32
_PLACES = (24, 32)
_GRID = [(u, v) for u in (0, 8, 16, 24) for v in (0, 8, 16, 24) if u or v]
"""Frequencies of periods 2 and 4 in a window of 32 pixels."""
_BESIDE = (-3, -2, 2, 3)
"""A Hann window leaks into the next frequency, no further."""
_CENTRE = 4.0 / 9.0
"""Share of a wave's power that a Hann window leaves at the wave's own frequency."""


def luminance(images: Images) -> Grey:
    """Brightness in 0..1."""
    weights = images.new_tensor([0.299, 0.587, 0.114])
    return (torch.einsum("bchw,c->bhw", images, weights) + 1.0) / 2.0


def tones(images: Images) -> Tones:
    """Cumulative shares of the 256 stored values, by channel."""
    values = to_pixels(images).transpose(0, 1).flatten(1)
    counts = torch.stack([torch.bincount(channel, minlength=_LEVELS) for channel in values])
    return counts.double().div(values.shape[1]).cumsum(1).float()


def tone_distance(some: Tones, others: Tones) -> float:
    """Wasserstein-1 between values, in the range -1..1, mean over the channels.

    No translator can give images the others' tones with a smaller mean change of a value.
    """
    return float((some - others).abs().sum(1).mean() * (2.0 / (_LEVELS - 1)))


def gradients(grey: Grey) -> Grey:
    """Length of the gradient by central differences; the edge of the image is repeated."""
    padded = F.pad(grey[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    across = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / 2.0
    down = (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / 2.0
    return (across.square() + down.square()).sqrt()


def sharpness(images: Images) -> Each:
    """Mean length of the brightness gradient."""
    return gradients(luminance(images)).mean((1, 2))


def contrast(images: Images) -> Each:
    """Mean deviation of brightness within windows of 32 x 32 pixels."""
    grey = luminance(images)[:, None]
    size = [min(_WINDOW, side) for side in grey.shape[-2:]]
    mean, square = (F.avg_pool2d(each, size, ceil_mode=True) for each in (grey, grey.square()))
    return (square - mean.square()).clamp(min=0.0).sqrt().mean((1, 2, 3))


def structure(images: Images) -> Structure:
    """Where edges are, on 24 x 32 places; products of two are correlations."""
    edges = F.adaptive_avg_pool2d(gradients(luminance(images))[:, None], _PLACES)
    return _unit(edges.flatten(1))


def relief(images: Images) -> Structure:
    """What is brighter and what darker than its surroundings, on 24 x 32 places."""
    grey = F.adaptive_avg_pool2d(luminance(images)[:, None], _PLACES)
    around = F.avg_pool2d(grey, 7, 1, 3, count_include_pad=False)
    return _unit((grey - around).flatten(1))


def grid(images: Images) -> float:
    """Strength of a checkerboard: the root mean square, in grey levels, of waves on a fixed grid.

    Strided up-sampling leaves waves of 2 and 4 pixels (Odena et al. 2016,
    https://distill.pub/2016/deconv-checkerboard). What counts is the power at these frequencies
    beyond that of their neighbours, in windows of 32 x 32 pixels; images smaller than that have 0.
    """
    grey = luminance(images)
    if min(grey.shape[1:]) < _WINDOW:
        return 0.0
    steps = grey.unfold(1, _WINDOW, _WINDOW // 2).unfold(2, _WINDOW, _WINDOW // 2)
    windows = steps.reshape(-1, _WINDOW, _WINDOW)
    hann = torch.hann_window(_WINDOW, device=grey.device)
    hann = hann[:, None] * hann
    level = windows - windows.mean((1, 2), keepdim=True)
    power = torch.fft.fft2(level * hann).abs().square().mean(0)
    beyond = [power[u, v] - _beside(power, u, v) for u, v in _GRID]
    whole = torch.stack(beyond).clamp(min=0.0).sum() / (_CENTRE * _WINDOW**2 * hann.square().sum())
    return 255.0 * float(whole.sqrt())


def _beside(power: Float[Tensor, "rows columns"], u: int, v: int) -> Tensor:
    """The mean power a few frequencies away, along the axes on which there is a wave."""
    along = [power[u, (v + step) % _WINDOW] for step in _BESIDE if v]
    across = [power[(u + step) % _WINDOW, v] for step in _BESIDE if u]
    return torch.stack(along + across).mean()


def _unit(values: Structure) -> Structure:
    """Mean 0 and length 1; an image without any structure stays 0."""
    centred = values - values.mean(1, keepdim=True)
    return centred / centred.norm(dim=1, keepdim=True).clamp(min=_TINY)
