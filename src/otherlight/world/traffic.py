"""Drawing who is on the street by chance: traffic both ways, parked cars, people, cyclists."""

from dataclasses import dataclass, field, replace

import numpy as np

from otherlight.world.people import cyclist, pedestrian
from otherlight.world.scene import CYCLE, Camera, Lamp, Scene, Section, Thing
from otherlight.world.street import draw_section, ground, houses, lamps_and_trees, lights_and_signs
from otherlight.world.vehicles import VEHICLES

_SHARES = {"moving": (0.60, 0.15, 0.13, 0.12), "parked": (0.74, 0.17, 0.07, 0.02)}
_HEADLIGHT = Lamp(at=(0.0, 0.7, 2.2), colour=(1.0, 0.95, 0.85), strength=60.0, beam=True)

_EARLIER, _ASIDE = 8.0, 0.04
"""Another drive past a place begins up to so many metres earlier, and looks so much aside."""


@dataclass
class _Cast:
    """Numbers the things as they come."""

    chance: np.random.Generator
    section: Section
    things: list[Thing] = field(default_factory=lambda: [])

    def vehicle(
        self, at: tuple[float, float], heading: float, speed: float, share: str, *, lit: bool
    ) -> float:
        """Put a vehicle at (right, forward); hand back its length in metres."""
        names = list(VEHICLES)
        label = names[int(self.chance.choice(len(names), p=_SHARES[share]))]
        mesh, length = VEHICLES[label](self.chance, lit=lit)
        self.things.append(
            Thing(
                track=f"{label}-{len(self.things)}", label=label, mesh=mesh,
                at=(at[0], 0.0, at[1] + length / 2), heading=heading,
                speed=(speed * np.sin(heading), speed * np.cos(heading)),
                lamps=(_HEADLIGHT,) if lit else (),
            )
        )  # fmt: skip
        return length


def draw_scene(
    chance: np.random.Generator, seconds: float, drive: np.random.Generator | None = None
) -> Scene:
    """Draw one scene that stays plausible for some seconds of driving.

    With a ``drive`` of its own, ``chance`` draws the street alone, and the drive who is on it,
    where the camera's car begins and what the traffic lights show: the same place, another time.
    """
    section = draw_section(chance)
    junction = chance.uniform(18, 75) if chance.random() < 0.6 else None
    camera = _camera(drive or chance, section)
    cast = _Cast(drive or chance, section)
    _traffic(cast, camera, seconds)
    _parked(cast, junction)
    _side_street(cast, junction)
    _people(cast, junction)
    _cyclists(cast)
    road = Thing(track="ground", mesh=ground(chance, section, junction), at=(0.0, 0.0, 0.0),
                 shadow=False, flat=True)  # fmt: skip
    built = [
        *houses(chance, section, junction),
        *lamps_and_trees(chance, section),
        *lights_and_signs(chance, section, junction),
    ]
    scene = Scene(
        section=section, camera=camera, junction=junction,
        bend=float(np.clip(chance.normal(0, 0.0016), -0.004, 0.004)),
        things=(road, *built, *cast.things), grain=_grain(chance),
    )  # fmt: skip
    return scene if drive is None else _passed(scene, drive)


def _passed(scene: Scene, drive: np.random.Generator) -> Scene:
    """Begin a drive some metres earlier, look a little aside, at another time of the signals."""
    camera = replace(
        scene.camera,
        start=drive.uniform(-_EARLIER, 0.0),
        yaw=scene.camera.yaw + drive.normal(0, _ASIDE),
    )
    wait = drive.uniform(0, CYCLE)
    things = tuple(
        thing if thing.cycle is None else replace(thing, cycle=(thing.cycle + wait) % CYCLE)
        for thing in scene.things
    )
    return replace(scene, camera=camera, things=things)


def _camera(chance: np.random.Generator, section: Section) -> Camera:
    lane = int(chance.integers(section.lanes[1]))
    return Camera(
        right=section.lane * (lane + 0.5) + chance.normal(0, 0.15),
        speed=float(chance.choice([0.0, chance.uniform(4, 14)], p=[0.12, 0.88])),
        height=chance.uniform(1.25, 1.6),
        focal=chance.uniform(0.85, 1.05),
        horizon=chance.uniform(0.40, 0.50),
        yaw=chance.normal(0, 0.03),
        bounce=chance.uniform(0.0, 0.006),
    )


def _traffic(cast: _Cast, camera: Camera, seconds: float) -> None:
    """Fill lanes: those of the camera's way move about as fast, the others come towards it."""
    chance, section = cast.chance, cast.section
    for side, number in zip((-1, 1), section.lanes, strict=True):
        for lane in range(number):
            right = side * section.lane * (lane + 0.5)
            own = side > 0 and abs(right - camera.right) < 1.5
            forward = chance.uniform(9, 40) if own else chance.uniform(2, 30)
            slow = -0.8 if own else chance.uniform(-3, 3)
            pace = camera.speed + slow if side > 0 else chance.uniform(5, 13)
            # A car ahead may not be run into while the camera looks.
            pace = max(pace, camera.speed - (forward - 6) / seconds, 0.0) if own else max(pace, 0.0)
            far = 72 if side > 0 else 72 + (pace + camera.speed) * seconds
            while forward < far:
                place = (right + chance.normal(0, 0.15), forward)
                heading = 0.0 if side > 0 else np.pi
                length = cast.vehicle(place, heading, pace, "moving", lit=True)
                forward += length + chance.uniform(4, 14) + chance.exponential(16)


def _parked(cast: _Cast, junction: float | None) -> None:
    chance, section = cast.chance, cast.section
    for side in (-1, 1):
        if section.parking[side > 0] < 2:
            continue
        right, dense = side * (section.kerb(side) - 1.12), chance.uniform(0.15, 0.75)
        forward = chance.uniform(0, 8)
        while forward < 75:
            blocked = junction is not None and junction - 12 < forward < junction + 17
            if not blocked and chance.random() < dense:
                heading = 0.0 if side > 0 else np.pi
                forward += cast.vehicle((right, forward), heading, 0.0, "parked", lit=False)
            else:
                forward += 5.0
            forward += chance.uniform(0.8, 2.5)


def _side_street(cast: _Cast, junction: float | None) -> None:
    """Let cars wait at the mouths of the side street, seen from their sides or front corners."""
    if junction is None:
        return
    chance, section = cast.chance, cast.section
    for side in (-1, 1):
        if chance.random() < 0.5:
            right = side * (section.kerb(side) + chance.uniform(4.5, 8))
            forward = junction + (8.5 if side > 0 else 2.5)
            cast.vehicle((right, forward), -side * np.pi / 2, 0.0, "moving", lit=True)


def _people(cast: _Cast, junction: float | None) -> None:
    chance, section = cast.chance, cast.section
    for _ in range(int(chance.poisson(7))):
        side = int(chance.choice([-1, 1]))
        wide = section.pavement[side > 0]
        right = side * (section.kerb(side) + chance.uniform(0.3, wide - 0.2))
        together = 2 if chance.random() < 0.2 else 1
        forward = 4 + 46 * chance.random() ** 1.3
        heading = float(chance.choice([0.0, np.pi]))
        for index in range(together):
            _person(cast, (right + 0.6 * index, forward), heading)
    if junction is not None and chance.random() < 0.75:
        for _ in range(int(chance.integers(1, 4))):
            heading = float(chance.choice([-1, 1])) * np.pi / 2
            right = chance.uniform(-section.kerb(-1) - 1, section.kerb(1) + 1)
            _person(cast, (right, junction - 2.2 + chance.uniform(-1.2, 1.2)), heading)


def _person(cast: _Cast, at: tuple[float, float], heading: float) -> None:
    chance = cast.chance
    pace = 0.0 if chance.random() < 0.2 else chance.uniform(0.9, 1.6)
    cast.things.append(
        Thing(
            track=f"pedestrian-{len(cast.things)}", label="pedestrian", mesh=pedestrian(chance),
            at=(at[0], 0.0, at[1]), heading=heading + chance.normal(0, 0.1),
            speed=(pace * np.sin(heading), pace * np.cos(heading)),
            stride=4.5 * pace, phase=chance.uniform(0, 2 * np.pi),
        )
    )  # fmt: skip


def _cyclists(cast: _Cast) -> None:
    chance, section = cast.chance, cast.section
    for _ in range(int(chance.poisson(2.2))):
        side = int(chance.choice([-1, 1]))
        right = side * (section.lane * section.lanes[side > 0] - chance.uniform(0.3, 0.9))
        heading, pace = (0.0 if side > 0 else np.pi), chance.uniform(3, 6)
        cast.things.append(
            Thing(
                track=f"cyclist-{len(cast.things)}", label="cyclist",
                mesh=cyclist(chance, lit=bool(chance.random() < 0.7)),
                at=(right, 0.0, chance.uniform(6, 50)), heading=heading,
                speed=(0.0, pace * np.cos(heading)),
            )
        )  # fmt: skip


def _grain(chance: np.random.Generator) -> np.ndarray:
    """Draw a tile of unevenness for the ground, -1..1."""
    fine = chance.standard_normal((128, 128), np.float32)
    return np.clip(0.45 * fine, -1, 1).astype(np.float32)
