"""CycleGAN (Zhu et al. 2017, https://arxiv.org/abs/1703.10593)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from otherlight.errors import PlanError
from otherlight.images.tensors import Images
from otherlight.losses.adversarial import discriminator_loss, generator_loss
from otherlight.nets.colours import Colours, ColourTransfer
from otherlight.nets.initialise import normal_weights
from otherlight.nets.patchgan import Norm, PatchGAN, bound_layers
from otherlight.nets.resnet_generator import ResNetGenerator, Upsampling, blocks_for, shrunk
from otherlight.training.average import averaged, follow
from otherlight.training.checkpoint import (
    load_module,
    load_optimiser,
    module_state,
    optimiser_state,
)
from otherlight.training.devices import Precision, channels_last, compiled, resolve_precision
from otherlight.training.passes import frozen, in_one_pass
from otherlight.training.seeding import seeded
from otherlight.translators.protocols import Context
from otherlight.translators.replay_buffer import ReplayBuffer


@dataclass(frozen=True, kw_only=True)
class CycleGANConfig:
    """What can be chosen about CycleGAN; the defaults are the paper's."""

    cycle_weight: float = 10.0
    identity_weight: float = 0.5
    """In shares of the cycle weight; keeps the colours of images that already are in the target's
    light. 0 turns it off, and saves its passes."""
    replay: int = 50
    """Generated images remembered for each discriminator; 0 remembers none."""
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    width: int = 64
    """Channels of a generator's first layer."""
    blocks: int | Literal["auto"] = "auto"
    """Residual blocks; auto takes 6 for training images below 256 pixels and 9 from there."""
    upsampling: Upsampling = "transposed"
    skip: bool = False
    """Generators paint the change of an image instead of the image; learns much sooner where
    source and target share their shapes. Not in the paper."""
    match_colours: bool = False
    """With skip, what is changed already has the other domain's mean and deviation in each channel
    (over all its training images seen so far), each image by itself: a dull and a bright day come
    to the same night. Not in the paper."""
    coarse: int = 1
    """With skip, every network sees images this many times smaller; translating enlarges the change
    and keeps the image's own detail. A quarter of the work at 2. Not in the paper."""
    average: float = 0.0
    """What a step keeps of the running average of the generators, which then translates in their
    place; about 0.99. 0, as in the paper, translates with the last weights."""
    discriminator_width: int = 64
    discriminator_depth: int = 3
    """3 judges patches of 70 x 70 pixels, 2 of 34 x 34, 1 of 16 x 16."""
    discriminator_norm: Norm = "instance"
    """spectral lets it see how bright an image is; the paper's instance hardly does."""
    weight_deviation: float = 0.02
    precision: Precision = "auto"
    compile: bool = False
    """Costs a minute or more at the start of every run; see benchmarks/cyclegan_step.md for what
    each step gains."""

    def at_size(self, size: int) -> "CycleGANConfig":
        """Settle what depends on the shorter side of the training images."""
        if self.match_colours and not self.skip:
            raise PlanError("match_colours needs skip: true, since it moves what skip passes on.")
        if self.coarse < 1 or (self.coarse > 1 and not self.skip):
            raise PlanError(
                f"coarse must be 1, or more with skip: true, since only skip keeps an image's "
                f"detail; {self.coarse} came."
            )
        if not 0 <= self.average < 1:
            raise PlanError(f"average must be from 0 to below 1; {self.average} came.")
        least = 3 * 2**self.discriminator_depth * self.coarse
        if size < least:
            raise PlanError(
                f"Training images must be at least {least} pixels high and wide for a "
                f"discriminator_depth of {self.discriminator_depth} and coarse {self.coarse}; "
                f"{size} came. Enlarge them, or lower the depth or coarse."
            )
        blocks = blocks_for(size // self.coarse) if self.blocks == "auto" else self.blocks
        return replace(self, blocks=blocks)


class CycleGAN:
    """Two generators that undo each other, two discriminators that judge them.

    A network is named after the domain it makes or judges. (In the authors' code the
    discriminator of domain B is ``netD_A``; here it is ``discriminator_target``.)
    """

    reversible = True

    def __init__(self, config: CycleGANConfig, generator: Generator) -> None:
        self.config = config.at_size(256)
        self.generator_target = _generator(self.config, generator)
        self.generator_source = _generator(self.config, generator)
        self.discriminator_target = _discriminator(self.config, generator)
        self.discriminator_source = _discriminator(self.config, generator)
        self.replay_target = ReplayBuffer(config.replay, _branch(generator))
        self.replay_source = ReplayBuffer(config.replay, _branch(generator))
        self.optimisers = (
            _adam(config, self.generator_target, self.generator_source),
            _adam(config, self.discriminator_target, self.discriminator_source),
        )
        self.colours_target, self.colours_source = Colours(), Colours()
        # What translates: the generators' running averages, or the generators themselves.
        self.painter_target, self.painter_source = (
            averaged(net) if config.average else net
            for net in (self.generator_target, self.generator_source)
        )
        # What a step calls: images of one size. Translating meets any size, and stays as it is.
        self.show_target, self.show_source, self.judge_target, self.judge_source = (
            compiled(net, torch.get_default_device()) if config.compile else net
            for net in (*self._taught().values(), *self._discriminators().values())
        )

    def step(self, source: Images, target: Images) -> dict[str, Tensor]:
        """Learn from one unpaired batch: generators first, then discriminators."""
        learn_generators, learn_discriminators = self.optimisers
        if self.config.coarse > 1:
            source, target = (shrunk(images, self.config.coarse) for images in (source, target))
        if self.config.match_colours:
            self._match_colours(source, target)
        identity = self.config.identity_weight > 0
        kept = slice(None if identity else 0)
        fake_target, same_target = in_one_pass(self.show_target, source, target[kept])
        fake_source, same_source = in_one_pass(self.show_source, target, source[kept])
        # The generators need gradients through the discriminators, not of their weights.
        with frozen(self.discriminator_target, self.discriminator_source):
            losses = {
                "adversarial": generator_loss(self.judge_target(fake_target))
                + generator_loss(self.judge_source(fake_source)),
                "cycle": F.l1_loss(self.show_source(fake_target), source)
                + F.l1_loss(self.show_target(fake_source), target),
            }
        if identity:
            losses["identity"] = F.l1_loss(same_target, target) + F.l1_loss(same_source, source)
        _descend(learn_generators, self._weighted(losses))
        self._follow_generators()

        past_target, past_source = (
            self.replay_target.swap(fake_target),
            self.replay_source.swap(fake_source),
        )
        losses["discriminator"] = discriminator_loss(
            *in_one_pass(self.judge_target, target, past_target)
        ) + discriminator_loss(*in_one_pass(self.judge_source, source, past_source))
        _descend(learn_discriminators, losses["discriminator"])
        return {name: loss.detach() for name, loss in losses.items()}

    @torch.inference_mode()
    def translate(self, images: Images, context: Context, *, reverse: bool = False) -> Images:
        """Show images in the target's light, or the target's in the source's."""
        del context
        painter = self.painter_source if reverse else self.painter_target
        return painter(images, self.config.coarse)

    def state(self) -> dict[str, Tensor]:
        """Hand out all that a resumed run needs; ``model.`` is what translating needs."""
        model = {f"model.{name}": net for name, net in self._painters().items()}
        training = {f"training.{name}": net for name, net in self._learning().items()}
        nets = (module_state(name, net) for name, net in (model | training).items())
        optimisers = (
            optimiser_state(f"training.optimiser_{place}", optimiser)
            for place, optimiser in enumerate(self.optimisers)
        )
        buffers = (buffer.state(f"training.{name}") for name, buffer in self._buffers().items())
        return dict(chain.from_iterable(part.items() for part in chain(nets, optimisers, buffers)))

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Load what `state` handed out, or its ``model.`` part alone."""
        for name, net in self._painters().items():
            load_module(f"model.{name}", net, state)
        if not any(name.startswith("training.") for name in state):
            return
        for name, net in self._learning().items():
            load_module(f"training.{name}", net, state)
        for place, optimiser in enumerate(self.optimisers):
            load_optimiser(f"training.optimiser_{place}", optimiser, state)
        for name, buffer in self._buffers().items():
            buffer.load_state(f"training.{name}", state)

    def _match_colours(self, source: Images, target: Images) -> None:
        self.colours_source.see(source)
        self.colours_target.see(target)
        for net, colours in (
            (self.generator_target, self.colours_target),
            (self.generator_source, self.colours_source),
        ):
            assert isinstance(net.start, ColourTransfer)
            net.start.lead(colours)

    def _follow_generators(self) -> None:
        if not self.config.average:
            return
        (counted, *_) = self.optimisers[0].state.values()
        painters, taught = self._painters().values(), self._taught().values()
        for painter, net in zip(painters, taught, strict=True):
            follow(painter, net, int(counted["step"]), self.config.average)

    def _weighted(self, losses: Mapping[str, Tensor]) -> Tensor:
        cycle = self.config.cycle_weight
        weights = {"adversarial": 1.0, "cycle": cycle}
        weights["identity"] = self.config.identity_weight * cycle
        return torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()

    def _painters(self) -> dict[str, nn.Module]:
        return {
            "generator_target": self.painter_target,
            "generator_source": self.painter_source,
        }

    def _taught(self) -> dict[str, nn.Module]:
        return {
            "generator_target": self.generator_target,
            "generator_source": self.generator_source,
        }

    def _discriminators(self) -> dict[str, nn.Module]:
        return {
            "discriminator_target": self.discriminator_target,
            "discriminator_source": self.discriminator_source,
        }

    def _learning(self) -> dict[str, nn.Module]:
        colours = {"colours_target": self.colours_target, "colours_source": self.colours_source}
        return (
            self._discriminators()
            | (colours if self.config.match_colours else {})
            | (self._taught() if self.config.average else {})
        )

    def _buffers(self) -> dict[str, ReplayBuffer]:
        return {"replay_target": self.replay_target, "replay_source": self.replay_source}


def _generator(config: CycleGANConfig, chance: Generator) -> ResNetGenerator:
    assert config.blocks != "auto"
    start = ColourTransfer() if config.match_colours else nn.Identity() if config.skip else None
    net = ResNetGenerator(config.width, config.blocks, config.upsampling, start, _precision(config))
    normal_weights(net, chance, config.weight_deviation)
    channels_last(net)
    return net


def _discriminator(config: CycleGANConfig, chance: Generator) -> nn.Module:
    width, depth, norm = (
        config.discriminator_width,
        config.discriminator_depth,
        config.discriminator_norm,
    )
    net = PatchGAN(width, depth, norm, _precision(config))
    normal_weights(net, chance, config.weight_deviation)
    if norm == "spectral":
        with seeded(0, "singular vectors"):
            bound_layers(net)
    return channels_last(net)


def _precision(config: CycleGANConfig) -> torch.dtype:
    resolved = resolve_precision(config.precision, torch.get_default_device())
    return torch.bfloat16 if resolved == "bf16" else torch.float32


def _branch(generator: Generator) -> Generator:
    seed = int(torch.randint(2**62, (), generator=generator, device="cpu"))
    return Generator().manual_seed(seed)


def _adam(config: CycleGANConfig, *nets: nn.Module) -> Adam:
    parameters = chain(*(net.parameters() for net in nets))
    return Adam(parameters, config.learning_rate, config.betas, fused=True)


def _descend(optimiser: Adam, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
