"""Drawing a street by chance: its section, ground, houses, lamps, trees, lights and signs."""

from itertools import pairwise

import numpy as np

from otherlight.world.furniture import House, house, pole, sign, signal_head, street_lamp, tree
from otherlight.world.scene import CYCLE, Lamp, Section, Thing
from otherlight.world.shapes import UP, Colour, Faces, Look, Material, Mesh, box, panel

SODIUM: Colour = (1.0, 0.62, 0.25)
LED: Colour = (1.0, 0.92, 0.78)
_WIDE = 14.0
START, END = -12.0, 250.0
"""The street is built from START to END metres from where the journey begins."""


def draw_section(chance: np.random.Generator) -> Section:
    """Choose lanes and widths."""
    lanes = (int(chance.choice([1, 1, 2])), int(chance.choice([1, 1, 2])))
    parking = tuple(2.3 if chance.random() < 0.65 else 0.4 for _ in range(2))
    return Section(
        lane=chance.uniform(3.0, 3.7),
        lanes=lanes,
        parking=(parking[0], parking[1]),
        pavement=(chance.uniform(2.2, 4.0), chance.uniform(2.2, 4.0)),
        setback=(_setback(chance), _setback(chance)),
    )


def _setback(chance: np.random.Generator) -> float:
    return 0.0 if chance.random() < 0.6 else chance.uniform(1.0, 6.0)


def ground(chance: np.random.Generator, section: Section, junction: float | None) -> Mesh:
    """Lay road, pavements, verges and markings, cut into pieces that can follow a bend."""
    asphalt = chance.uniform(0.30, 0.44)
    road = _ground((asphalt, asphalt, asphalt * 1.03))
    stone = chance.uniform(0.5, 0.64)
    pavement = _ground((stone, stone * 0.98, stone * 0.94))
    kerb = _ground((stone * 1.2, stone * 1.2, stone * 1.17))
    green = chance.uniform(0.3, 0.42)
    verge = _ground((green * 0.8, green, green * 0.45)) if chance.random() < 0.6 else pavement
    faces = Faces()
    for side in (-1, 1):
        edge, front = section.kerb(side), section.front(side)
        walk = edge + section.pavement[side > 0]
        for near, far, look in ((front, 60.0, verge), (walk, front, verge), (edge, walk, pavement),
                                (edge, edge + 0.22, kerb), (0.0, edge, road)):  # fmt: skip
            if far > near:
                _strip(faces, side * near, side * far, look)
    for _ in range(int(chance.integers(3, 12))):
        shade = asphalt * chance.uniform(0.75, 1.2)
        at = (chance.uniform(-section.kerb(-1), section.kerb(1)), 0, chance.uniform(0, 90))
        half = (chance.uniform(0.4, 1.2), chance.uniform(0.6, 5.0))
        faces.add(panel(at, half, UP), _ground((shade, shade, shade)), layer=1)
    _markings(faces, chance, section)
    if junction is not None:
        _crossing(faces, section, junction, road)
    return faces.mesh()


def _ground(colour: Colour) -> Look:
    return Look(colour=colour, material=Material.GROUND)


def _strip(faces: Faces, near: float, far: float, look: Look) -> None:
    """Lay a strip along the road in pieces that grow with distance."""
    cuts = np.concatenate([np.arange(START, 120.0, 6.0), np.arange(120.0, END + 60, 20.0)])
    for start, end in pairwise(cuts):
        centre = ((near + far) / 2, 0, (start + end) / 2)
        faces.add(panel(centre, (abs(far - near) / 2, (end - start) / 2), UP), look)


def _markings(faces: Faces, chance: np.random.Generator, section: Section) -> None:
    white = Look(colour=(0.86, 0.86, 0.84), material=Material.GROUND)
    yellow = Look(colour=(0.85, 0.68, 0.2), material=Material.GROUND)
    middle = yellow if chance.random() < 0.3 else white
    if chance.random() < 0.5:
        _strip_line(faces, 0.0, middle, 6.0, 6.0)
    else:
        _strip_line(faces, 0.0, middle, 3.0, 7.5)
    for side, number in zip((-1, 1), section.lanes, strict=True):
        for lane in range(1, number):
            _strip_line(faces, side * lane * section.lane, white, 3.0, 7.5)
        if section.parking[side > 0] > 1 or chance.random() < 0.5:
            _strip_line(faces, side * number * section.lane, white, 6.0, 6.0)


def _strip_line(faces: Faces, right: float, look: Look, length: float, period: float) -> None:
    for start in np.arange(START, 130.0, period):
        line = panel((right, 0, start + length / 2), (0.08, length / 2), UP)
        faces.add(line, look, layer=2)


def _crossing(faces: Faces, section: Section, at: float, road: Look) -> None:
    """Lay the side street, a zebra crossing before it and the stop line."""
    white = Look(colour=(0.86, 0.86, 0.84), material=Material.GROUND)
    faces.add(panel((0, 0, at + _WIDE / 2), (70.0, _WIDE / 2 - 1.0), UP), road, layer=3)
    left, right = -section.kerb(-1), section.kerb(1)
    for start in np.arange(left + 0.4, right - 0.4, 1.1):
        stripe = panel((start + 0.28, 0, at - 2.2), (0.28, 1.5), UP)
        faces.add(stripe, white, layer=4)
    faces.add(panel((right / 2, 0, at - 5.0), (right / 2, 0.2), UP), white, layer=4)


def houses(chance: np.random.Generator, section: Section, junction: float | None) -> list[Thing]:
    """Line both sides with houses, with gaps, and close the view with a skyline."""
    found: list[Thing] = []
    tall = chance.integers(2, 6)
    for side in (-1, 1):
        forward = START + chance.uniform(-8, 0)
        while forward < END - 40:
            length = chance.uniform(8, 22)
            if junction is not None and forward < junction + _WIDE and forward + length > junction:
                forward = junction + _WIDE
                continue
            plan = House(
                side=side, length=length, shop=bool(chance.random() < 0.35),
                floors=int(np.clip(tall + chance.integers(-1, 3), 1, 7)),
            )  # fmt: skip
            at = (side * (section.front(side) + chance.uniform(0, 0.6)), 0.0, forward)
            if chance.random() < 0.88:
                found.append(Thing(track=f"house-{len(found)}", mesh=house(chance, plan), at=at))
            gap = chance.uniform(1, 9) if chance.random() < 0.4 else 0.0
            forward += length + gap
    return [*found, _skyline(chance)]


def _skyline(chance: np.random.Generator) -> Thing:
    faces = Faces()
    for index in range(26):
        right, shade = -130 + index * 10 + chance.uniform(-3, 3), chance.uniform(0.4, 0.6)
        height, wide = chance.uniform(6, 24), chance.uniform(4, 9)
        low, high = (right - wide, 0, chance.uniform(0, 20)), (right + wide, height, 30)
        look = Look(colour=(shade * 0.95, shade, shade * 1.05))
        faces.add(box(low, high)[[0]], look, part=index)
        for _ in range(4):
            spot = (right + chance.uniform(-3, 3), chance.uniform(2, height), low[2] - 0.1)
            glow = chance.uniform(0.0, 0.5)
            window = Look(
                colour=(shade * 0.7, shade * 0.75, shade * 0.8), material=Material.WINDOW,
                glow=(glow, glow * 0.8, glow * 0.5),
            )  # fmt: skip
            faces.add(panel(spot, (0.7, 0.7), (0, 0, -1)), window, layer=1, part=index)
    return Thing(track="skyline", mesh=faces.mesh(), at=(0.0, 0.0, END), shadow=False)


def lamps_and_trees(chance: np.random.Generator, section: Section) -> list[Thing]:
    """Set street lamps at even distances and trees between them."""
    colour = SODIUM if chance.random() < 0.5 else LED
    period, height = chance.uniform(20, 32), chance.uniform(6.0, 8.5)
    sides = ((-1,), (1,), (-1, 1))[int(chance.integers(3))]
    strength = chance.uniform(22, 40)
    found: list[Thing] = []
    for side in sides:
        right = side * (section.kerb(side) + 0.5)
        arm = -side * chance.uniform(1.2, 2.2)
        mesh = street_lamp(height, arm, colour)
        light = Lamp(at=(arm, height - 0.25, 0.0), colour=colour, strength=strength)
        for forward in np.arange(START + chance.uniform(0, period), 190, period):
            found.append(Thing(track=f"lamp-{len(found)}", mesh=mesh, lamps=(light,),
                               at=(right, 0.0, float(forward)), shadow=False))  # fmt: skip
    trees = chance.random() < 0.6
    for side in (-1, 1) if trees else ():
        right = side * (section.kerb(side) + 0.9)
        for forward in np.arange(chance.uniform(2, 12), 150, chance.uniform(9, 18)):
            if chance.random() < 0.75:
                found.append(Thing(track=f"tree-{len(found)}", mesh=tree(chance),
                                   at=(right, 0.0, float(forward))))  # fmt: skip
    return found


def lights_and_signs(
    chance: np.random.Generator, section: Section, junction: float | None
) -> list[Thing]:
    """Set traffic lights at the junction and signs along the way, all facing the camera."""
    found: list[Thing] = []
    if junction is not None and chance.random() < 0.8:
        cycle = chance.uniform(0, CYCLE)
        for side in (-1, 1):
            for near, height in ((True, 3.1), (False, chance.uniform(3.4, 5.2))):
                if chance.random() < 0.8:
                    arm = -side * chance.uniform(1.5, 3.5) if not near and height > 4.3 else 0.0
                    forward = junction - 4.0 if near else junction + _WIDE
                    at = (side * (section.kerb(side) + 0.5), height, forward)
                    _traffic_light(found, at, arm, cycle)
    for _ in range(int(chance.integers(2, 7))):
        side, forward = (1 if chance.random() < 0.7 else -1), chance.uniform(8, 62)
        right = side * (section.kerb(side) + chance.uniform(0.4, 0.7))
        if junction is None or not junction - 5 < forward < junction + _WIDE:
            _sign(found, (right, chance.uniform(2.1, 2.7), forward), chance)
    return found


def _traffic_light(
    found: list[Thing], at: tuple[float, float, float], arm: float, cycle: float
) -> None:
    """Set a pole at (right, height, forward), and a head on it or at the end of its arm."""
    right, height, forward = at
    post = Thing(track=f"pole-{len(found)}", mesh=pole(height, arm), at=(right, 0.0, forward))
    head = (right + arm, height - 0.3, forward - 0.12)
    light = Thing(
        track=f"traffic_light-{len(found)}", label="traffic_light", mesh=signal_head(), at=head,
        cycle=cycle, shadow=False,
    )  # fmt: skip
    found += [post, light]


def _sign(found: list[Thing], at: tuple[float, float, float], chance: np.random.Generator) -> None:
    right, height, forward = at
    post = Thing(track=f"post-{len(found)}", mesh=pole(height + 0.35), at=(right, 0.0, forward))
    plate = Thing(
        track=f"traffic_sign-{len(found)}", label="traffic_sign", mesh=sign(chance),
        at=(right, height, forward - 0.1), shadow=False,
    )  # fmt: skip
    found += [post, plate]
