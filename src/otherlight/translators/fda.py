"""Fourier domain adaptation (Yang and Soatto 2020, https://arxiv.org/abs/2004.05498).

The lowest frequencies of an image take the amplitudes of another picture and keep their phases. The
paper brings both pictures to one size; here images keep theirs, and waves are counted by how often
they fit into a picture, which is the same where sizes are equal.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch import Generator, Tensor

from otherlight.images.dense import Metres
from otherlight.images.tensors import Images, Tones, to_tones
from otherlight.translators.one_by_one import chance_of, each
from otherlight.translators.protocols import Context

Amplitudes = Float32[np.ndarray, "down across 3"]
"""By how often a wave fits into a picture: down from -reach to reach, across from 0 to reach."""


@dataclass(frozen=True, kw_only=True)
class FDAConfig:
    """What can be chosen about Fourier domain adaptation."""

    beta: float = 0.01
    """The share of the shorter side that gives the number of waves exchanged, in each direction;
    the paper uses 0.01, 0.05 and 0.09. Below one wave only the mean colour is exchanged."""
    references: int = 100
    """Reference images remembered, chosen evenly by chance; each image then draws one of them."""

    def __post_init__(self) -> None:
        if not 0 <= self.beta < 0.5:
            raise ValueError(f"beta must be from 0 to below 0.5; {self.beta} came.")
        if self.references < 1:
            raise ValueError(f"references must be at least 1; {self.references} came.")


class FDA:
    """Give the lowest frequencies of each image the amplitudes of a reference image."""

    reversible = False

    def __init__(self, config: FDAConfig, generator: Generator) -> None:
        self.config = config
        self.chance = generator
        self.reach: Int64[np.ndarray, " references"] | None = None
        self.amplitudes: Float32[np.ndarray, "references down across 3"] | None = None

    def fit(self, reference: Iterable[Images]) -> None:
        """Remember the low amplitudes of at most ``references`` images."""
        chance, kept = chance_of(self.chance), list[Amplitudes]()
        for count, image in enumerate(image for images in reference for image in images):
            # Vitter's reservoir: whatever their number, all are as likely to be kept.
            place = count if count < self.config.references else int(chance.integers(count + 1))
            if place < self.config.references:
                kept[place : place + 1] = [self._low(to_tones(image))]
        if not kept:
            raise ValueError("A reference must hold at least one image; none came.")
        self.reach = np.array([low.shape[1] - 1 for low in kept])
        widest = int(self.reach.max())
        self.amplitudes = np.zeros((len(kept), 2 * widest + 1, widest + 1, 3), np.float32)
        for all_of, low, reach in zip(self.amplitudes, kept, self.reach, strict=True):
            all_of[widest - reach : widest + reach + 1, : reach + 1] = low

    def translate(self, images: Images, context: Context, *, reverse: bool = False) -> Images:
        """Exchange each image's low amplitudes for those of one reference image."""
        assert not reverse
        return each(images, context, self._show)

    def state(self) -> dict[str, Tensor]:
        """Hand out the reference's amplitudes."""
        if self.reach is None or self.amplitudes is None:
            return {}
        return {
            "model.reach": torch.from_numpy(self.reach),
            "model.amplitudes": torch.from_numpy(self.amplitudes),
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Load what `state` handed out."""
        self.reach, self.amplitudes = (
            state[key].cpu().numpy().copy() if key in state else None
            for key in ("model.reach", "model.amplitudes")
        )

    def _show(self, tones: Tones, chance: np.random.Generator, depth: Metres | None) -> Tones:
        del depth
        if self.reach is None or self.amplitudes is None:
            raise ValueError("Fourier domain adaptation needs a reference: call fit first.")
        chosen = int(chance.integers(len(self.reach)))
        # A smaller reference has fewer waves to give; the image keeps its own beyond them.
        reach = min(_reach(tones, self.config.beta), int(self.reach[chosen]))
        middle = self.amplitudes.shape[2] - 1
        wanted = self.amplitudes[chosen, middle - reach : middle + reach + 1, : reach + 1]
        height, width = tones.shape[:2]
        spectrum = np.fft.rfft2(tones.astype(np.float64), axes=(0, 1))
        down, across = _waves(reach)
        phase = np.angle(spectrum[down, across])
        spectrum[down, across] = wanted * (height * width) * np.exp(1j * phase)
        return np.fft.irfft2(spectrum, (height, width), axes=(0, 1)).astype(np.float32)

    def _low(self, tones: Tones) -> Amplitudes:
        """Measure the low amplitudes of one picture, as large as the picture's shares of them."""
        spectrum = np.fft.rfft2(tones.astype(np.float64), axes=(0, 1))
        low = np.abs(spectrum[_waves(_reach(tones, self.config.beta))])
        return (low / (tones.shape[0] * tones.shape[1])).astype(np.float32)


def _reach(tones: Tones, beta: float) -> int:
    """Count the waves exchanged; at half the side a wave's phase would stand for two."""
    shorter = min(tones.shape[:2])
    return min(int(shorter * beta), (shorter - 1) // 2)


def _waves(reach: int) -> tuple[Int64[np.ndarray, "down 1"], Int64[np.ndarray, "1 across"]]:
    """Index the lowest waves; their mirror images follow by themselves, since images are real."""
    return np.arange(-reach, reach + 1)[:, None], np.arange(reach + 1)[None, :]
