"""What a learned method is made of, and how it is handed out and taken back by name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

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
from otherlight.translators.replay_buffer import ReplayBuffer


@dataclass(frozen=True, kw_only=True)
class Parts:
    """All that a resumed run needs; ``model`` is what translating needs.

    Networks are named after what they do, the same name in ``model`` and ``training`` where one is
    the other's running average.
    """

    model: Mapping[str, nn.Module]
    training: Mapping[str, nn.Module] = field(default_factory=dict[str, nn.Module])
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
