"""What two image files have to do with one another, by their pixels: the decision on a pair.

A copy is told by a closer look, first at the pictures as they are, then at what both show once
one is laid over the other. Pictures that agree in many corners without being copies show the same
view (from a camera that stood still) or the same scene (from one that moved).
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from otherlight.datasets.alignment import (
    Features,
    Way,
    align,
    common_part,
    features_of,
    is_crop,
    is_still,
    refine,
)
from otherlight.datasets.closer_look import HEIGHT, WIDTH, is_copy, largest_difference, to_one_size
from otherlight.datasets.hashing import Picture, canonical

Kind = Literal["copy", "view", "scene", "other"]

_HOPELESS = 3.0
"""Largest difference under a refined map that the map as it was found might mend."""
AGREE = 30
"""Corners that must agree before two pictures are said to show one scene."""


class Sighting(NamedTuple):
    """What a pair shows: its kind, the largest local difference, the corners that agree."""

    kind: Kind
    difference: float
    agreeing: int


class Sight:
    """Looks at pairs of files, and remembers the last pictures it read."""

    def __init__(self, remembered: int = 512) -> None:
        self._picture = lru_cache(remembered)(_read)
        self._features = lru_cache(2 * remembered)(self._find_features)

    def compare(self, source: Path, target: Path, *, mirrored: bool) -> Sighting:
        """Decide on a pair; ``mirrored`` turns the source before."""
        one, other = self._picture(source, mirrored), self._picture(target, False)
        same_size = one.shape == other.shape
        if not same_size:
            one, other = to_one_size(one, other)
        difference = largest_difference(one, other)
        if is_copy(one, other, difference):
            return Sighting("copy", difference, 0)
        found = align(
            self._features(source, mirrored) if same_size else features_of(one),
            self._features(target, False) if same_size else features_of(other),
        )
        if found is None:
            return Sighting("other", difference, 0)
        difference, same = _look_aligned(one, other, found.way, difference)
        if same:
            return Sighting("copy", difference, found.agreeing)
        if found.agreeing < AGREE:
            return Sighting("other", difference, found.agreeing)
        return Sighting(
            "view" if is_still(found.way, other) else "scene", difference, found.agreeing
        )

    def _find_features(self, path: Path, mirrored: bool) -> Features:
        return features_of(self._picture(path, mirrored))


def _look_aligned(
    one: Picture, other: Picture, found: Way, difference: float
) -> tuple[float, bool]:
    """Look at what both show, one laid over the other: the least difference, and the decision."""
    for way in (refine(one, other, found), found):
        # The refined map is nearly always the better one; where little can be followed it strays.
        parts = common_part(one, other, way) if is_crop(way) else None
        if parts is None:
            continue
        aligned = largest_difference(*parts)
        difference = min(difference, aligned)
        if is_copy(*parts, aligned):
            return difference, True
        if aligned > _HOPELESS:
            break
    return difference, False


def _read(path: Path, mirrored: bool) -> Picture:
    picture = canonical(path, WIDTH, HEIGHT)
    return np.ascontiguousarray(picture[:, ::-1]) if mirrored else picture
