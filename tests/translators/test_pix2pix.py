"""pix2pix's step equals its formula, its noise is the image's own, and it learns a mapping."""

from typing import Any

import pytest
import torch
from torch.nn import functional as F

from otherlight.errors import PlanError
from otherlight.translators.pix2pix import Pix2Pix, Pix2PixConfig
from otherlight.translators.protocols import context_for

SMALL: dict[str, Any] = {
    "width": 4,
    "depth": 3,
    "blocks": 1,
    "discriminator_width": 4,
    "discriminator_depth": 1,
    "precision": "fp32",
}


def made(**other: Any) -> Pix2Pix:
    return Pix2Pix(Pix2PixConfig(**{**SMALL, **other}), torch.Generator().manual_seed(0))


def batch(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    source = torch.rand(2, 3, 32, 40, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    return source, -0.5 * source.flip(1)


@pytest.mark.parametrize("generator", ["unet", "resnet"])
def test_the_losses_are_those_of_the_paper(generator: str):
    gan, (source, target) = made(generator=generator), batch()
    chance = gan.chance.clone_state()
    net: Any = gan.generator_target
    noise = [net.noise(source, [chance] * 2)] if generator == "unet" else []
    fake = net(source, *noise).detach()
    judge = gan.discriminator_target
    real, made_up = (judge(torch.cat([source, shown], 1)).sigmoid() for shown in (target, fake))
    judged = -(real.log().mean() + (1 - made_up).log().mean()) / 2
    losses = gan.step(source, target)
    torch.testing.assert_close(losses["discriminator"], judged.detach())
    torch.testing.assert_close(losses["l1"], (fake - target).abs().mean())
    # The generator is judged by the discriminator that has just learnt.
    fooled = -judge(torch.cat([source, fake], 1)).sigmoid().log().mean()
    torch.testing.assert_close(losses["adversarial"], fooled.detach())


def test_the_step_of_the_generator_is_adams_along_the_papers_gradient():
    gan, (source, target) = made(generator="resnet", learning_rate=0.01), batch()
    plain = made(generator="resnet", learning_rate=0.01)
    for _ in range(2):
        gan.step(source, target)
    for _ in range(2):
        fake = plain.generator_target(source)
        judge, (learn, learn_judge) = plain.discriminator_target, plain.optimisers
        verdicts = [judge(torch.cat([source, shown], 1)) for shown in (target, fake.detach())]
        truth = [torch.ones_like(verdicts[0]), torch.zeros_like(verdicts[1])]
        learn_judge.zero_grad()
        sum(
            0.5 * F.binary_cross_entropy_with_logits(*pair)
            for pair in zip(verdicts, truth, strict=True)
        ).backward()  # pyright: ignore[reportAttributeAccessIssue]
        learn_judge.step()
        learn.zero_grad()
        verdict = judge(torch.cat([source, fake], 1))
        fooled = F.binary_cross_entropy_with_logits(verdict, torch.ones_like(verdict))
        (fooled + 100 * F.l1_loss(fake, target)).backward()
        learn.step()
    for name in ("generator_target", "discriminator_target"):
        ours, theirs = (dict(getattr(each, name).named_parameters()) for each in (gan, plain))
        for key, value in ours.items():
            torch.testing.assert_close(value, theirs[key], atol=2e-4, rtol=1e-3)


def test_it_learns_what_pairs_say():
    gan = made(width=8, learning_rate=0.01)
    losses = [gan.step(*batch())["l1"].item() for _ in range(40)]
    assert losses[-1] < 0.6 * losses[0]


def test_the_same_image_is_shown_the_same_and_another_name_another():
    gan, (source, _) = made(width=8, weight_deviation=0.2), batch()
    context = context_for(0, ["a", "b"])
    shown = gan.translate(source, context)
    assert torch.equal(gan.translate(source, context), shown)
    assert torch.equal(gan.translate(source, context_for(0, ["a", "b"])), shown)
    assert not torch.equal(gan.translate(source, context_for(0, ["a", "c"]))[1], shown[1])


def test_auto_depth_takes_training_images_to_a_pixel_or_so():
    assert Pix2PixConfig().at_size(256).depth == 8
    assert Pix2PixConfig().at_size(1024).depth == 8
    assert Pix2PixConfig().at_size(128).depth == 7
    assert Pix2PixConfig().at_size(72).depth == 6


def test_the_papers_values_are_the_defaults():
    config = Pix2PixConfig()
    assert (config.objective, config.l1_weight, config.generator) == ("vanilla", 100.0, "unet")
    gan = Pix2Pix(Pix2PixConfig(width=4, discriminator_width=4), torch.Generator().manual_seed(0))
    assert next(gan.discriminator_target.parameters()).shape[1] == 6


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"skip": True}, "skip needs generator: resnet, since the U-Net paints whole images"),
        ({"depth": 9}, "depth must be from 2 to 8, or auto; 9 came"),
        ({"depth": 1}, "depth must be from 2 to 8, or auto; 1 came"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any], message: str):
    with pytest.raises(PlanError, match=message):
        Pix2PixConfig(**{**SMALL, **wrong}).at_size(256)
