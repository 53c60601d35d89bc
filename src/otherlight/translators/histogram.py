"""Histogram matching (Gonzalez and Woods, Digital Image Processing, 3.3.2), channel by channel."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Generator, Tensor

from otherlight.images.tensors import Images, to_images, to_pixels
from otherlight.translators.protocols import Context

_LEVELS = 256


@dataclass(frozen=True, kw_only=True)
class HistogramConfig:
    """Nothing can be chosen but the reference set."""


class Histogram:
    """Give each image the mean tones of a reference: as many dark, grey and bright pixels."""

    reversible = False

    def __init__(self, config: HistogramConfig, generator: Generator) -> None:
        del config, generator
        self.reference: Float[Tensor, "3 levels"] | None = None

    def fit(self, reference: Iterable[Images]) -> None:
        """Learn the mean histogram of a reference; every image counts the same."""
        total, count = torch.zeros(3, _LEVELS, dtype=torch.float64), 0
        for images in reference:
            for image in images.split(1):
                total += _histogram(to_pixels(image)[0].long().cpu())
                count += 1
        if not count:
            raise ValueError("A reference must hold at least one image; none came.")
        self.reference = (total / count).cumsum(1)

    def translate(self, images: Images, context: Context, *, reverse: bool = False) -> Images:
        """Map each level to the first of the reference's that has as large a share below it."""
        del context
        assert not reverse
        if self.reference is None:
            raise ValueError("Histogram matching needs a reference: call fit first.")
        matched = [_match(to_pixels(image)[0].long(), self.reference) for image in images.split(1)]
        return to_images(torch.stack(matched))

    def state(self) -> dict[str, Tensor]:
        """Hand out the reference's cumulative histogram."""
        return {} if self.reference is None else {"model.reference": self.reference}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Load what `state` handed out."""
        self.reference = state["model.reference"].clone() if "model.reference" in state else None


def _histogram(levels: Int64[Tensor, "3 height width"]) -> Float[Tensor, "3 levels"]:
    """Count the share of every level, per channel."""
    counts = torch.stack([torch.bincount(c.flatten(), minlength=_LEVELS) for c in levels])
    return counts.double() / levels[0].numel()


def _match(levels: Int64[Tensor, "3 height width"], reference: Float[Tensor, "3 levels"]) -> Tensor:
    below = _histogram(levels.cpu()).cumsum(1)
    # Shares that are equal in exact arithmetic differ in the last digits once they are summed.
    table = torch.searchsorted(reference, below - 1e-9).clamp(max=_LEVELS - 1)
    table = table.to(levels.device)
    return torch.stack([table[c][levels[c]] for c in range(3)]).byte()
