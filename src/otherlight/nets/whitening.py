"""Whitening and colouring of features (Li et al. 2017, https://arxiv.org/abs/1705.08086).

As WCT2 does it, 1 is added to every variance, so that a channel that does not vary is not blown up.
"""

import torch
from jaxtyping import Float
from torch import Tensor

Features = Float[Tensor, "1 channels rows columns"]
Moments = Float[Tensor, "channels_and_one channels"]
Square = Float[Tensor, "channels channels"]


def moments(features: Features) -> Moments:
    """Take the channels' mean (first row) and covariance (the others) over the image."""
    flat = features[0].flatten(1)
    mean = flat.mean(1)
    apart = flat - mean[:, None]
    covariance = apart @ apart.T / max(flat.shape[1] - 1, 1)
    return torch.cat([mean[None], covariance])


def whitened_and_coloured(features: Features, style: Moments) -> Features:
    """Give features the mean and covariance of a style: ``C_s^(1/2) C_c^(-1/2) (F - m_c) + m_s``.

    The result stays between the least and the largest value of what came.
    """
    own = moments(features)
    across = _power(style[1:], 0.5) @ _power(own[1:], -0.5)
    flat = features[0].flatten(1)
    coloured = across.to(flat.dtype) @ (flat - own[0][:, None]) + style[0][:, None]
    return coloured.clamp(flat.min(), flat.max()).view_as(features)


def _power(covariance: Square, power: float) -> Float[Tensor, "channels channels"]:
    """Raise a covariance to a power, in fp64: half of its directions hardly vary."""
    values, vectors = torch.linalg.eigh(
        covariance.double() + torch.eye(len(covariance)).to(covariance)
    )
    return (vectors * values.clamp(min=1.0).pow(power)) @ vectors.T
