"""What a scene is: a street, the things on it, and the car that drives along with the camera.

Places are in road coordinates, metres: right of the middle line, up, forward along the road; a
bend shifts everything sideways with the square of its distance. Nothing here knows about light.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32

from otherlight.world.shapes import Colour, Mesh

CLASSES = (
    "car", "van", "truck", "bus", "pedestrian", "cyclist", "traffic_light", "traffic_sign",
)  # fmt: skip
"""What is labelled, in the order of every world set."""

VIEW = 170.0
"""Metres ahead within which single things are drawn; beyond stands a skyline."""

_GREEN, _YELLOW = 4.0, 1.2
CYCLE = 2 * _GREEN + _YELLOW
"""Seconds from one green to the next: 4 green, 1.2 yellow, 4 red."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lamp:
    """A light that shines on other things: at (right, up, forward) of its thing.

    ``beam`` lamps shine along their thing's heading, the others downwards. ``strength`` is in the
    units of an irradiance of 1 at one metre.
    """

    at: tuple[float, float, float]
    colour: Colour
    strength: float
    beam: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Thing:
    """One thing on the street; ``label`` None means that it is drawn but not labelled.

    ``heading`` 0 looks ahead, pi towards the camera. ``speed`` is (right, forward) in m/s.
    ``stride`` is in radians a second. ``cycle`` is a traffic light's offset in seconds.
    """

    track: str
    mesh: Mesh
    at: tuple[float, float, float]
    label: str | None = None
    heading: float = 0.0
    speed: tuple[float, float] = (0.0, 0.0)
    stride: float = 0.0
    phase: float = 0.0
    cycle: float | None = None
    lamps: tuple[Lamp, ...] = ()
    shadow: bool = True
    flat: bool = False

    def place(self, seconds: float) -> tuple[float, float, float]:
        """Say where it is after some seconds."""
        right, up, forward = self.at
        return right + self.speed[0] * seconds, up, forward + self.speed[1] * seconds

    def state(self, seconds: float) -> str | None:
        """Name a traffic light's colour: red, yellow or green; None for anything else."""
        if self.cycle is None:
            return None
        within = (self.cycle + seconds) % CYCLE
        if within < _GREEN:
            return "green"
        return "yellow" if within < _GREEN + _YELLOW else "red"


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """The street cut across: lanes and parking strips by side (left, right), widths in metres."""

    lane: float
    lanes: tuple[int, int]
    parking: tuple[float, float]
    pavement: tuple[float, float]
    setback: tuple[float, float]

    def kerb(self, side: int) -> float:
        """Distance from the middle line to a kerb; side is -1 left, 1 right."""
        index = side > 0
        return self.lane * self.lanes[index] + self.parking[index]

    def front(self, side: int) -> float:
        """Distance from the middle line to the houses."""
        index = side > 0
        return self.kerb(side) + self.pavement[index] + self.setback[index]


@dataclass(frozen=True, kw_only=True, slots=True)
class Camera:
    """The dash-cam and its car: ``focal`` in widths of the image, ``horizon`` in heights from top.

    ``yaw`` is where the middle of the image looks, in radians to the right; ``start`` is how far
    along the road the journey begins, in metres.
    """

    right: float
    speed: float
    height: float
    focal: float
    horizon: float
    yaw: float
    bounce: float
    start: float = 0.0

    def travelled(self, seconds: float) -> float:
        """Say how far along the road the camera is after some seconds."""
        return self.start + self.speed * seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Everything that conditions render; the same object for day and night."""

    section: Section
    camera: Camera
    bend: float
    junction: float | None
    things: tuple[Thing, ...] = field(repr=False)
    grain: Float32[np.ndarray, "128 128"] = field(repr=False)
