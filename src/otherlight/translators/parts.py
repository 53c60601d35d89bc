"""What a learned method is made of, and how it is handed out and taken back by name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypedDict, Unpack

from torch import Generator, Tensor, nn
from torch.optim import Optimizer

from otherlight.training.checkpoint import (
    State,
    generator_state,
    load_generator,
    load_module,
    load_optimiser,
    module_state,
    optimiser_state,
)
from otherlight.translators.gan import GANConfig
from otherlight.translators.replay_buffer import ReplayBuffer

Nets = Mapping[str, nn.Module]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """All that a resumed run needs; ``model`` is what translating needs.

    Networks are named after what they do, the same name in ``model`` and ``training`` where one is
    the other's running average.
    """

    model: Nets
    training: Nets = field(default_factory=dict[str, nn.Module])
    optimisers: tuple[Optimizer, ...] = ()
    buffers: Mapping[str, ReplayBuffer] = field(default_factory=dict[str, ReplayBuffer])
    chance: Mapping[str, Generator] = field(default_factory=dict[str, Generator])

    def state(self) -> State:
        """Hand out every tensor under ``model.`` or ``training.`` and its part's name."""
        return {key: value for part in self._states() for key, value in part.items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Load what `state` handed out, or its ``model.`` part alone."""
        for name, net in self.model.items():
            load_module(f"model.{name}", net, state)
        if not any(name.startswith("training.") for name in state):
            return
        for name, net in self.training.items():
            load_module(f"training.{name}", net, state)
        for place, optimiser in enumerate(self.optimisers):
            load_optimiser(f"training.optimiser_{place}", optimiser, state)
        for name, buffer in self.buffers.items():
            buffer.load_state(f"training.{name}", state)
        for name, generator in self.chance.items():
            load_generator(f"training.{name}", generator, state)

    def _states(self) -> Iterator[State]:
        for name, net in self.model.items():
            yield module_state(f"model.{name}", net)
        for name, net in self.training.items():
            yield module_state(f"training.{name}", net)
        for place, optimiser in enumerate(self.optimisers):
            yield optimiser_state(f"training.optimiser_{place}", optimiser)
        for name, buffer in self.buffers.items():
            yield buffer.state(f"training.{name}")
        for name, generator in self.chance.items():
            yield generator_state(f"training.{name}", generator)


class More(TypedDict, total=False):
    """What `Parts` hold beside networks."""

    optimisers: tuple[Optimizer, ...]
    buffers: Mapping[str, ReplayBuffer]
    chance: Mapping[str, Generator]


def gan_parts(
    config: GANConfig,
    painters: Nets,
    generators: Nets,
    discriminators: Nets,
    colours: Nets,
    others: Nets | None = None,
    **more: Unpack[More],
) -> Parts:
    """Join the parts of a method with generators and discriminators, each by the light it is for.

    ``others`` learn too, under their own names. Colours are a part where they are matched,
    generators where their average paints for them.
    """
    training = {
        **_by_light("discriminator", discriminators),
        **(others or {}),
        **_by_light("colours", colours if config.match_colours else {}),
        **_by_light("generator", generators if config.average else {}),
    }
    return Parts(model=_by_light("generator", painters), training=training, **more)


def _by_light(what: str, nets: Nets) -> dict[str, nn.Module]:
    return {f"{what}_{light}": net for light, net in nets.items()}
