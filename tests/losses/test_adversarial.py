"""Each objective, by its equations written as loops; generator and critic agree."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from otherlight.losses.adversarial import (
    Objective,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
)
from otherlight.nets.initialise import normal_weights
from otherlight.nets.patchgan import Norm, PatchGAN, bound_layers

OBJECTIVES: list[Objective] = ["lsgan", "vanilla", "wgan_gp"]


def mean_of(term: Callable[[float], float], values: Tensor) -> float:
    numbers = values.flatten().tolist()
    return sum(term(value) for value in numbers) / len(numbers)


def log_of_sigmoid(value: float) -> float:
    return math.log(1 / (1 + math.exp(-value)))


def written_out(objective: Objective, real: Tensor, fake: Tensor) -> tuple[float, float]:
    """The generator's loss and the discriminator's."""
    if objective == "lsgan":
        missed, caught = mean_of(lambda v: (v - 1) ** 2, real), mean_of(lambda v: v**2, fake)
        return mean_of(lambda v: (v - 1) ** 2, fake), (missed + caught) / 2
    if objective == "vanilla":
        missed = -mean_of(log_of_sigmoid, real)
        caught = -mean_of(lambda v: log_of_sigmoid(-v), fake)
        return -mean_of(log_of_sigmoid, fake), (missed + caught) / 2
    return -mean_of(float, fake), mean_of(float, fake) - mean_of(float, real)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_losses_equal_their_equations(objective: Objective):
    chance = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(2, 1, 3, 4, generator=chance) for _ in range(2))
    generator, discriminator = written_out(objective, real, fake)
    torch.testing.assert_close(generator_loss(fake, objective), torch.tensor(generator))
    torch.testing.assert_close(
        discriminator_loss(real, fake, objective), torch.tensor(discriminator)
    )


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_what_a_generator_is_drawn_to_is_what_its_discriminator_calls_captured(
    objective: Objective,
):
    logits = torch.zeros(1, 1, 2, 2, requires_grad=True)
    (wished,) = torch.autograd.grad(generator_loss(logits, objective), logits)
    real, fake = (torch.zeros(1, 1, 2, 2, requires_grad=True) for _ in range(2))
    (real_to,) = torch.autograd.grad(discriminator_loss(real, fake, objective), real)
    (fake_to,) = torch.autograd.grad(discriminator_loss(real.detach(), fake + 0.5, objective), fake)
    assert (wished < 0).all()
    assert (real_to < 0).all()
    assert (fake_to > 0).all()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_sure_verdicts_stay_finite(objective: Objective):
    sure = torch.tensor([1e4, -1e4]).reshape(2, 1, 1, 1)
    assert generator_loss(sure, objective).isfinite()
    assert discriminator_loss(sure, -sure, objective).isfinite()


def test_the_penalty_equals_its_equation_by_finite_differences():
    chance = torch.Generator().manual_seed(0)
    real, fake = (torch.rand(2, 3, 4, 5, generator=chance).double() for _ in range(2))
    weight = torch.randn(1, 3, 2, 2, generator=chance).double()

    def judge(images: Tensor) -> Tensor:
        return torch.nn.functional.conv2d(images, weight).tanh()

    share = torch.rand(2, generator=chance).double()
    wanted, step = 0.0, 1e-5
    for image in range(2):
        between = share[image] * real[image] + (1 - share[image]) * fake[image]
        slope = 0.0
        for pixel in range(between.numel()):
            moved = torch.zeros(between.numel(), dtype=torch.float64)
            moved[pixel] = step
            up, down = (
                judge((between + sign * moved.reshape(between.shape))[None]).mean()
                for sign in (1, -1)
            )
            slope += float((up - down) / (2 * step)) ** 2
        wanted += (math.sqrt(slope) - 1) ** 2 / 2
    penalty = gradient_penalty(judge, real, fake, share)
    torch.testing.assert_close(penalty, torch.tensor(wanted, dtype=torch.float64))


@pytest.mark.parametrize("norm", ["instance", "spectral"])
def test_the_penalty_teaches_a_patchgan_as_finite_differences_say(norm: Norm):
    chance = torch.Generator().manual_seed(0)
    net = PatchGAN(4, 1, norm, torch.float64).double()
    normal_weights(net, chance, 0.3)
    if norm == "spectral":
        bound_layers(net.eval())
    real, fake = (torch.rand(2, 3, 16, 16, generator=chance).double() for _ in range(2))
    share = torch.rand(2, generator=chance).double()

    def logits(images: Tensor) -> Tensor:
        return net.layers(images)

    gradient_penalty(logits, real, fake, share).backward()
    (kernel, *_) = (p for p in net.parameters() if p.dim() == 4)
    assert kernel.grad is not None
    wanted = kernel.grad.flatten()[:3]
    for place, value in enumerate(wanted.tolist()):
        moved: list[float] = []
        for sign in (1, -1):
            with torch.no_grad():
                kernel.view(-1)[place] += sign * 1e-6
            moved.append(gradient_penalty(logits, real, fake, share).item())
            with torch.no_grad():
                kernel.view(-1)[place] -= sign * 1e-6
        assert (moved[0] - moved[1]) / 2e-6 == pytest.approx(value, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_a_penalised_critic_learns_a_slope_of_one(precision: torch.dtype):
    chance = torch.Generator().manual_seed(0)
    net = PatchGAN(4, 1, "instance", precision)
    normal_weights(net, chance, 0.1)
    optimiser = torch.optim.Adam(net.parameters(), 0.01)
    real, fake = (torch.rand(2, 3, 24, 24, generator=chance) for _ in range(2))
    share = torch.rand(2, generator=chance)
    penalties: list[float] = []
    for _ in range(30):
        penalty = gradient_penalty(net, real, fake, share)
        optimiser.zero_grad()
        penalty.backward()
        optimiser.step()
        penalties.append(penalty.item())
    assert penalties[-1] < 0.1 * penalties[0]
