"""What a translator is: the protocols, and what it is told beside the pixels."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Generator, Tensor
from torch.optim import Optimizer

from otherlight.images.tensors import Images
from otherlight.training.seeding import torch_generator

Depth = Float[Tensor, "batch 1 height width"]
"""Metres along the camera's axis."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """Names, and chance per image: independent of batch, order, resume and cluster.

    Depth is inf where nothing is hit and nan where it is unknown.
    """

    images: tuple[str, ...]
    generators: tuple[Generator, ...]
    depth: Depth | None = None


def context_for(seed: int, images: Sequence[str], depth: Depth | None = None) -> Context:
    """Give every image the chance that (seed, image) stands for."""
    return Context(
        images=tuple(images),
        generators=tuple(torch_generator(seed, "image", image) for image in images),
        depth=depth,
    )


@runtime_checkable
class Translator(Protocol):
    """Shows images in another light; every name in the table is one."""

    reversible: bool

    def translate(self, images: Images, context: Context, *, reverse: bool = False) -> Images:
        """Translate a batch; each image as if it were alone."""
        ...

    def state(self) -> dict[str, Tensor]:
        """Hand out all that a resumed run needs.

        Names begin with ``model.`` (what translating needs) or ``training.`` (the rest:
        optimisers, buffers, the state of generators of chance).
        """
        ...

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Load what `state` handed out; its ``model.`` part alone is enough to translate."""
        ...


@runtime_checkable
class Referenced(Translator, Protocol):
    """A translator that needs to see images of the target first, but does not train."""

    def fit(self, reference: Iterable[Images]) -> None:
        """Take from the reference what translating needs."""
        ...


@runtime_checkable
class DepthAware(Translator, Protocol):
    """A translator that makes use of depth where a set knows it."""

    wants_depth: bool
    """Whether depth is to be read and handed down in the context."""


@runtime_checkable
class Learned(Translator, Protocol):
    """A translator that is trained step by step."""

    optimisers: tuple[Optimizer, ...]
    """Their learning rates are scheduled by the loop."""

    def step(self, source: Images, target: Images) -> dict[str, Tensor]:
        """Learn from one batch; return the losses, named and detached."""
        ...


@runtime_checkable
class SizedConfig(Protocol):
    """A config that settles some of its values once the size of the training images is known."""

    def at_size(self, size: int) -> Any:
        """Settle for images whose shorter side has so many pixels."""
        ...


@runtime_checkable
class BorrowingConfig(Protocol):
    """A config by which a method may use weights that others trained."""

    def borrowed(self) -> tuple[str, ...]:
        """Say of each file of them, in a sentence, whose it is and under which licence."""
        ...


@dataclass(frozen=True, kw_only=True)
class Method:
    """One line of the table: how a method is configured and built, and its licence."""

    config: type
    build: Callable[[Any, Generator], Translator]
    paired: bool = False
    """Learns from partners: images of two sets that show one scene."""
    epochs: float = 200.0
    decay_from: float = 0.5
    """The paper's length, and the share of it after which the learning rate falls to 0."""
    licence: str = "Apache-2.0"
    about: str = ""
    """What it does, in a sentence; without it, the first line of what ``build`` says of itself."""
