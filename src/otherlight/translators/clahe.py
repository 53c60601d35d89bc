"""Contrast-limited adaptive histogram equalisation (Zuiderveld, Graphics Gems IV, 1994).

Computed by OpenCV on the lightness of CIELAB in 256 steps; colours keep their full precision.
"""

from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from torch import Generator

from otherlight.images.dense import Metres
from otherlight.images.tensors import Tones
from otherlight.translators.one_by_one import OneByOne

_SMALLEST_TILE = 16  # fewer than 256 pixels cannot fill the 256 steps


@dataclass(frozen=True, kw_only=True)
class ClaheConfig:
    """What can be chosen about CLAHE."""

    clip_limit: float = 2.0
    """How many times the mean a step of a tile's histogram may hold; 1 hardly changes an image."""
    tiles: tuple[int, int] = (8, 8)
    """Across and down; fewer where they would be less than 16 pixels wide or high."""

    def __post_init__(self) -> None:
        if not 0 < self.clip_limit <= 256:
            raise ValueError(f"clip_limit must be above 0 and at most 256; {self.clip_limit} came.")
        if not all(1 <= number <= 256 for number in self.tiles):
            raise ValueError(f"tiles must be two numbers from 1 to 256; {self.tiles} came.")


def build_clahe(config: ClaheConfig, generator: Generator) -> OneByOne:
    """Spread the lightness of each part of an image, with a limit to how far."""
    del generator
    return OneByOne(partial(_show, config))


def _show(
    config: ClaheConfig, tones: Tones, chance: np.random.Generator, depth: Metres | None
) -> Tones:
    del chance, depth
    height, width = tones.shape[:2]
    across, down = (
        max(1, min(number, size // _SMALLEST_TILE))
        for number, size in zip(config.tiles, (width, height), strict=True)
    )
    lab = cv2.cvtColor(tones, cv2.COLOR_RGB2LAB)
    steps = np.rint(lab[..., 0] * 2.55).astype(np.uint8)
    # Made anew each time: one such object cannot serve several threads.
    equalised = cv2.createCLAHE(config.clip_limit, (across, down)).apply(steps)
    lab[..., 0] += (equalised.astype(np.float32) - steps) / np.float32(2.55)
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.float32)
