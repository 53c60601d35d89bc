"""Least squares, by the equations written as loops."""

import torch

from otherlight.losses.adversarial import discriminator_loss, generator_loss


def test_losses_equal_their_equations():
    chance = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(2, 1, 3, 4, generator=chance) for _ in range(2))
    reals, fakes = real.flatten().tolist(), fake.flatten().tolist()
    generator = sum((value - 1) ** 2 for value in fakes) / len(fakes)
    discriminator = (
        sum((value - 1) ** 2 for value in reals) / len(reals)
        + sum(value**2 for value in fakes) / len(fakes)
    ) / 2
    torch.testing.assert_close(generator_loss(fake), torch.tensor(generator))
    torch.testing.assert_close(discriminator_loss(real, fake), torch.tensor(discriminator))
