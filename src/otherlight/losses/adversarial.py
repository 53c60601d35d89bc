"""Adversarial losses; least squares so far (Mao et al. 2017, https://arxiv.org/abs/1611.04076)."""

from jaxtyping import Float
from torch import Tensor

Logits = Float[Tensor, "batch 1 rows columns"]
Scalar = Float[Tensor, ""]


def generator_loss(fake: Logits) -> Scalar:
    """Reward a generator whose images the discriminator takes for captured ones.

    ``mean (D(fake) - 1)^2``

    >>> import torch
    >>> generator_loss(torch.ones(1, 1, 2, 2))
    tensor(0.)
    """
    return (fake - 1.0).square().mean()


def discriminator_loss(real: Logits, fake: Logits) -> Scalar:
    """Reward a discriminator that tells captured images (1) from generated ones (0).

    ``(mean (D(real) - 1)^2 + mean D(fake)^2) / 2``; the half slows it against the generator
    (CycleGAN, appendix 7.1).

    >>> import torch
    >>> discriminator_loss(torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 2, 2))
    tensor(0.)
    """
    return 0.5 * ((real - 1.0).square().mean() + fake.square().mean())
