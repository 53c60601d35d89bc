"""Snowfall, our own: flakes before the scene, air that whitens the distance, white on the ground.

The ground is found by its looks (grey, even, low in the image). Snow that lies on cars, roofs and
trees, tracks of wheels, and the relief of lying snow are not modelled.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from torch import Generator

from otherlight.images.dense import Metres
from otherlight.images.tensors import Tones
from otherlight.translators.one_by_one import (
    OneByOne,
    Range,
    between,
    between_by_ratio,
    check_range,
)
from otherlight.translators.particles import Shower, cover
from otherlight.translators.scenery import (
    Plain,
    displayed,
    distance_of,
    ground_of,
    linear,
    on_road,
    overcast,
    sky_of,
    veiled,
)

_WHITE = np.array([0.80, 0.83, 0.88], np.float32)


@dataclass(frozen=True, kw_only=True)
class SnowConfig:
    """What can be chosen about snowfall; each image draws its own values."""

    hard: Range = (0.1, 1.0)
    """From a few flakes, 0, to a snowstorm, 1."""
    visibility: Range = (80.0, 600.0)
    """Metres at which a black thing keeps 5 % of its contrast; each doubling is as likely."""
    ground: Range = (0.0, 0.8)
    """How much of the ground is white; 0 to 0 leaves it bare."""
    use_depth: bool = True
    """Read depth where the set knows it; false guesses it for every image."""

    def __post_init__(self) -> None:
        check_range("hard", self.hard, 0.0, 1.0)
        check_range("visibility", self.visibility, 1.0)
        check_range("ground", self.ground, 0.0, 1.0)


def build_snow(config: SnowConfig, generator: Generator) -> OneByOne:
    """Let snow fall before an image, and lie on its ground."""
    del generator
    return OneByOne(partial(_show, config), wants_depth=config.use_depth)


def _show(
    config: SnowConfig, tones: Tones, chance: np.random.Generator, depth: Metres | None
) -> Tones:
    sky = sky_of(tones, depth)
    distance = distance_of(tones, depth, sky)
    cloud = _WHITE * np.float32(between(chance, (0.4, 0.7)))
    light = overcast(linear(tones), sky, cloud, 0.4)
    lying = _lying(ground_of(tones, sky), between(chance, config.ground), chance)[..., None]
    # What lies is lit as its place is: shadows stay in it, much paler.
    lit = light.mean(axis=2, keepdims=True)
    white = cloud * (np.float32(0.75) + np.float32(0.35) * np.minimum(lit / 0.25, 1.0))
    light += lying * (white - light)
    light = veiled(light, distance, between_by_ratio(chance, config.visibility), cloud)
    flakes = cover(_shower(between(chance, config.hard), chance), distance, chance)[..., None]
    light += np.float32(0.9) * flakes * (cloud * np.float32(1.6) - light)
    return displayed(light)


def _shower(hard: float, chance: np.random.Generator) -> Shower:
    shutter = chance.uniform(0.003, 0.010)
    return Shower(
        number=int(250 + 2200 * hard), reach=(1.2, 35.0), size=(0.004, 0.011),
        way=(chance.normal(0.0, 1.5) * shutter, 1.3 * shutter), gusts=0.6,
    )  # fmt: skip


def _lying(ground: Plain, share: float, chance: np.random.Generator) -> Plain:
    """Whiten so large a share of the ground, in patches, coarse and fine."""
    height, width = ground.shape
    coarse, fine = (on_road(chance, height, width, metres) for metres in (2.5, 0.5))
    uneven = 0.6 * coarse + 0.25 * fine
    covered = np.clip(1.6 * share - 0.3 + uneven * (1.0 - 0.5 * share), 0.0, 1.0) if share else 0.0
    return (ground * covered).astype(np.float32)
