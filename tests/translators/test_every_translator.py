"""What must hold of every translator in the table, present and future."""

from typing import Any

import pytest
import torch

from otherlight.training.seeding import torch_generator
from otherlight.translators import (
    TRANSLATORS,
    Learned,
    Referenced,
    Translator,
    context_for,
    method_of,
)
from otherlight.translators.protocols import SizedConfig

GAN: dict[str, Any] = {"width": 4, "blocks": 1, "discriminator_width": 4}
SMALL: dict[str, dict[str, Any]] = {
    "cut": {**GAN, "nce_layers": (0, 4, 12), "patches": 9},
    "cyclegan": {**GAN, "replay": 2},
    "fastcut": {**GAN, "nce_layers": (0, 8), "patches": 9},
    "hedgan": GAN,
    "hedngan": {**GAN, "norm": "batch"},
    "adain": {"backbone": "squeezenet", "weights": "random", "styles": 3},
    "wct2": {"backbone": "vgg16", "weights": "random", "styles": 2},
    "nst": {"backbone": "squeezenet", "weights": "random", "evaluations": 3},
    "pix2pix": {**GAN, "depth": 3},
    "rcfgan": {**GAN, "cycle_weight": 10.0, "replay": 2},
    "rcfngan": {**GAN, "average": 0.9},
}
NAMES = sorted(TRANSLATORS)
LEARNED = [name for name in NAMES if hasattr(TRANSLATORS[name].build, "step")]


def made(name: str) -> Translator:
    method = TRANSLATORS[name]
    translator = method.build(method.config(**SMALL.get(name, {})), torch_generator(0, "weights"))
    if isinstance(translator, Referenced):
        translator.fit([noise(9, 2, 20, 30) * 0.4 - 0.5])
    return translator


def noise(seed: int, *shape: int) -> torch.Tensor:
    batch, height, width = shape
    return torch.rand(batch, 3, height, width, generator=torch_generator(seed)) * 2 - 1


def learn(translator: Learned, steps: range) -> list[float]:
    losses = [
        translator.step(noise(2 * step, 1, 32, 40), noise(2 * step + 1, 1, 32, 40))
        for step in steps
    ]
    return [float(value) for step in losses for value in step.values()]


@pytest.mark.parametrize("name", NAMES)
def test_chance_is_drawn_on_the_cpu_wherever_it_is_built(name: str):
    method = TRANSLATORS[name]
    config = method.config(**SMALL.get(name, {}))
    settled = config.at_size(64) if isinstance(config, SizedConfig) else config
    with torch.device("meta"):
        method.build(settled, torch_generator(0, "weights"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(64, 48), (37, 51), (9, 130)])
def test_keeps_the_shape_at_any_size_so_labels_stay_true(name: str, size: tuple[int, int]):
    images = noise(0, 2, *size)
    translator = made(name)
    for reverse in (False, True) if translator.reversible else (False,):
        shown = translator.translate(images, context_for(0, ["a", "b"]), reverse=reverse)
        assert shown.shape == images.shape
        assert shown.isfinite().all()
        assert shown.abs().max() <= 1.0


@pytest.mark.parametrize("name", NAMES)
def test_treats_each_image_as_if_it_were_alone(name: str):
    images, translator = noise(0, 3, 32, 40), made(name)
    together = translator.translate(images, context_for(0, ["a", "b", "c"]))
    alone = [
        translator.translate(image, context_for(0, [key]))
        for image, key in zip(images.split(1), "abc", strict=True)
    ]
    torch.testing.assert_close(together, torch.cat(alone), atol=0.02, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_leaves_the_images_that_it_was_given_alone(name: str):
    images = noise(0, 1, 32, 40)
    before = images.clone()
    made(name).translate(images, context_for(0, ["a"]))
    assert torch.equal(images, before)


@pytest.mark.parametrize("name", NAMES)
def test_what_translates_survives_save_and_load(name: str):
    translator, fresh = made(name), made(name)
    if isinstance(translator, Learned):
        learn(translator, range(2))
    state = {k: v.clone() for k, v in translator.state().items() if k.startswith("model.")}
    fresh.load_state(state)
    context = context_for(0, ["a"])
    shown, again = (t.translate(noise(5, 1, 24, 28), context) for t in (translator, fresh))
    assert torch.equal(shown, again)


@pytest.mark.parametrize("name", LEARNED)
def test_losses_are_finite_detached_scalars(name: str):
    translator = made(name)
    assert isinstance(translator, Learned)
    losses = translator.step(noise(0, 1, 33, 47), noise(1, 1, 33, 47))
    assert losses
    for loss in losses.values():
        assert loss.shape == ()
        assert loss.isfinite()
        assert not loss.requires_grad


@pytest.mark.parametrize("name", LEARNED)
def test_repeats_under_a_seed(name: str):
    first, again = made(name), made(name)
    assert isinstance(first, Learned)
    assert isinstance(again, Learned)
    assert learn(first, range(4)) == learn(again, range(4))


@pytest.mark.parametrize("name", LEARNED)
def test_resumed_it_learns_on_to_the_last_digit(name: str):
    whole, half, resumed = made(name), made(name), made(name)
    assert isinstance(whole, Learned)
    assert isinstance(half, Learned)
    assert isinstance(resumed, Learned)
    wanted = learn(whole, range(8))
    losses = learn(half, range(4))
    resumed.load_state({k: v.contiguous().clone() for k, v in half.state().items()})
    assert losses + learn(resumed, range(4, 8)) == wanted
    assert whole.state().keys() == resumed.state().keys()
    for key, value in whole.state().items():
        assert torch.equal(value, resumed.state()[key]), key


TWO = ("target", "source")
KEPT = {
    "cut": (("target",), ("chance", "head")),
    "pix2pix": (("target",), ("chance",)),
    "cyclegan": (TWO, ("replay_source", "replay_target")),
    "hedgan": (("target",), ("replay_target",)),
    "rcfngan": (("target",), ("replay_target", "student")),
}
"""The lights a method makes, and what else it needs to learn on."""


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize("averaged", [False, True])
def test_a_checkpoint_names_its_parts_as_older_runs_did(name: str, averaged: bool):
    more = {"average": 0.9, "skip": True, "match_colours": True} if averaged else {}
    more |= {"generator": "resnet"} if name == "pix2pix" else {}
    method = TRANSLATORS[name]
    options = SMALL[name] | {"average": 0.0} | more
    translator = method.build(method.config(**options), torch_generator(0, "weights"))
    assert isinstance(translator, Learned)
    learn(translator, range(1))
    lights, others = KEPT[name]
    seen = ("source", "target") if name in ("cyclegan", "hedgan", "rcfngan") else ("target",)
    wanted = {f"model.generator_{light}" for light in lights}
    wanted |= {f"training.discriminator_{light}" for light in lights}
    wanted |= {f"training.{part}" for part in others}
    wanted |= {f"training.optimiser_{place}" for place in range(3 if "student" in others else 2)}
    if averaged:
        wanted |= {f"training.generator_{light}" for light in lights}
        wanted |= {f"training.colours_{light}" for light in seen}
    assert {".".join(key.split(".")[:2]) for key in translator.state()} == wanted


def test_an_unknown_name_is_told_the_nearest():
    with pytest.raises(Exception, match=r"'cyclgan' is neither. Did you mean 'cyclegan'\?"):
        method_of("cyclgan")
