"""Every method with a discriminator learns by every objective, in either precision."""

from typing import Any

import pytest
import torch

from otherlight.losses.adversarial import Objective, generator_loss, gradient_penalty
from otherlight.training.devices import Precision
from otherlight.translators import TRANSLATORS, Learned
from otherlight.translators.cyclegan import CycleGAN, CycleGANConfig
from otherlight.translators.gan import GANConfig, judging_loss

NAMES = sorted(name for name, method in TRANSLATORS.items() if issubclass(method.config, GANConfig))
OWN: dict[str, dict[str, Any]] = {
    "cut": {"nce_layers": (0, 4, 12)},
    "fastcut": {"nce_layers": (0, 4, 12)},
    "pix2pix": {"depth": 2},
}


def made(name: str, **other: Any) -> Learned:
    method = TRANSLATORS[name]
    small: dict[str, Any] = {"width": 4, "blocks": 1, "discriminator_width": 4}
    settings = {**small, "discriminator_depth": 1, **OWN.get(name, {}), **other}
    translator = method.build(method.config(**settings), torch.Generator().manual_seed(0))
    assert isinstance(translator, Learned)
    return translator


def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    chance = torch.Generator().manual_seed(seed)
    source, target = (torch.rand(2, 3, 24, 28, generator=chance) * 2 - 1 for _ in range(2))
    return source, target


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("objective", ["lsgan", "vanilla", "wgan_gp"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_every_objective_teaches_and_goes_on_where_it_was(
    name: str, objective: Objective, precision: Precision
):
    whole, half, resumed = (made(name, objective=objective, precision=precision) for _ in range(3))
    losses = [whole.step(*batch(step)) for step in range(2)]
    assert all(loss.isfinite() for step in losses for loss in step.values())
    half.step(*batch(0))
    resumed.load_state({key: value.clone() for key, value in half.state().items()})
    assert resumed.step(*batch(1)) == losses[1]
    for key, value in whole.state().items():
        assert torch.equal(value, resumed.state()[key]), key


def test_the_objective_reaches_generators_and_critics_alike():
    source, target = batch(0)
    share = torch.rand(2, generator=torch.Generator().manual_seed(3))
    for objective in ("lsgan", "vanilla", "wgan_gp"):
        config = CycleGANConfig(width=4, blocks=1, discriminator_depth=1, objective=objective)
        gan = CycleGAN(config, torch.Generator().manual_seed(0))
        judge = gan.discriminator_target
        loss = judging_loss(gan.config, judge, target, source, torch.Generator().manual_seed(3))
        fooled = generator_loss(judge(source), objective)
        real, fake = judge(target), judge(source)
        if objective == "wgan_gp":
            penalty = gradient_penalty(judge, target, source, share)
            torch.testing.assert_close(loss, fake.mean() - real.mean() + 10 * penalty)
            torch.testing.assert_close(fooled, -fake.mean())
        if objective == "vanilla":
            wanted = -(real.sigmoid().log().mean() + (1 - fake.sigmoid()).log().mean()) / 2
            torch.testing.assert_close(loss, wanted)
            torch.testing.assert_close(fooled, -fake.sigmoid().log().mean())
        if objective == "lsgan":
            wanted = ((real - 1).square().mean() + fake.square().mean()) / 2
            torch.testing.assert_close(loss, wanted)
            torch.testing.assert_close(fooled, (fake - 1).square().mean())
        gan.discriminator_source.load_state_dict(judge.state_dict())
        both = generator_loss(judge(gan.generator_target(source)), objective) + generator_loss(
            judge(gan.generator_source(target)), objective
        )
        torch.testing.assert_close(gan.step(source, target)["adversarial"], both.detach())
