"""Adversarial losses: least squares, cross-entropy, and Wasserstein with a gradient penalty.

lsgan: Mao et al. 2017 (https://arxiv.org/abs/1611.04076). vanilla: Goodfellow et al. 2014
(https://arxiv.org/abs/1406.2661), the generator's non-saturating form. wgan_gp: Gulrajani et al.
2017 (https://arxiv.org/abs/1704.00028). Generator and discriminator must be told the same: a critic
of one and a generator of another pull apart.
"""

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

Logits = Float[Tensor, "batch 1 rows columns"]
Judged = Float[Tensor, "batch channels height width"]
Scalar = Float[Tensor, ""]
Objective = Literal["lsgan", "vanilla", "wgan_gp"]


def generator_loss(fake: Logits, objective: Objective = "lsgan") -> Scalar:
    """Reward a generator whose images the discriminator takes for captured ones.

    lsgan ``mean (D(fake) - 1)^2``; vanilla ``mean log(1 + exp(-D(fake)))``; wgan_gp
    ``-mean D(fake)``.

    >>> import torch
    >>> generator_loss(torch.ones(1, 1, 2, 2))
    tensor(0.)
    >>> generator_loss(torch.ones(1, 1, 2, 2), "wgan_gp")
    tensor(-1.)
    """
    if objective == "vanilla":
        return F.softplus(-fake).mean()
    if objective == "wgan_gp":
        return -fake.mean()
    return (fake - 1.0).square().mean()


def discriminator_loss(real: Logits, fake: Logits, objective: Objective = "lsgan") -> Scalar:
    """Reward a discriminator that tells captured images (1) from generated ones (0).

    lsgan ``(mean (D(real) - 1)^2 + mean D(fake)^2) / 2``; vanilla ``(mean log(1 + exp(-D(real))) +
    mean log(1 + exp(D(fake)))) / 2``; the half slows both against the generator (CycleGAN,
    appendix 7.1; pix2pix, section 3.3). wgan_gp ``mean D(fake) - mean D(real)``, to which
    `gradient_penalty` must be added.

    >>> import torch
    >>> discriminator_loss(torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 2, 2))
    tensor(0.)
    """
    if objective == "vanilla":
        return 0.5 * (F.softplus(-real).mean() + F.softplus(fake).mean())
    if objective == "wgan_gp":
        return fake.mean() - real.mean()
    return 0.5 * ((real - 1.0).square().mean() + fake.square().mean())


def gradient_penalty(
    judge: Callable[[Tensor], Tensor], real: Judged, fake: Judged, share: Float[Tensor, " batch"]
) -> Scalar:
    """Hold a critic's slope at 1, on the way from generated images to captured ones.

    ``mean (|d D(x) / d x| - 1)^2`` at ``x = share real + (1 - share) fake``, one share an image,
    where D is the mean of an image's logits, which is what the losses move.
    """
    share = share[:, None, None, None]
    between = (share * real + (1.0 - share) * fake).detach().requires_grad_()
    judged = judge(between).mean((1, 2, 3)).sum()
    (slope,) = torch.autograd.grad(judged, between, create_graph=True)
    return (slope.flatten(1).norm(dim=1) - 1.0).square().mean()
