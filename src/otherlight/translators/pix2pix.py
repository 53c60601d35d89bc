"""pix2pix (Isola et al. 2017, https://arxiv.org/abs/1611.07004): learns from pairs.

The U-Net's noise is dropout, which stays when it translates; it is drawn for each image from the
image's own chance, so that the same image comes out the same. The ResNet generator, CycleGAN's, has
none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from otherlight.errors import PlanError
from otherlight.images.tensors import Images
from otherlight.losses.adversarial import Objective, generator_loss
from otherlight.nets.colours import Colours
from otherlight.nets.initialise import normal_weights
from otherlight.nets.resnet_generator import shrunk
from otherlight.nets.unet_generator import UNetGenerator
from otherlight.training.devices import channels_last
from otherlight.training.passes import frozen
from otherlight.translators.gan import (
    GANConfig,
    adam,
    as_called,
    branch,
    descend,
    discriminator_net,
    dtype_of,
    follow_generators,
    generator_net,
    judging_loss,
    lead_colours,
    painter_of,
    weighted_sum,
)
from otherlight.translators.parts import Parts, gan_parts
from otherlight.translators.protocols import Context

Config = TypeVar("Config", bound="Pix2PixConfig")

_DEEPEST = 8


@dataclass(frozen=True, kw_only=True)
class Pix2PixConfig(GANConfig):
    """What can be chosen about pix2pix; the defaults are the paper's."""

    objective: Objective = "vanilla"
    """lsgan, vanilla or wgan_gp, for discriminator and generator alike."""
    generator: Literal["unet", "resnet"] = "unet"
    """blocks, upsampling, skip, match_colours and coarse are resnet's alone."""
    depth: int | Literal["auto"] = "auto"
    """Of the U-Net: how often it halves; auto takes as many as the training images allow, at most
    the paper's 8, which take images of 256 pixels to one."""
    l1_weight: float = 100.0

    def at_size(self: Config, size: int) -> Config:
        """Settle what depends on the shorter side of the training images."""
        settled = super().at_size(size)
        if self.generator == "unet" and self.skip:
            raise PlanError("skip needs generator: resnet, since the U-Net paints whole images.")
        depth = min(_DEEPEST, size.bit_length() - 1) if self.depth == "auto" else self.depth
        if not 2 <= depth <= _DEEPEST:
            raise PlanError(f"depth must be from 2 to {_DEEPEST}, or auto; {depth} came.")
        return replace(settled, depth=depth)


class Pix2Pix:
    """One generator, and a discriminator that sees what an image was made from beside it."""

    reversible = False

    def __init__(self, config: Pix2PixConfig, generator: Generator) -> None:
        self.config = config = config.at_size(256)
        self.generator_target = _generator(config, generator)
        self.discriminator_target = discriminator_net(config, generator, channels=6)
        self.chance = branch(generator)
        self.optimisers = (
            adam(config, self.generator_target),
            adam(config, self.discriminator_target),
        )
        self.colours_target = Colours()
        self.painter_target = painter_of(config, self.generator_target)
        self.show_target = as_called(config, self.generator_target)
        self.judge_target = as_called(config, self.discriminator_target)

    def step(self, source: Images, target: Images) -> dict[str, Tensor]:
        """Learn from one batch of pairs: the discriminator first, as the authors do."""
        config, (learn_generator, learn_discriminator) = self.config, self.optimisers
        source, target = (shrunk(images, config.coarse) for images in (source, target))
        if config.match_colours:
            self.colours_target.see(target)
            lead_colours(self.generator_target, self.colours_target)
        fake = self.show_target(source, *self._noise(source, [self.chance] * len(source)))
        losses = {
            "discriminator": judging_loss(
                config,
                self.judge_target,
                torch.cat([source, target], dim=1),
                torch.cat([source, fake.detach()], dim=1),
                self.chance,
            )
        }
        descend(learn_discriminator, losses["discriminator"])

        # The generator needs gradients through the discriminator, not of its weights.
        with frozen(self.discriminator_target):
            judged = self.judge_target(torch.cat([source, fake], dim=1))
            losses["adversarial"] = generator_loss(judged, config.objective)
        losses["l1"] = F.l1_loss(fake, target)
        weights = {"adversarial": 1.0, "l1": config.l1_weight}
        descend(learn_generator, weighted_sum(losses, weights))
        follow_generators(config, [self.painter_target], [self.generator_target], learn_generator)
        return {name: loss.detach() for name, loss in losses.items()}

    @torch.inference_mode()
    def translate(self, images: Images, context: Context, *, reverse: bool = False) -> Images:
        """Show images in the target's light."""
        assert not reverse, "pix2pix goes one way"
        if self.config.generator == "resnet":
            return self.painter_target(images, self.config.coarse)
        # Copies, so that the same context gives the same images again.
        chance = [generator.clone_state() for generator in context.generators]
        return self.painter_target(images, *self._noise(images, chance))

    def state(self) -> dict[str, Tensor]:
        """Hand out all that a resumed run needs; ``model.`` is what translating needs."""
        return self._parts().state()

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Load what `state` handed out, or its ``model.`` part alone."""
        self._parts().load_state(state)

    def _noise(self, images: Images, chance: Sequence[Generator]) -> list[list[Tensor]]:
        net = self.generator_target
        return [net.noise(images, chance)] if isinstance(net, UNetGenerator) else []

    def _parts(self) -> Parts:
        return gan_parts(
            self.config,
            {"target": self.painter_target},
            {"target": self.generator_target},
            {"target": self.discriminator_target},
            {"target": self.colours_target},
            optimisers=self.optimisers,
            chance={"chance": self.chance},
        )


def _generator(config: Pix2PixConfig, chance: Generator) -> nn.Module:
    if config.generator == "resnet":
        return generator_net(config, chance)
    assert config.depth != "auto"
    net = UNetGenerator(config.width, config.depth, dtype_of(config))
    normal_weights(net, chance, config.weight_deviation)
    channels_last(net)
    return net
