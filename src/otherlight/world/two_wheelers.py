"""Motorcycles in the traffic, and motorcycles and bicycles left standing: extra, where asked for.

They come into a finished scene by a chance of their own, where there is room, so the rest of the
scene is the same with and without them.
"""

from dataclasses import dataclass, replace

import numpy as np

from otherlight.world.bicycles import bicycle
from otherlight.world.motorcycles import motorcycle
from otherlight.world.scene import Lamp, Scene, Thing

TWO_WHEELERS = ("motorcyclist", "motorcycle", "bicycle")
"""Classes that come after the others': a motorcycle with its rider, one without, a bicycle without.

A bicycle that is ridden is part of a ``cyclist``.
"""

_BEAM = Lamp(at=(0.0, 0.86, 0.7), colour=(1.0, 0.95, 0.85), strength=45.0, beam=True)
_LOW = 1.6
"""Metres up to which things stand in the way; crowns of trees and arms of lamps are above."""

_TRIES, _MOMENTS = 12, 33


def with_two_wheelers(scene: Scene, chance: np.random.Generator, seconds: float) -> Scene:
    """Add two-wheelers to a scene; none runs into anything within some seconds."""
    room = _Room(scene, seconds)
    added: list[Thing] = []
    for _ in range(int(chance.poisson(2.5))):
        added += _ridden(scene, chance, room, len(added))
    for label, number in (("motorcycle", 1.8), ("bicycle", 2.6)):
        for _ in range(int(chance.poisson(number))):
            added += _standing(scene, chance, room, label, len(added))
    return replace(scene, things=(*scene.things, *added))


@dataclass
class _Room:
    """Knows where everything is at many moments of the drive."""

    scene: Scene
    seconds: float

    def __post_init__(self) -> None:
        stands = [t for t in self.scene.things if not t.flat and not t.track.startswith("house")]
        self.ways = [self._way(thing) for thing in stands]
        self.halves = [_half(thing) for thing in stands]
        camera = self.scene.camera
        self.ways.append(
            np.array([(camera.right, camera.travelled(when)) for when in self._moments()])
        )
        self.halves.append(np.array([1.0, 3.0]))

    def take(self, thing: Thing, gap: tuple[float, float]) -> bool:
        """Take the room for a thing, if a gap (right, forward) is free around it all the time."""
        way, half = self._way(thing), _half(thing)
        for other, its in zip(self.ways, self.halves, strict=True):
            if (np.abs(way - other) < half + its + gap).all(axis=1).any():
                return False
        self.ways.append(way)
        self.halves.append(half)
        return True

    def _moments(self) -> list[float]:
        return np.linspace(0.0, self.seconds, _MOMENTS).tolist()

    def _way(self, thing: Thing) -> np.ndarray:
        return np.array([thing.place(when) for when in self._moments()])[:, [0, 2]]


def _half(thing: Thing) -> np.ndarray:
    """Measure how far a thing reaches (right, forward), where one could run into it."""
    corners = thing.mesh.corners.reshape(-1, 3)
    low = corners[corners[:, 1] < _LOW]
    if not len(low):
        return np.array([-np.inf, -np.inf])
    wide, long = np.abs(low).max(axis=0)[[0, 2]]
    cosine, sine = abs(np.cos(thing.heading)), abs(np.sin(thing.heading))
    return np.array([cosine * wide + sine * long, cosine * long + sine * wide])


def _ridden(scene: Scene, chance: np.random.Generator, room: _Room, number: int) -> list[Thing]:
    section, mesh = scene.section, motorcycle(chance, lit=True, ridden=True)
    for _ in range(_TRIES):
        side = int(chance.choice([-1, 1]))
        lane = int(chance.integers(section.lanes[side > 0]))
        right = side * section.lane * (lane + 0.5) + chance.normal(0, 0.5)
        heading = 0.0 if side > 0 else np.pi
        pace = scene.camera.speed + chance.uniform(-1, 2) if side > 0 else chance.uniform(6, 13)
        thing = Thing(
            track=f"motorcyclist-{number}", label="motorcyclist", mesh=mesh, heading=heading,
            at=(right, 0.0, chance.uniform(7, 55)), speed=(0.0, side * max(pace, 0.0)),
            lamps=(_BEAM,),
        )  # fmt: skip
        if room.take(thing, (0.25, 1.5)):
            return [thing]
    return []


def _standing(
    scene: Scene, chance: np.random.Generator, room: _Room, label: str, number: int
) -> list[Thing]:
    section = scene.section
    mesh = bicycle(chance) if label == "bicycle" else motorcycle(chance, lit=False, ridden=False)
    for _ in range(_TRIES):
        side = int(chance.choice([-1, 1]))
        # On the pavement along the kerb, or across the parking strip.
        across = section.parking[side > 0] > 2 and chance.random() < 0.5
        right = section.kerb(side) + (-1.1 if across else chance.uniform(0.4, 0.9))
        heading = side * np.pi / 2 if across else 0.0
        thing = Thing(
            track=f"{label}-{number}", label=label, mesh=mesh,
            at=(side * right, 0.0, chance.uniform(5, 45)),
            heading=heading + chance.normal(0, 0.12),
        )  # fmt: skip
        if room.take(thing, (0.05, 0.1)):
            return [thing]
    return []
