"""CycleGAN (Zhu et al. 2017, https://arxiv.org/abs/1703.10593)."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from otherlight.images.tensors import Images
from otherlight.losses.adversarial import generator_loss
from otherlight.nets.colours import Colours
from otherlight.nets.resnet_generator import shrunk
from otherlight.training.passes import frozen, in_one_pass
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
from otherlight.translators.replay_buffer import ReplayBuffer


@dataclass(frozen=True, kw_only=True)
class CycleGANConfig(GANConfig):
    """What can be chosen about CycleGAN; the defaults are the paper's."""

    cycle_weight: float = 10.0
    identity_weight: float = 0.5
    """In shares of the cycle weight; keeps the colours of images that already are in the target's
    light. 0 turns it off, and saves its passes."""
    replay: int = 50
    """Generated images remembered for each discriminator; 0 remembers none."""


class CycleGAN:
    """Two generators that undo each other, two discriminators that judge them.

    A network is named after the domain it makes or judges. (In the authors' code the
    discriminator of domain B is ``netD_A``; here it is ``discriminator_target``.)
    """

    reversible = True

    def __init__(self, config: CycleGANConfig, generator: Generator) -> None:
        self.config = config = config.at_size(256)
        self.generator_target = generator_net(config, generator)
        self.generator_source = generator_net(config, generator)
        self.discriminator_target = discriminator_net(config, generator)
        self.discriminator_source = discriminator_net(config, generator)
        self.replay_target = ReplayBuffer(config.replay, branch(generator))
        self.replay_source = ReplayBuffer(config.replay, branch(generator))
        self.chance = branch(generator)
        self.optimisers = (
            adam(config, self.generator_target, self.generator_source),
            adam(config, self.discriminator_target, self.discriminator_source),
        )
        self.colours_target, self.colours_source = Colours(), Colours()
        self.painter_target = painter_of(config, self.generator_target)
        self.painter_source = painter_of(config, self.generator_source)
        self.show_target, self.show_source, self.judge_target, self.judge_source = (
            as_called(config, net)
            for net in (*self._taught().values(), *self._discriminators().values())
        )

    def step(self, source: Images, target: Images) -> dict[str, Tensor]:
        """Learn from one unpaired batch: generators first, then discriminators."""
        learn_generators, learn_discriminators = self.optimisers
        objective = self.config.objective
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
                "adversarial": generator_loss(self.judge_target(fake_target), objective)
                + generator_loss(self.judge_source(fake_source), objective),
                "cycle": F.l1_loss(self.show_source(fake_target), source)
                + F.l1_loss(self.show_target(fake_source), target),
            }
        if identity:
            losses["identity"] = F.l1_loss(same_target, target) + F.l1_loss(same_source, source)
        descend(learn_generators, weighted_sum(losses, self._weights()))
        self._follow_generators()

        past_target = self.replay_target.swap(fake_target)
        past_source = self.replay_source.swap(fake_source)
        losses["discriminator"] = judging_loss(
            self.config, self.judge_target, target, past_target, self.chance
        ) + judging_loss(self.config, self.judge_source, source, past_source, self.chance)
        descend(learn_discriminators, losses["discriminator"])
        return {name: loss.detach() for name, loss in losses.items()}

    @torch.inference_mode()
    def translate(self, images: Images, context: Context, *, reverse: bool = False) -> Images:
        """Show images in the target's light, or the target's in the source's."""
        del context
        painter = self.painter_source if reverse else self.painter_target
        return painter(images, self.config.coarse)

    def state(self) -> dict[str, Tensor]:
        """Hand out all that a resumed run needs; ``model.`` is what translating needs."""
        return self._parts().state()

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Load what `state` handed out, or its ``model.`` part alone."""
        self._parts().load_state(state)

    def _match_colours(self, source: Images, target: Images) -> None:
        self.colours_source.see(source)
        self.colours_target.see(target)
        lead_colours(self.generator_target, self.colours_target)
        lead_colours(self.generator_source, self.colours_source)

    def _follow_generators(self) -> None:
        painters, taught = self._painters().values(), self._taught().values()
        follow_generators(self.config, painters, taught, self.optimisers[0])

    def _weights(self) -> dict[str, float]:
        cycle = self.config.cycle_weight
        identity = self.config.identity_weight * cycle
        return {"adversarial": 1.0, "cycle": cycle, "identity": identity}

    def _painters(self) -> dict[str, nn.Module]:
        return {"target": self.painter_target, "source": self.painter_source}

    def _taught(self) -> dict[str, nn.Module]:
        return {"target": self.generator_target, "source": self.generator_source}

    def _discriminators(self) -> dict[str, nn.Module]:
        return {"target": self.discriminator_target, "source": self.discriminator_source}

    def _parts(self) -> Parts:
        return gan_parts(
            self.config,
            self._painters(),
            self._taught(),
            self._discriminators(),
            {"target": self.colours_target, "source": self.colours_source},
            optimisers=self.optimisers,
            buffers={"replay_target": self.replay_target, "replay_source": self.replay_source},
            chance={"chance": self.chance} if self.config.objective == "wgan_gp" else {},
        )
