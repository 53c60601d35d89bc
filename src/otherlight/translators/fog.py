"""Fog by Koschmieder's law (Koschmieder 1924, Theorie der horizontalen Sichtweite).

L = L0 exp(-b d) + A (1 - exp(-b d)): of the light L0 of a thing less arrives with distance d, and
the air's own light A takes its place; b = ln(20) / visibility, where 5 % of contrast are left
(https://library.wmo.int/idurl/4/68695, meteorological optical range). Without known depth the
distance is guessed. Shadows of the sun, which fog takes away, stay; lamps get no halo.
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
    check_share,
)
from otherlight.translators.scenery import (
    GAMMA,
    displayed,
    distance_of,
    linear,
    patches,
    sky_of,
    veiled,
)


@dataclass(frozen=True, kw_only=True)
class FogConfig:
    """What can be chosen about fog; each image draws its own values."""

    visibility: Range = (40.0, 250.0)
    """Metres at which a black thing keeps 5 % of its contrast; each doubling is as likely."""
    air: Range = (0.62, 0.85)
    """The tone of the fog itself, where white is 1."""
    uneven: float = 0.2
    """How much denser or thinner fog is from place to place."""
    dull: float = 0.35
    """The share of colour that the light loses before fog comes between: the sun is gone."""
    use_depth: bool = True
    """Read depth where the set knows it; false guesses it for every image."""

    def __post_init__(self) -> None:
        check_range("visibility", self.visibility, 1.0)
        check_range("air", self.air, 0.0, 1.0)
        check_share("uneven", self.uneven)
        check_share("dull", self.dull)


def build_fog(config: FogConfig, generator: Generator) -> OneByOne:
    """Let the air swallow the distance, by Koschmieder's law."""
    del generator
    return OneByOne(partial(_show, config), wants_depth=config.use_depth)


def _show(
    config: FogConfig, tones: Tones, chance: np.random.Generator, depth: Metres | None
) -> Tones:
    visibility = between_by_ratio(chance, config.visibility)
    # Fog is white to the eye; cameras see it a little blue or warm.
    tint = 1.0 + 0.03 * chance.uniform(-1.0, 1.0) * np.array([1.0, 0.0, -1.0], np.float32)
    air = np.power(np.float32(between(chance, config.air)) * tint, np.float32(GAMMA))
    distance = distance_of(tones, depth, sky_of(tones, depth))
    height, width = distance.shape
    density = 1.0 + config.uneven * patches(chance, height, width, 3)
    light = linear(tones)
    grey = light.mean(axis=2, keepdims=True)
    light = grey + np.float32(1.0 - config.dull) * (light - grey)
    return displayed(veiled(light, distance * density, visibility, air))
