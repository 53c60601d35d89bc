"""CUT's fast step equals the plain one, term by term, and learns the same weights."""

import sys
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch

from otherlight.errors import PlanError
from otherlight.translators.cut import CUT, CUTConfig, FastCUTConfig
from otherlight.translators.protocols import context_for

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from plain_cut import PlainCUT, parameters_of

SMALL: dict[str, Any] = {
    "width": 6,
    "blocks": 2,
    "discriminator_width": 6,
    "nce_layers": (0, 4, 8, 12),
    "precision": "fp32",
}


def made(config: type[CUTConfig] = CUTConfig, **other: Any) -> CUT:
    return CUT(config(**{**SMALL, **other}), torch.Generator().manual_seed(0))


def batches(count: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    chance = torch.Generator().manual_seed(1)
    source, target = (torch.rand(count, 3, 40, 48, generator=chance) * 2 - 1 for _ in range(2))
    return source, target


@pytest.mark.parametrize(
    ("config", "weights", "flip"),
    [(CUTConfig, (1.0, 1.0), False), (FastCUTConfig, (10.0, 0.0), True)],
)
def test_the_fast_step_equals_the_plain_one(
    config: type[CUTConfig], weights: tuple[float, float], flip: bool
):
    # A small head: where rounding moves a value over a ReLU's kink, both forms part a little.
    ours = made(config, patches=40, head_width=16)
    plain = PlainCUT(6, 2, head_width=16, patches=40)
    plain.start_from(ours)
    source, target = batches()
    for _ in range(6):
        fast, slow = ours.step(source, target), plain.step(source, target, weights, flip=flip)
        assert fast.keys() == slow.keys()
        for name in slow:
            torch.testing.assert_close(fast[name], slow[name], rtol=2e-4, atol=2e-5)
    assert set(plain.mirrored) == ({True, False} if flip else {False})
    nets = (ours.generator_target, ours.discriminator_target, ours.head)
    pairs = zip(chain(*(net.parameters() for net in nets)), parameters_of(plain), strict=True)
    assert all(torch.allclose(a, b, atol=2e-4) for a, b in pairs)


def test_every_weight_is_taught():
    cut = made()
    before = [p.detach().clone() for p in cut.head.parameters()]
    cut.step(*batches())
    for net in (cut.generator_target, cut.discriminator_target, cut.head):
        assert all(p.requires_grad and p.grad is not None for p in net.parameters())
    assert not any(
        torch.equal(a, b) for a, b in zip(before, cut.head.parameters(), strict=True) if a.dim() > 1
    )


def test_the_papers_values_are_the_defaults():
    cut, fast = CUTConfig(), FastCUTConfig()
    assert (cut.nce_weight, cut.identity_weight, cut.flip_equivariance) == (1.0, 1.0, False)
    assert (fast.nce_weight, fast.identity_weight, fast.flip_equivariance) == (10.0, 0.0, True)
    for config in (cut, fast):
        assert (config.patches, config.temperature) == (256, 0.07)
        assert config.nce_layers == (0, 4, 8, 12, 16)
        assert (config.objective, config.learning_rate) == ("lsgan", 2e-4)
        assert config.betas == (0.5, 0.999)


def test_an_image_is_likest_to_itself():
    # A head that knows nothing yet already tells places apart; a shifted image is less alike.
    cut = made(head_width=64)
    image, _ = batches(1)
    keys = cut.encode(image)
    cut.chance.manual_seed(0)
    same = cut._likeness(cut.encode(image), keys, 1)["nce"]  # pyright: ignore[reportPrivateUsage]
    cut.chance.manual_seed(0)
    moved = cut._likeness(cut.encode(image.roll(9, 3)), keys, 1)["nce"]  # pyright: ignore[reportPrivateUsage]
    assert same < moved


def test_the_average_translates_and_outlives_a_restart():
    cut, source = made(average=0.9), batches()[0]
    for _ in range(2):
        cut.step(*batches())
    again = made(average=0.9)
    again.load_state(cut.state())
    for learner in (cut, again):
        learner.step(*batches())
    for name, value in cut.state().items():
        assert torch.equal(value, again.state()[name]), name
    context = context_for(0, ["a", "b"])
    assert torch.equal(cut.translate(source, context), cut.painter_target(source))
    assert not torch.equal(cut.painter_target(source), cut.generator_target(source))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"nce_layers": (0, 5)}, r"nce_layers are some of 0, 4, 8, 12, 13 .*; \[0, 5\] came"),
        ({"nce_layers": (16,)}, r"residual blocks, of which there are 2\); \[16\] came"),
        ({"nce_layers": ()}, r"nce_layers are some of .*; \[\] came"),
        ({"patches": 1}, "patches must be 2 or more and temperature above 0; 1 and 0.07 came"),
        ({"temperature": 0.0}, "temperature above 0; 256 and 0.0 came"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any], message: str):
    with pytest.raises(PlanError, match=message):
        CUTConfig(**{**SMALL, **wrong}).at_size(256)
