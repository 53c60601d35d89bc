"""The image itself: what any translator must beat."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Generator, Tensor

from otherlight.images.tensors import Images
from otherlight.translators.protocols import Context


@dataclass(frozen=True, kw_only=True)
class IdentityConfig:
    """Nothing can be chosen."""


class Identity:
    """Hand images through."""

    reversible = True

    def __init__(self, config: IdentityConfig, generator: Generator) -> None:
        del config, generator

    def translate(self, images: Images, context: Context, *, reverse: bool = False) -> Images:
        """Keep every pixel."""
        del context, reverse
        return images

    def state(self) -> dict[str, Tensor]:
        """Hand out nothing: there is nothing to remember."""
        return {}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take nothing."""
        del state
