"""One generator that keeps edges: what hedgan, hedngan, rcfgan and rcfngan do (Mohwald et al. 2023,
https://arxiv.org/abs/2309.16351).

The discriminator learns first, then the student if there is one, then the generator, as in the
authors' published code. With ``cycle_weight`` a second generator undoes the first and keeps edges
too: an edge-consistent CycleGAN (Zhu et al. 2017, https://arxiv.org/abs/1703.10593), not in the
paper.
"""  # noqa: D205

from collections.abc import Mapping

import torch
from torch import Generator, Tensor
from torch.nn import functional as F
from torch.optim import Adam

from otherlight.images.tensors import Images
from otherlight.losses.adversarial import discriminator_loss, generator_loss
from otherlight.losses.edges import edge_consistency, edge_distillation
from otherlight.nets.colours import Colours
from otherlight.nets.edges import EdgeMap
from otherlight.nets.resnet_generator import shrunk
from otherlight.training.passes import frozen
from otherlight.translators.edge_config import (
    EdgeGANConfig,
    StudentConfig,
    discriminator_of,
    generator_of,
    looker_of,
    open_eyes,
    student_adam,
)
from otherlight.translators.gan import (
    adam,
    as_called,
    branch,
    descend,
    follow_generators,
    judging_loss,
    lead_colours,
    painter_of,
    weighted_sum,
)
from otherlight.translators.parts import Parts, gan_parts
from otherlight.translators.protocols import Context
from otherlight.translators.replay_buffer import ReplayBuffer

_OTHER = {"target": "source", "source": "target"}


class EdgeGAN:
    """A generator and a discriminator for the target's light; with a cycle, for both lights.

    Networks are kept by the light that they make or judge. The teacher knows the source's light
    and never learns; the student, if there is one, learns to see the same edges in the target's.
    """

    def __init__(self, config: EdgeGANConfig, generator: Generator) -> None:
        self.config = config = config.at_size(256)
        self.reversible = config.two_sided
        lights = ("target", "source") if config.two_sided else ("target",)
        self.generators = {light: generator_of(config, generator) for light in lights}
        self.discriminators = {light: discriminator_of(config, generator) for light in lights}
        self.replays = {light: ReplayBuffer(config.replay, branch(generator)) for light in lights}
        self.chance = branch(generator)
        self.teacher = looker_of(config)
        self.student = looker_of(config) if isinstance(config, StudentConfig) else None
        self._looking = False
        self.optimisers: tuple[Adam, ...] = (
            adam(config, *self.generators.values()),
            adam(config, *self.discriminators.values()),
        )
        if isinstance(config, StudentConfig) and self.student is not None:
            self.optimisers += (student_adam(config, self.student),)
        self.colours = {light: Colours() for light in _OTHER}
        self.painters = {light: painter_of(config, net) for light, net in self.generators.items()}
        self.show = {light: as_called(config, net) for light, net in self.generators.items()}
        self.judge = {light: as_called(config, net) for light, net in self.discriminators.items()}

    def step(self, source: Images, target: Images) -> dict[str, Tensor]:
        """Learn from one unpaired batch: discriminators, student, generators."""
        self._begin()
        learn_generators, learn_discriminators, *learn_student = self.optimisers
        source, target = (shrunk(images, self.config.coarse) for images in (source, target))
        real = {"source": source, "target": target}
        self._match_colours(real)
        fake = {light: show(real[_OTHER[light]]) for light, show in self.show.items()}

        losses = {"discriminator": self._judged(real, fake)}
        descend(learn_discriminators, losses["discriminator"])

        # Nobody learns the source's edges: one look at them serves the student and the generator.
        with torch.no_grad():
            wanted = self.teacher(source)
        if self.student is not None:
            # Each look as the teacher's own: in one pass the sums would have another order, and of
            # a difference of nought the sign is all that this loss passes on.
            looks = (self.student(images) for images in (source, fake["target"].detach()))
            losses["student"] = torch.stack([edge_distillation(s, wanted) for s in looks]).sum()
            assert isinstance(self.config, StudentConfig)
            descend(learn_student[0], self.config.student_weight * losses["student"])

        # Gradients pass through discriminators and student; their weights need none.
        still = [net for net in (*self.discriminators.values(), self.student) if net is not None]
        with frozen(*still):
            learnt = self._generated(real, fake, wanted)
            descend(learn_generators, weighted_sum(learnt, self._weights()))
        follow_generators(
            self.config, self.painters.values(), self.generators.values(), learn_generators
        )
        return {name: loss.detach() for name, loss in (learnt | losses).items()}

    @torch.inference_mode()
    def translate(self, images: Images, context: Context, *, reverse: bool = False) -> Images:
        """Show images in the target's light; with a cycle, the target's in the source's."""
        del context
        painter = self.painters["source" if reverse else "target"]
        return painter.eval()(images, self.config.coarse)

    def state(self) -> dict[str, Tensor]:
        """Hand out all that a resumed run needs; ``model.`` is what translating needs."""
        return self._parts(with_student=self._looking).state()

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Load what `state` handed out, or its ``model.`` part alone."""
        learnt = any(name.startswith("training.student.") for name in state)
        if learnt:
            self._begin()
        self._parts(with_student=learnt).load_state(state)

    def _begin(self) -> None:
        """Read the edge networks' weights, which translating does not need, and learn."""
        if not self._looking:
            open_eyes(self.config, self.teacher, self.student)
            self._looking = True
        for net in (*self.generators.values(), *self.discriminators.values()):
            net.train()

    def _judged(self, real: Mapping[str, Images], fake: Mapping[str, Images]) -> Tensor:
        losses = list[Tensor]()
        for light, judge in self.judge.items():
            past = self.replays[light].swap(fake[light])
            if self.config.norm == "batch":  # which would mix what comes in one pass
                pair = judge(real[light]), judge(past)
                losses.append(discriminator_loss(*pair, self.config.objective))
            else:
                losses.append(judging_loss(self.config, judge, real[light], past, self.chance))
        return torch.stack(losses).sum()

    def _generated(
        self, real: Mapping[str, Images], fake: Mapping[str, Images], wanted: EdgeMap
    ) -> dict[str, Tensor]:
        sees = {"source": self.teacher, "target": self.student or self.teacher}
        parts = {"adversarial": list[Tensor](), "edges": list[Tensor]()}
        for light, judge in self.judge.items():
            if light == "source":
                with torch.no_grad():
                    wanted = sees["target"](real["target"])
            parts["adversarial"].append(generator_loss(judge(fake[light]), self.config.objective))
            found = sees[light](fake[light])
            parts["edges"].append(edge_consistency(found, wanted, self.config.edge_distance))
        if self.config.two_sided:
            parts["cycle"] = [
                F.l1_loss(self.show[_OTHER[light]](fake[light]), real[_OTHER[light]])
                for light in fake
            ]
        return {name: torch.stack(terms).sum() for name, terms in parts.items()}

    def _weights(self) -> dict[str, float]:
        return {
            "adversarial": 1.0,
            "edges": self.config.edge_weight,
            "cycle": self.config.cycle_weight,
        }

    def _match_colours(self, real: Mapping[str, Images]) -> None:
        if not self.config.match_colours:
            return
        for light, images in real.items():
            self.colours[light].see(images)
        for light, net in self.generators.items():
            lead_colours(net, self.colours[light])

    def _parts(self, *, with_student: bool) -> Parts:
        student = {"student": self.student} if with_student and self.student is not None else {}
        return gan_parts(
            self.config,
            self.painters,
            self.generators,
            self.discriminators,
            self.colours,
            student,
            optimisers=self.optimisers,
            buffers={f"replay_{light}": replay for light, replay in self.replays.items()},
            chance={"chance": self.chance} if self.config.objective == "wgan_gp" else {},
        )
