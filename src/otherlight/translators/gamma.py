"""Gamma: the power law of tone (Gonzalez and Woods, Digital Image Processing, 3.2.3).

The cheapest night there is: dark tones sink towards black, bright ones stay; no lamp lights up.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Generator, Tensor

from otherlight.images.tensors import Images
from otherlight.translators.protocols import Context


@dataclass(frozen=True, kw_only=True)
class GammaConfig:
    """What can be chosen about gamma."""

    gamma: float = 2.5
    """Above 1 darkens; 2.5 brings a tone of 0.45 of white, a middling day, to 0.14."""

    def __post_init__(self) -> None:
        if not self.gamma > 0:
            raise ValueError(f"gamma must be above 0; {self.gamma} came.")


class Gamma:
    """Raise every channel to a power."""

    reversible = True

    def __init__(self, config: GammaConfig, generator: Generator) -> None:
        del generator
        self.config = config

    def translate(self, images: Images, context: Context, *, reverse: bool = False) -> Images:
        """Compute ``white * (value / white) ** gamma``; reverse takes the root."""
        del context
        power = 1.0 / self.config.gamma if reverse else self.config.gamma
        share = ((images + 1.0) * 0.5).clamp(0.0, 1.0)
        return share.pow(power) * 2.0 - 1.0

    def state(self) -> dict[str, Tensor]:
        """Hand out nothing: the config says it all."""
        return {}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take nothing."""
        del state
