"""Generators that keep edges: the step equals a plain one, and each option does what it says."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from otherlight.config import build, plain
from otherlight.errors import CheckpointError, PlanError
from otherlight.losses.adversarial import Objective, discriminator_loss, generator_loss
from otherlight.losses.edges import edge_consistency, edge_distillation
from otherlight.nets.edges import HED, edge_network
from otherlight.training.seeding import torch_generator
from otherlight.translators import TRANSLATORS
from otherlight.translators.edge_config import EdgeGANConfig, StudentConfig, student_adam
from otherlight.translators.edge_gan import EdgeGAN
from otherlight.translators.protocols import context_for

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parent))
from plain_hedngan import PlainHED, PlainHEDNGAN

SMALL: dict[str, Any] = {
    "width": 8, "blocks": 2, "discriminator_width": 8, "precision": "fp32",
}  # fmt: skip


def config(name: str = "hedgan", **options: Any) -> EdgeGANConfig:
    return build(TRANSLATORS[name].config, SMALL | options, name)


def made(name: str = "hedgan", **options: Any) -> EdgeGAN:
    return EdgeGAN(config(name, **options), torch_generator(0))


def batch(seed: int = 0, count: int = 1) -> tuple[Tensor, Tensor]:
    chance = torch_generator(seed)
    day, night = (torch.rand(count, 3, 40, 48, generator=chance) * 2 - 1 for _ in range(2))
    return day, night * 0.4 - 0.5


def weights_of(net: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def test_a_step_of_hedngan_equals_the_plain_one():
    # At a higher rate the signs that L1 passes on make one of rounding into another network.
    rate = 1e-4
    ours = made("hedngan", student_rate=rate)
    ours.step(*batch())  # which reads the edge network's weights
    assert ours.student is not None
    plain_form = PlainHEDNGAN(8, 2, 8)
    plain_form.start_from(ours.generators["target"], ours.discriminators["target"], ours.teacher)
    plain_form.learn_at(2e-4, rate)
    ours.student.load_state_dict(ours.teacher.state_dict())
    for optimiser in ours.optimisers:
        optimiser.state.clear()
    nets = (
        (ours.generators["target"], plain_form.generator),
        (ours.discriminators["target"], plain_form.discriminator),
        (ours.student, plain_form.student),
    )
    before = [weights_of(here) for here, _ in nets]
    for turn in range(3):
        fast, slow = ours.step(*batch(turn)), plain_form.step(*batch(turn))
        assert fast.keys() == slow.keys()
        for name, loss in slow.items():
            torch.testing.assert_close(fast[name], loss, rtol=2e-4, atol=2e-5)
    for (here, there), start in zip(nets, before, strict=True):
        moved = (weights_of(here) - start).abs().mean()
        assert moved > rate / 2
        assert (weights_of(here) - weights_of(there)).abs().mean() < 0.02 * moved
    torch.testing.assert_close(weights_of(ours.teacher), weights_of(plain_form.teacher))


def test_our_hed_equals_the_plain_one():
    ours = made()
    ours.step(*batch())
    plain_form = PlainHED(8)
    with torch.no_grad():
        for mine, theirs in zip(plain_form.parameters(), ours.teacher.parameters(), strict=True):
            mine.copy_(theirs)
    image = batch(1, 2)[0]
    torch.testing.assert_close(ours.teacher(image), plain_form(image), rtol=1e-3, atol=1e-3)


def test_the_frozen_network_looks_at_both_and_never_learns():
    gan = made("hedgan")
    day, night = batch()
    losses = gan.step(day, night)
    before = weights_of(gan.teacher)
    with torch.no_grad():
        fake = gan.generators["target"](day)
    wanted = edge_consistency(gan.teacher(fake), gan.teacher(day))
    assert float(gan.step(day, night)["edges"]) == pytest.approx(float(wanted), rel=1e-3)
    assert losses.keys() == {"adversarial", "edges", "discriminator"}
    assert torch.equal(weights_of(gan.teacher), before)
    assert len(gan.optimisers) == 2


def test_edges_alone_make_an_image_keep_its_edges():
    """With nothing else to learn, the translated image's edges come nearer to the source's."""
    gan = made("hedgan", edge_weight=100.0, learning_rate=1e-3)
    day, night = batch()
    losses = [float(gan.step(day, night)["edges"]) for _ in range(25)]
    assert losses[-1] < 0.8 * losses[0]


def test_a_student_learns_to_see_the_edges_in_translated_images():
    gan = made("hedngan", student_rate=1e-3, learning_rate=0.0)
    day, night = batch()
    losses = [float(gan.step(day, night)["student"]) for _ in range(25)]
    assert losses[-1] < 0.8 * losses[0]


def test_with_a_cycle_there_is_a_way_back_and_edges_are_kept_on_it():
    gan = made("hedngan", cycle_weight=10.0, learning_rate=0.0, student_rate=0.0)
    assert gan.reversible
    assert not made("hedngan").reversible
    day, night = batch()
    losses = gan.step(day, night)
    assert gan.student is not None
    fake_night, fake_day = gan.generators["target"](day), gan.generators["source"](night)
    wanted = {
        "edges": edge_consistency(gan.student(fake_night), gan.teacher(day))
        + edge_consistency(gan.teacher(fake_day), gan.student(night)),
        "cycle": F.l1_loss(gan.generators["source"](fake_night), day)
        + F.l1_loss(gan.generators["target"](fake_day), night),
        "student": edge_distillation(gan.student(day), gan.teacher(day))
        + edge_distillation(gan.student(fake_night), gan.teacher(day)),
    }
    for name, loss in wanted.items():
        torch.testing.assert_close(losses[name], loss.detach(), rtol=1e-4, atol=1e-5)
    context = context_for(0, ["a"])
    back = gan.translate(gan.translate(day, context), context, reverse=True)
    torch.testing.assert_close(losses["cycle"], wanted["cycle"].detach())
    assert back.shape == day.shape


def test_batch_norm_learns_from_batches_and_translates_each_image_alone():
    gan = made("hedgan", norm="batch", first_weights="kaiming", weight_deviation=0.2)
    day, night = batch(0, 3)
    gan.step(day, night)
    assert gan.generators["target"].training
    context = context_for(0, ["a", "b", "c"])
    together = gan.translate(day, context)
    alone = [gan.translate(image, context_for(0, ["a"])) for image in day.split(1)]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-4)
    means = {k: v.clone() for k, v in gan.state().items() if k.endswith("running_mean")}
    assert means
    gan.step(day, night)
    assert any(not torch.equal(gan.state()[k], v) for k, v in means.items())


@pytest.mark.parametrize("options", [{"edges": "operator"}, {"edge_distance": "bce"}])
def test_other_ways_to_look_at_edges(options: dict[str, Any]):
    losses = made("rcfgan", **options).step(*batch())
    assert float(losses["edges"]) > 0


@pytest.mark.parametrize("objective", ["vanilla", "wgan_gp"])
def test_generator_and_critic_are_told_the_same_objective(objective: Objective):
    gan = made("hedgan", objective=objective, penalty_weight=0.0)
    day, night = batch()
    gan.step(day, night)
    for optimiser in gan.optimisers:
        optimiser.param_groups[0]["lr"] = 0.0
    losses = gan.step(day, night)
    judge, fake = gan.discriminators["target"], gan.generators["target"](day)
    wanted = {
        "adversarial": generator_loss(judge(fake), objective),
        "discriminator": discriminator_loss(judge(night), judge(fake), objective),
    }
    for name, loss in wanted.items():
        torch.testing.assert_close(losses[name], loss.detach(), rtol=1e-4, atol=1e-5)


def test_skip_colours_coarse_and_average_work_as_elsewhere():
    gan = made(
        "hedngan", skip=True, match_colours=True, coarse=2, average=0.9, discriminator_depth=1
    )
    for turn in range(2):
        gan.step(*batch(turn))
    shown = gan.translate(batch()[0], context_for(0, ["a"]))
    assert shown.shape == batch()[0].shape
    assert gan.painters["target"] is not gan.generators["target"]
    assert float(shown.mean()) < float(batch()[0].mean()) - 0.2


def test_what_was_settled_is_kept_and_a_trained_model_needs_no_edge_network(tmp_path: Path):
    gan = made("hedngan")
    settled = gan.config
    assert settled.edges_width == 8
    assert settled.edges_span == 255
    assert len(settled.edges_sha256) == 64
    gan.step(*batch())
    file = tmp_path / "gone.pth"
    options = plain(settled) | {"edges": str(file)}
    again = EdgeGAN(build(TRANSLATORS["hedngan"].config, options, "hedngan"), torch_generator(1))
    again.load_state({k: v for k, v in gan.state().items() if k.startswith("model.")})
    context = context_for(0, ["a"])
    day, night = batch()
    assert torch.equal(again.translate(day, context), gan.translate(day, context))
    with pytest.raises(CheckpointError, match="built-in, operator or a file of weights"):
        again.step(day, night)


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("hedngan", {"edges": "operator"}, PlanError, "A student needs a network to learn with"),
        ("hedgan", {"edges": "nowhere.pth"}, CheckpointError, "'nowhere.pth' is none"),
        ("hedgan", {"edges_sha256": "abc"}, CheckpointError, "abc came, the file's is"),
        ("hedgan", {"coarse": 16, "skip": True, "discriminator_depth": 1, "size": 192},
         PlanError, "An edge network needs images of 16 pixels each way"),
        ("hedgan", {"first_weights": "kaiming", "discriminator_norm": "spectral"},
         PlanError, "kaiming goes with discriminator_norm: instance"),
        ("hedgan", {"norm": "batch", "objective": "wgan_gp"},
         PlanError, "wgan_gp judges each image alone"),
        ("hedgan", {"edges_span": 2}, PlanError, "edges_span"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(
    name: str, options: dict[str, Any], error: type[Exception], message: str
):
    size = options.pop("size", 256)
    with pytest.raises(error, match=message):
        config(name, **options).at_size(size)


def rates(gan_config: EdgeGANConfig, net: nn.Module) -> dict[float, int]:
    assert isinstance(gan_config, StudentConfig)
    optimiser = student_adam(gan_config, net)
    return {g["lr"]: sum(p.numel() for p in g["params"]) for g in optimiser.param_groups}


def test_published_hed_learns_layer_by_layer_and_what_is_small_alike():
    published = config("hedngan", edges_width=64, edges_sha256="0" * 64, edges_span=255)
    with torch.device("meta"):
        net = edge_network("hed", 64)
    assert isinstance(net, HED)
    by_rate = rates(published, net)
    assert sorted(by_rate) == pytest.approx([1e-9, 2e-9, 1e-8, 2e-8, 1e-6, 2e-6, 1e-4, 2e-4])
    small = config("hedngan").at_size(256)
    assert set(rates(small, edge_network("hed", 8))) == {1e-4}
    rcf = config("rcfngan", edges_width=64, edges_sha256="0" * 64, edges_span=255)
    with torch.device("meta"):
        assert set(rates(rcf, edge_network("rcf", 64))) == {1e-6}


def test_biases_do_not_decay():
    chosen = config("hedngan", student_decay=0.5).at_size(256)
    assert isinstance(chosen, StudentConfig)
    net = edge_network("hed", 8)
    optimiser = student_adam(chosen, net)
    decays = {id(p): g["weight_decay"] for g in optimiser.param_groups for p in g["params"]}
    for name, parameter in net.named_parameters():
        assert decays[id(parameter)] == (0.0 if name.endswith("bias") else 0.5)
