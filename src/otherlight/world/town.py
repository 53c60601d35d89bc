"""Places on a map: which street a drive passes, and where its camera is, in metres from a corner.

Streets lie on a square grid, far enough apart that no two places see the same, each in a direction
of its own. A town depends on its name and the seed; who drives through it, and in which light, does
not change it.
"""

import math
from dataclasses import dataclass

import numpy as np

from otherlight.records.seeds import numpy_generator
from otherlight.world.scene import Camera

APART = 300.0
"""Metres from one place to the next on the map; twice as far as a camera sees."""

_ROW = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """One spot of a town: its name, where it is, where its street leads (radians from north)."""

    name: str
    east: float
    north: float
    heading: float

    def pose(self, camera: Camera, seconds: float) -> tuple[float, float, float]:
        """Say where a camera is: metres east and north, degrees clockwise from north."""
        right, forward = camera.right, camera.travelled(seconds)
        sine, cosine = math.sin(self.heading), math.cos(self.heading)
        return (
            self.east + cosine * right + sine * forward,
            self.north - sine * right + cosine * forward,
            math.degrees(self.heading + camera.yaw) % 360.0,
        )


def place_of(seed: int, town: str, number: int) -> Place:
    """Find a place of a town by its number."""
    chance = numpy_generator(seed, "world", "map", town, number)
    return Place(
        name=f"{town}-{seed}-{number:05d}",
        east=APART * (number % _ROW), north=APART * (number // _ROW),
        heading=chance.uniform(0, 2 * math.pi),
    )  # fmt: skip


def street_chance(seed: int, town: str, number: int) -> np.random.Generator:
    """Make the chance that draws a place's street; the same for every drive past it."""
    return numpy_generator(seed, "world", "street", town, number)
