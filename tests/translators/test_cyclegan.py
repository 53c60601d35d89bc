"""The fast step equals the plain one, term by term, and learns the same weights."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from otherlight.errors import PlanError
from otherlight.training.devices import Precision, has_fast_bf16
from otherlight.translators.cyclegan import CycleGAN, CycleGANConfig
from otherlight.translators.protocols import context_for

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from plain_cyclegan import PlainCycleGAN

WIDTH, BLOCKS, SIZE = 8, 2, (40, 48)


def both(precision: Precision) -> tuple[CycleGAN, PlainCycleGAN, list[torch.Tensor]]:
    chance = torch.Generator().manual_seed(0)
    config = CycleGANConfig(
        width=WIDTH, blocks=BLOCKS, discriminator_width=WIDTH, precision=precision
    )
    ours = CycleGAN(config, chance)
    plain = PlainCycleGAN(WIDTH, BLOCKS, WIDTH)
    plain.start_from(ours)
    batches = [torch.rand(1, 3, *SIZE, generator=chance) * 2 - 1 for _ in range(2)]
    return ours, plain, batches


def test_the_fast_step_equals_the_plain_one_in_fp32():
    ours, plain, (source, target) = both("fp32")
    for _ in range(3):
        fast, slow = ours.step(source, target), plain.step(source, target)
        assert fast.keys() == slow.keys()
        for name in slow:
            torch.testing.assert_close(fast[name], slow[name], rtol=2e-4, atol=2e-5)
    for name in ("generator_target", "discriminator_source"):
        pairs = zip(
            getattr(ours, name).parameters(), getattr(plain, name).parameters(), strict=True
        )
        assert all(torch.allclose(a, b, atol=2e-4) for a, b in pairs)


@pytest.mark.skipif(not has_fast_bf16(torch.device("cpu")), reason="bf16 is not fast here")
def test_the_fast_step_equals_the_plain_one_within_bf16():
    ours, plain, (source, target) = both("bf16")
    for _ in range(3):
        fast, slow = ours.step(source, target), plain.step(source, target)
        for name in slow:
            torch.testing.assert_close(fast[name], slow[name], rtol=2e-2, atol=1e-2)


def test_discriminators_learn_and_their_gradients_come_from_their_own_loss_alone():
    ours, _, (source, target) = both("fp32")
    ours.step(source, target)
    for net in (ours.discriminator_target, ours.discriminator_source):
        assert all(p.requires_grad and p.grad is not None for p in net.parameters())


def test_without_identity_there_is_no_identity_loss_and_the_rest_is_as_before():
    config = CycleGANConfig(width=4, blocks=1, discriminator_width=4, precision="fp32")
    off = CycleGANConfig(
        width=4, blocks=1, discriminator_width=4, precision="fp32", identity_weight=0.0
    )
    source, target = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32)
    with_identity = CycleGAN(config, torch.Generator().manual_seed(0)).step(source, target)
    without = CycleGAN(off, torch.Generator().manual_seed(0)).step(source, target)
    assert without.keys() == with_identity.keys() - {"identity"}
    for name in ("adversarial", "cycle"):
        torch.testing.assert_close(without[name], with_identity[name])


def test_six_blocks_below_256_pixels_and_nine_from_there():
    assert CycleGANConfig().at_size(128).blocks == 6
    assert CycleGANConfig().at_size(256).blocks == 9
    assert CycleGANConfig(blocks=3).at_size(256).blocks == 3


def test_batches_learn_as_the_mean_of_their_images():
    config = CycleGANConfig(width=4, blocks=1, discriminator_width=4, precision="fp32", replay=0)
    source, target = torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32)
    both = CycleGAN(config, torch.Generator().manual_seed(0)).step(source, target)
    alone = [
        CycleGAN(config, torch.Generator().manual_seed(0)).step(
            source[i : i + 1], target[i : i + 1]
        )
        for i in range(2)
    ]
    for name in ("adversarial", "cycle", "identity"):
        torch.testing.assert_close(both[name], (alone[0][name] + alone[1][name]) / 2)


def test_images_too_small_for_the_discriminator_are_refused():
    with pytest.raises(
        PlanError, match="at least 24 pixels high and wide .* of 3 and coarse 1; 16 came"
    ):
        CycleGANConfig().at_size(16)


def test_with_matched_colours_an_unlearnt_generator_shows_the_others_colours():
    config = CycleGANConfig(
        width=4, blocks=1, discriminator_width=4, skip=True, match_colours=True, precision="fp32",
        weight_deviation=0.0, learning_rate=0.0,
    )  # fmt: skip
    gan = CycleGAN(config, torch.Generator().manual_seed(0))
    day, night = torch.rand(1, 3, 32, 32) * 0.5, torch.rand(1, 3, 32, 32) * 0.2 - 0.8
    gan.step(day, night)
    shown = gan.translate(day, context_for(0, ["a"]))
    torch.testing.assert_close(shown.mean((0, 2, 3)), night.mean((0, 2, 3)), atol=0.01, rtol=0)
    back = gan.translate(shown, context_for(0, ["a"]), reverse=True)
    torch.testing.assert_close(back, day, atol=1e-3, rtol=0)


def test_matching_colours_without_skip_is_refused():
    with pytest.raises(PlanError, match="match_colours needs skip: true"):
        CycleGANConfig(match_colours=True).at_size(256)


SMALL: dict[str, Any] = {
    "width": 4,
    "blocks": 1,
    "discriminator_width": 4,
    "discriminator_depth": 1,
}


def test_coarse_learns_from_smaller_images_and_translates_those_that_come():
    config = CycleGANConfig(**SMALL, skip=True, coarse=2, precision="fp32")
    plain = CycleGANConfig(**SMALL, skip=True, precision="fp32")
    source, target = torch.rand(1, 3, 48, 64), torch.rand(1, 3, 48, 64)
    coarse = CycleGAN(config, torch.Generator().manual_seed(0))
    small = CycleGAN(plain, torch.Generator().manual_seed(0))
    for _ in range(2):
        wanted = small.step(*(F.avg_pool2d(images, 2) for images in (source, target)))
        assert coarse.step(source, target) == wanted
    assert coarse.translate(source[..., :47], context_for(0, ["a"])).shape == (1, 3, 48, 47)


def test_the_average_of_the_generators_translates_and_outlives_a_restart():
    config = CycleGANConfig(**SMALL, average=0.9, precision="fp32")
    source, target = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32)
    gan = CycleGAN(config, torch.Generator().manual_seed(0))
    (first, *_) = (p.detach().clone() for p in gan.generator_target.parameters())
    wanted = first
    for step in range(1, 4):
        gan.step(source, target)
        (taught, *_) = gan.generator_target.parameters()
        wanted = wanted + (taught.detach() - wanted) * (1 - min(0.9, step / (step + 9)))
    (painter, *_) = gan.painter_target.parameters()
    torch.testing.assert_close(painter, wanted)
    torch.testing.assert_close(
        gan.translate(source, context_for(0, ["a"])), gan.painter_target(source)
    )

    again = CycleGAN(config, torch.Generator().manual_seed(1))
    again.load_state(gan.state())
    translator = CycleGAN(config, torch.Generator().manual_seed(2))
    translator.load_state(
        {name: value for name, value in gan.state().items() if name.startswith("model.")}
    )
    shown = gan.translate(source, context_for(0, ["a"]))
    torch.testing.assert_close(translator.translate(source, context_for(0, ["a"])), shown)
    for learner in (gan, again):
        learner.step(source, target)
    for name, value in gan.state().items():
        torch.testing.assert_close(again.state()[name], value)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"coarse": 2}, "coarse must be 1, or more with skip: true, .*; 2 came"),
        ({"coarse": 0, "skip": True}, "coarse must be 1, or more .*; 0 came"),
        ({"average": 1.0}, "average must be from 0 to below 1; 1.0 came"),
        ({"coarse": 16, "skip": True}, "at least 384 pixels high and wide .* coarse 16; 256 came"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(wrong: dict[str, Any], message: str):
    with pytest.raises(PlanError, match=message):
        CycleGANConfig(**wrong).at_size(256)


COMPILED = """
import torch
from otherlight.translators.cyclegan import CycleGAN, CycleGANConfig
small = {"width": 4, "blocks": 1, "discriminator_width": 4, "discriminator_depth": 1}
source, target = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32)
plain, fused = (
    CycleGAN(
        CycleGANConfig(**small, precision="fp32", compile=wanted), torch.Generator().manual_seed(0)
    )
    for wanted in (False, True)
)
for _ in range(2):
    wanted, came = plain.step(source, target), fused.step(source, target)
    for name, loss in wanted.items():
        torch.testing.assert_close(came[name], loss, rtol=1e-4, atol=1e-5)
assert plain.state().keys() == fused.state().keys()
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="no compiler here")
def test_compiled_it_learns_what_it_learns_plain():
    # In a process of its own: the compiler cannot see through the checks of shapes.
    source = Path(__file__).parents[2] / "src"
    env = {**os.environ, "PYTHONPATH": str(source)}
    done = subprocess.run([sys.executable, "-c", COMPILED], env=env, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_without_a_compiler_compiling_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(PlanError, match="needs a C\\+\\+ compiler.*there is no 'no-such-compiler'"):
        CycleGAN(CycleGANConfig(width=4, blocks=1, compile=True), torch.Generator())
