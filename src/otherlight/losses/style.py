"""Losses on a trained network's features (Gatys et al. 2016, Huang and Belongie 2017).

Gatys et al.: https://openaccess.thecvf.com/content_cvpr_2016/html/Gatys_Image_Style_Transfer_CVPR_2016_paper.html.
Huang and Belongie: https://arxiv.org/abs/1703.06868.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

Features = Float[Tensor, "batch channels rows columns"]
Gram = Float[Tensor, "batch channels channels"]
Statistics = Float[Tensor, "batch 2 channels"]
Scalar = Float[Tensor, ""]


def content_loss(features: Features, wanted: Features) -> Scalar:
    """Keep what is where: ``1/2 sum (F - P)^2`` (Gatys et al., equation 1)."""
    return 0.5 * (features - wanted).square().sum()


def gram(features: Features) -> Gram:
    """Sum the products of each two channels over the image (Gatys et al., equation 3).

    >>> gram(torch.ones(1, 2, 3, 4)).tolist()
    [[[12.0, 12.0], [12.0, 12.0]]]
    """
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2)


def gram_loss(found: Gram, wanted: Gram, channels: int, positions: int) -> Scalar:
    """Compare textures: ``sum (G - A)^2 / (4 N^2 M^2)`` (Gatys et al., equation 4).

    N is the layer's channels and M its rows times columns; some codes put other counts there.
    """
    return (found - wanted).square().sum() / (4.0 * channels**2 * float(positions) ** 2)


def total_variation(images: Features, power: float = 1.25) -> Scalar:
    """Punish noise: ``sum ((down)^2 + (right)^2)^power`` of the differences between neighbours.

    The last row and column have no neighbour and take no part. A power of 1 gives the square of
    the gradient, 0.5 its length (Mahendran and Vedaldi 2015, https://arxiv.org/abs/1412.0035).
    """
    here = images[..., :-1, :-1]
    down = (here - images[..., 1:, :-1]).square()
    right = (here - images[..., :-1, 1:]).square()
    # The slope of a root at 0 is not finite.
    return (down + right + 1e-12).pow(power).sum()


def statistics(features: Features) -> Statistics:
    """Take each channel's mean and deviation over the image (Huang and Belongie, equations 5, 6).

    >>> statistics(torch.tensor([1.0, 3.0]).view(1, 1, 1, 2)).flatten().tolist()
    [2.0, 1.0]
    """
    flat = features.flatten(2)
    mean = flat.mean(2)
    deviation = ((flat - mean[..., None]).square().mean(2) + 1e-10).sqrt()
    return torch.stack([mean, deviation], dim=1)


def statistics_loss(found: Statistics, wanted: Statistics) -> Scalar:
    """Compare means and deviations: the mean square of each, added (equation 13)."""
    return F.mse_loss(found[:, 0], wanted[:, 0]) + F.mse_loss(found[:, 1], wanted[:, 1])
