"""CUT and FastCUT (Park et al. 2020, https://arxiv.org/abs/2007.15651).

Where we differ: the generator halves and doubles as CycleGAN's does, without the blur of the
authors' code; first weights are CycleGAN's, not Xavier's; and the two NCE losses are added as in
the paper, where the authors' code takes their mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from otherlight.errors import PlanError
from otherlight.images.tensors import Images
from otherlight.losses.adversarial import generator_loss
from otherlight.losses.patch_nce import patch_nce
from otherlight.nets.colours import Colours
from otherlight.nets.initialise import normal_weights
from otherlight.nets.projection_head import ProjectionHead
from otherlight.nets.resnet_generator import shrunk
from otherlight.nets.taps import Encoder, Features, Tapped, channels_of, numbers
from otherlight.training.passes import frozen
from otherlight.translators.gan import (
    GANConfig,
    adam,
    as_called,
    branch,
    descend,
    discriminator_net,
    follow_generators,
    generator_net,
    judging_loss,
    lead_colours,
    painter_of,
    weighted_sum,
)
from otherlight.translators.parts import Parts, gan_parts
from otherlight.translators.protocols import Context

Config = TypeVar("Config", bound="CUTConfig")


@dataclass(frozen=True, kw_only=True)
class CUTConfig(GANConfig):
    """What can be chosen about CUT; the defaults are the paper's."""

    nce_weight: float = 1.0
    """Of patch NCE between an image of the source and its translation."""
    identity_weight: float = 1.0
    """Of patch NCE between an image of the target and what the generator makes of it; 0 turns it
    off, and saves its passes."""
    flip_equivariance: bool = False
    """Every second batch, by chance, is translated mirrored and compared mirrored back."""
    nce_layers: tuple[int, ...] = (0, 4, 8, 12, 16)
    """Numbered as in the paper: 0 is the image, 4 and 8 the halving convolutions, 12 the first
    residual block, 13 the second, and so on."""
    patches: int = 256
    """Places compared in each layer; all of them where a layer has fewer."""
    temperature: float = 0.07
    head_width: int = 256

    def at_size(self: Config, size: int) -> Config:
        """Settle what depends on the shorter side of the training images."""
        settled = super().at_size(size)
        assert settled.blocks != "auto"
        known = numbers(settled.blocks)
        if not self.nce_layers or not set(self.nce_layers) <= set(known):
            raise PlanError(
                f"nce_layers are some of {', '.join(map(str, known))} (image, two halvings and "
                f"residual blocks, of which there are {settled.blocks}); "
                f"{list(self.nce_layers)} came."
            )
        if self.patches < 2 or self.temperature <= 0:
            raise PlanError(
                f"patches must be 2 or more and temperature above 0; {self.patches} and "
                f"{self.temperature} came."
            )
        return settled


@dataclass(frozen=True, kw_only=True)
class FastCUTConfig(CUTConfig):
    """FastCUT: more weight on NCE, mirrored batches and no identity; the paper's values."""

    nce_weight: float = 10.0
    identity_weight: float = 0.0
    flip_equivariance: bool = True


class CUT:
    """One generator whose own first layers say what a patch shows, and one discriminator."""

    reversible = False

    def __init__(self, config: CUTConfig, generator: Generator) -> None:
        self.config = config = config.at_size(256)
        self.generator_target = generator_net(config, generator)
        self.discriminator_target = discriminator_net(config, generator)
        channels = [channels_of(config.width, number) for number in config.nce_layers]
        self.head = ProjectionHead(channels, config.head_width)
        normal_weights(self.head, generator, config.weight_deviation)
        self.chance = branch(generator)
        self.optimisers = (
            adam(config, self.generator_target, self.head),
            adam(config, self.discriminator_target),
        )
        self.colours_target = Colours()
        self.painter_target = painter_of(config, self.generator_target)
        self.judge_target = as_called(config, self.discriminator_target)
        self.show = as_called(config, Tapped(self.generator_target, config.nce_layers))
        self.encode = as_called(config, Encoder(self.generator_target, config.nce_layers))

    def step(self, source: Images, target: Images) -> dict[str, Tensor]:
        """Learn from one unpaired batch: the discriminator first, as the authors do."""
        config, (learn_generator, learn_discriminator) = self.config, self.optimisers
        source, target = (shrunk(images, config.coarse) for images in (source, target))
        if config.match_colours:
            self.colours_target.see(target)
            lead_colours(self.generator_target, self.colours_target)
        count, identity = len(source), config.identity_weight > 0
        images = torch.cat([source, target]) if identity else source
        shown, keys, mirrored = self._show(images)
        fake = shown[:count]
        losses = {
            "discriminator": judging_loss(
                config, self.judge_target, target, fake.detach(), self.chance
            )
        }
        descend(learn_discriminator, losses["discriminator"])

        # The generator needs gradients through the discriminator, not of its weights.
        with frozen(self.discriminator_target):
            adversarial = generator_loss(self.judge_target(fake), config.objective)
        losses["adversarial"] = adversarial
        losses |= self._likeness(self._features(shown, mirrored), keys, count)
        descend(learn_generator, weighted_sum(losses, self._weights()))
        follow_generators(config, [self.painter_target], [self.generator_target], learn_generator)
        return {name: loss.detach() for name, loss in losses.items()}

    @torch.inference_mode()
    def translate(self, images: Images, context: Context, *, reverse: bool = False) -> Images:
        """Show images in the target's light."""
        del context
        assert not reverse, "CUT goes one way"
        return self.painter_target(images, self.config.coarse)

    def state(self) -> dict[str, Tensor]:
        """Hand out all that a resumed run needs; ``model.`` is what translating needs."""
        return self._parts().state()

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Load what `state` handed out, or its ``model.`` part alone."""
        self._parts().load_state(state)

    def _show(self, images: Images) -> tuple[Images, list[Features], bool]:
        """Translate, mirrored if chance says so; give the features of the images as they came.

        One pass gives both, but for mirrored images: what they are compared with is not mirrored.
        """
        if not self.config.flip_equivariance or torch.rand((), generator=self.chance) < 0.5:
            shown, keys = self.show(images)
            return shown, keys, False
        with torch.no_grad():
            keys = self.encode(images)
        return self.show(images.flip(3))[0], keys, True

    def _features(self, shown: Images, mirrored: bool) -> list[Features]:
        features = self.encode(shown)
        return [depths.flip(3) for depths in features] if mirrored else features

    def _likeness(
        self, queries: list[Features], keys: list[Features], count: int
    ) -> dict[str, Tensor]:
        """Patch NCE over all layers: of the first ``count`` images, and of the rest if any."""
        places = [self._places(depths) for depths in keys]
        projected = self.head(queries, places)
        with torch.no_grad():
            wanted = self.head(keys, places)
        pairs = list(zip(projected, wanted, strict=True))

        def mean(part: slice) -> Tensor:
            losses = [patch_nce(q[part], k[part], self.config.temperature) for q, k in pairs]
            return torch.stack(losses).mean()

        losses = {"nce": mean(slice(count))}
        if len(queries[0]) > count:
            losses["identity"] = mean(slice(count, None))
        return losses

    def _places(self, features: Features) -> Int[Tensor, " patches"]:
        """Draw places of a layer, the same for all images and for queries and keys."""
        rows, columns = features.shape[-2:]
        drawn = torch.randperm(rows * columns, generator=self.chance, device="cpu")
        return drawn[: self.config.patches].to(features.device)

    def _weights(self) -> dict[str, float]:
        nce, identity = self.config.nce_weight, self.config.identity_weight
        return {"adversarial": 1.0, "nce": nce, "identity": identity}

    def _parts(self) -> Parts:
        return gan_parts(
            self.config,
            {"target": self.painter_target},
            {"target": self.generator_target},
            {"target": self.discriminator_target},
            {"target": self.colours_target},
            {"head": self.head},
            optimisers=self.optimisers,
            chance={"chance": self.chance},
        )
