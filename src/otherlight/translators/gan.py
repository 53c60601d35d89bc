"""What all methods with generators and discriminators share: settings, networks, descent.

Functions, no base class: a method's own file says what it does with them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal, TypeVar

import torch
from torch import Generator, Tensor, nn
from torch.optim import Adam

from otherlight.errors import PlanError
from otherlight.losses.adversarial import Judged, Objective, discriminator_loss, gradient_penalty
from otherlight.nets.colours import Colours, ColourTransfer
from otherlight.nets.initialise import normal_weights
from otherlight.nets.patchgan import Norm, PatchGAN, bound_layers
from otherlight.nets.resnet_generator import ResNetGenerator, Upsampling, blocks_for
from otherlight.training.average import averaged, follow
from otherlight.training.devices import Precision, channels_last, compiled, resolve_precision
from otherlight.training.passes import in_one_pass
from otherlight.training.seeding import seeded

Config = TypeVar("Config", bound="GANConfig")
Net = TypeVar("Net", bound=nn.Module)


@dataclass(frozen=True, kw_only=True)
class GANConfig:
    """What can be chosen about the networks and the descent of each of these methods.

    A method's config adds its own; the defaults are CycleGAN's.
    """

    objective: Objective = "lsgan"
    """lsgan, vanilla or wgan_gp, for discriminators and generators alike. Of wgan_gp's paper this
    takes the losses; its learning_rate is 1e-4, its betas 0 and 0.9, its critic steps five."""
    penalty_weight: float = 10.0
    """Of wgan_gp's gradient penalty."""
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

    def at_size(self: Config, size: int) -> Config:
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


def generator_net(config: GANConfig, chance: Generator) -> ResNetGenerator:
    """Build a generator and draw its first weights; the config must be settled by `at_size`."""
    assert config.blocks != "auto"
    start = ColourTransfer() if config.match_colours else nn.Identity() if config.skip else None
    net = ResNetGenerator(config.width, config.blocks, config.upsampling, start, dtype_of(config))
    normal_weights(net, chance, config.weight_deviation)
    channels_last(net)
    return net


def discriminator_net(config: GANConfig, chance: Generator, channels: int = 3) -> PatchGAN:
    """Build a discriminator of images of so many channels and draw its first weights."""
    width, depth, norm = (
        config.discriminator_width,
        config.discriminator_depth,
        config.discriminator_norm,
    )
    net = PatchGAN(width, depth, norm, dtype_of(config), channels)
    normal_weights(net, chance, config.weight_deviation)
    if norm == "spectral":
        with seeded(0, "singular vectors"):
            bound_layers(net)
    channels_last(net)
    return net


def dtype_of(config: GANConfig) -> torch.dtype:
    """Say in what networks compute; their weights stay in fp32."""
    resolved = resolve_precision(config.precision, torch.get_default_device())
    return torch.bfloat16 if resolved == "bf16" else torch.float32


def branch(chance: Generator) -> Generator:
    """Split off chance of its own, so that one part's draws do not move another's."""
    seed = int(torch.randint(2**62, (), generator=chance, device="cpu"))
    return Generator().manual_seed(seed)


def adam(config: GANConfig, *nets: nn.Module) -> Adam:
    """Make one optimiser for all weights of some networks."""
    parameters = chain(*(net.parameters() for net in nets))
    return Adam(parameters, config.learning_rate, config.betas, fused=True)


def descend(optimiser: Adam, loss: Tensor) -> None:
    """Take one step against the gradient of a loss."""
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def judging_loss(
    config: GANConfig, judge: nn.Module, real: Judged, fake: Judged, chance: Generator
) -> Tensor:
    """Give the loss of a discriminator, seen in one pass, with the penalty where there is one.

    ``judge`` is the discriminator `as_called`; ``chance`` is drawn from for wgan_gp alone.
    """
    loss = discriminator_loss(*in_one_pass(judge, real, fake), config.objective)
    if config.objective != "wgan_gp":
        return loss
    # What torch.compile made has no second derivative.
    plain = getattr(judge, "_orig_mod", judge)
    share = torch.rand(len(real), generator=chance, device="cpu").to(real.device)
    return loss + config.penalty_weight * gradient_penalty(plain, real, fake, share)


def as_called(config: GANConfig, net: nn.Module) -> nn.Module:
    """Give the form of a network that a step calls: images of one size, so compiled if asked.

    Translating meets any size, and calls the network itself, whose weights these are.
    """
    return compiled(net, torch.get_default_device()) if config.compile else net


def painter_of(config: GANConfig, net: Net) -> Net:
    """Give what translates for a generator: its running average, or the generator itself."""
    return averaged(net) if config.average else net  # pyright: ignore[reportReturnType]


def follow_generators(
    config: GANConfig, painters: Iterable[nn.Module], nets: Iterable[nn.Module], optimiser: Adam
) -> None:
    """Move the running averages, if there are any, after a step of the generators' optimiser."""
    if not config.average:
        return
    (counted, *_) = optimiser.state.values()
    for painter, net in zip(painters, nets, strict=True):
        follow(painter, net, int(counted["step"]), config.average)


def lead_colours(net: nn.Module, domain: Colours) -> None:
    """Let a generator built with ``match_colours`` start from the colours of a domain."""
    assert isinstance(net, ResNetGenerator)
    assert isinstance(net.start, ColourTransfer)
    net.start.lead(domain)


def weighted_sum(losses: dict[str, Tensor], weights: dict[str, float]) -> Tensor:
    """Add up the losses that have a weight by their name, each times it."""
    return torch.stack([weights[name] * losses[name] for name in losses if name in weights]).sum()
