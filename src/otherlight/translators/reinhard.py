"""Colour transfer (Reinhard et al. 2001, https://doi.org/10.1109/38.946629), in l-alpha-beta.

The paper takes one picture's colours; here each image draws one picture of the reference set, or
takes their mean. As in most implementations the stored tones go in as they are, not made linear.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import torch
from jaxtyping import Float64
from torch import Generator, Tensor

from otherlight.images.dense import Metres
from otherlight.images.tensors import Images, Tones, to_tones
from otherlight.translators.one_by_one import each
from otherlight.translators.protocols import Context

LAB = Float64[np.ndarray, "height width 3"]
"""Ruderman's l, alpha and beta: lightness, yellow to blue, red to green, all of logarithms."""

_TO_LMS = np.array([[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]])
_TO_LAB = np.diag([3**-0.5, 6**-0.5, 2**-0.5]) @ np.array([[1, 1, 1], [1, 1, -2], [1, -1, 0.0]])
# The paper prints the way back rounded, by which a picture would not come back to itself.
_FROM_LMS, _FROM_LAB = np.linalg.inv(_TO_LMS), np.linalg.inv(_TO_LAB)
_DARKEST = 1.0 / 255.0
_EVEN = np.array([0.05, 0.01, 0.005])


@dataclass(frozen=True, kw_only=True)
class ReinhardConfig:
    """What can be chosen about colour transfer."""

    take: Literal["drawn", "mean"] = "drawn"
    """drawn gives each image the colours of one reference image, by its own chance; mean gives all
    images the mean of the reference images' means and deviations."""


class Reinhard:
    """Give each image the mean and deviation of a reference's colours, in l-alpha-beta."""

    reversible = False

    def __init__(self, config: ReinhardConfig, generator: Generator) -> None:
        del generator
        self.config = config
        self.mean: Float64[np.ndarray, "references 3"] | None = None
        self.deviation: Float64[np.ndarray, "references 3"] | None = None

    def fit(self, reference: Iterable[Images]) -> None:
        """Take the mean and deviation of every reference image: six numbers each."""
        values = [_statistics(to_lab(to_tones(i))) for images in reference for i in images]
        if not values:
            raise ValueError("A reference must hold at least one image; none came.")
        self.mean, self.deviation = (np.stack(part) for part in zip(*values, strict=True))

    def translate(self, images: Images, context: Context, *, reverse: bool = False) -> Images:
        """Scale and shift l, alpha and beta of each image by itself."""
        assert not reverse
        return each(images, context, self._show)

    def state(self) -> dict[str, Tensor]:
        """Hand out the reference images' means and deviations."""
        if self.mean is None or self.deviation is None:
            return {}
        return {
            "model.mean": torch.from_numpy(self.mean),
            "model.deviation": torch.from_numpy(self.deviation),
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Load what `state` handed out."""
        self.mean, self.deviation = (
            state[key].cpu().numpy().copy() if key in state else None
            for key in ("model.mean", "model.deviation")
        )

    def _show(self, tones: Tones, chance: np.random.Generator, depth: Metres | None) -> Tones:
        del depth
        if self.mean is None or self.deviation is None:
            raise ValueError("Colour transfer needs a reference: call fit first.")
        if self.config.take == "mean":
            chosen = slice(None)
        else:
            chosen = slice(number := int(chance.integers(len(self.mean))), number + 1)
        lab = to_lab(tones)
        mean, deviation = _statistics(lab)
        # What is all but even, such as the colours of a grey image, is noise: not to be enlarged.
        scale = self.deviation[chosen].mean(0) / np.maximum(deviation, _EVEN)
        return from_lab((lab - mean) * scale + self.mean[chosen].mean(0))


def to_lab(tones: Tones) -> LAB:
    """Bring tones into l-alpha-beta; black counts as the darkest grey that can be stored."""
    lms = cv2.transform(np.maximum(tones.astype(np.float64), _DARKEST), _TO_LMS)
    return np.asarray(cv2.transform(np.log10(lms), _TO_LAB))


def from_lab(lab: LAB) -> Tones:
    """Bring l-alpha-beta back into tones, which may lie outside 0..1."""
    lms = np.power(10.0, cv2.transform(lab, _FROM_LAB))
    return np.asarray(cv2.transform(lms, _FROM_LMS)).astype(np.float32)


def _statistics(lab: LAB) -> tuple[Float64[np.ndarray, " 3"], Float64[np.ndarray, " 3"]]:
    return lab.mean((0, 1)), lab.std((0, 1))
