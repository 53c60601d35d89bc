"""Snow: white on ground, roofs and trees, worn off in the tracks; flakes in the air."""

from dataclasses import dataclass

import numpy as np

from otherlight.world.air import clear_share, veiled
from otherlight.world.clouds import Tile, draw_tile, on_ground
from otherlight.world.dull import Dull, draw_dull, dull_faces, dull_shade, dull_sky
from otherlight.world.exposure import Exposure, draw_exposure, taken
from otherlight.world.falling import Falling, falling
from otherlight.world.lamps import emitted
from otherlight.world.light import (
    Picture,
    Plain,
    Space,
    covered,
    glowing,
    grained,
    on_road,
    shown,
    space_of,
)
from otherlight.world.project import Packed
from otherlight.world.scene import Thing
from otherlight.world.shapes import Material
from otherlight.world.view import SKY, View

_WHITE = np.array([0.80, 0.83, 0.88], np.float32)
_GLOW = {
    Material.HEADLIGHT: 3.0, Material.TAILLIGHT: 1.2, Material.WINDOW: 0.12, Material.LAMP: 0.8,
}  # fmt: skip
_HALO = ((0.5, 0.08), (1.8, 0.05))
_TRACK, _TYRES = 0.75, 0.2
"""Metres from a lane's middle to a wheel's track, and how wide that is worn."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Snow:
    """The snow of one sequence: ``lying`` 0 to 1 on the road, ``worn`` where wheels went."""

    dull: Dull
    beta: float
    lying: float
    worn: float
    drifts: Tile
    flakes: Falling
    exposure: Exposure


def draw_snow(chance: np.random.Generator) -> Snow:
    """Choose how much lies, and how hard it still falls."""
    hard = chance.random()
    flakes = Falling(
        number=int(150 + 1100 * hard), reach=(1.6, 40.0), fall=1.3,
        wind=(chance.normal(0, 1.0), chance.normal(0, 0.6)), gusts=0.5,
        shutter=chance.uniform(0.003, 0.008), size=0.007,
    )  # fmt: skip
    return Snow(
        dull=draw_dull(chance, (0.55, 0.85), bounce=0.55),
        beta=0.002 + 0.012 * hard,
        lying=chance.uniform(0.35, 0.95),
        worn=chance.uniform(0.35, 0.8),
        drifts=draw_tile(chance, slope=1.6),
        flakes=flakes,
        exposure=draw_exposure(chance, (0.65, 1.0), (0.6, 0.95)),
    )


def render_snow(packed: Packed, view: View, mood: Snow, chance: np.random.Generator) -> Picture:
    """Light one frame in snow."""
    space = space_of(view)
    table = dull_faces(view, mood.dull, _laden(packed, view))
    light = shown(table, view)
    white = _WHITE * mood.dull.sky * np.float32(1.0 + 0.25 * mood.dull.clear[1])
    lies = _lying(packed, view, space, mood) * covered(view.material == Material.GROUND, view)
    light += lies[..., None] * (white - light)
    shade = dull_shade(packed, view, space) * (1.0 + 0.06 * grained(view, space, packed))
    light *= shade[..., None]
    shining = shown(emitted(packed, view, _GLOW, 1.4), view)
    sky = dull_sky(view, mood.dull)
    light += shining + sky * covered(np.arange(len(view.thing)) == SKY, view)[..., None]
    light = veiled(light, clear_share(space, mood.beta, 60.0), sky)
    light += glowing(shining, _HALO)
    flakes = falling(packed, view, space, mood.flakes, chance)[..., None]
    light += 0.85 * flakes * (sky.max(axis=(0, 1)) - light)
    return taken(light, view, mood.exposure, chance)


def _laden(packed: Packed, view: View) -> np.ndarray:
    """Colour faces by the snow that lies on them: as far as they look up, trees throughout.

    What moves, or waits with its lights on, has lost most of it, and its glass all.
    """
    things = packed.scene.things
    still = np.array([_left_standing(thing) for thing in things] + [True])[view.thing]
    tree = np.array([thing.track.startswith("tree") for thing in things] + [False])[view.thing]
    rises = np.clip((view.normal[:, 1] - 0.25) / 0.4, 0.0, 1.0)
    lies = rises * np.where(still, 0.95, 0.4) * (view.material != Material.GROUND)
    lies[~still & (view.material == Material.GLASS)] = 0.0
    leaves = np.flatnonzero(tree & (np.abs(view.normal[:, 2]) > 0.9))
    lies[leaves] = _on_leaves(view, leaves)
    white = np.repeat(_WHITE[None], len(lies), axis=0)
    # Leaves are drawn upright, but the snow on them looks up.
    white[leaves] *= np.float32(1.5)
    return view.colour + lies[:, None].astype(np.float32) * (white - view.colour)


def _left_standing(thing: Thing) -> bool:
    return thing.label is None or (thing.speed == (0.0, 0.0) and not thing.lamps)


def _on_leaves(view: View, leaves: np.ndarray) -> np.ndarray:
    """Lay more snow on a tree's upper leaves than on its lower ones."""
    down, tree = view.polygon[leaves, :, 1].mean(axis=1), view.thing[leaves]
    count = np.maximum(np.bincount(tree), 1)
    middle = np.bincount(tree, down) / count
    spread = np.sqrt(np.bincount(tree, (down - middle[tree]) ** 2) / count)
    return np.clip(0.5 - 0.3 * (down - middle[tree]) / (spread[tree] + 1.0), 0.05, 0.92)


def _lying(packed: Packed, view: View, space: Space, mood: Snow) -> Plain:
    """Say how much of the ground is white: pavements wholly, the road less, least in its tracks."""
    section, (right, along) = packed.scene.section, on_road(packed, view, space)
    drift = on_ground(mood.drifts, right, along, 20.0)
    fine = on_ground(mood.drifts, right, along, 4.0)
    road = mood.lying + 0.2 * drift + 0.1 * fine
    for side, number in zip((-1, 1), section.lanes, strict=True):
        for lane in range(number):
            middle = side * section.lane * (lane + 0.5)
            aside = np.abs(np.abs(right - np.float32(middle)) - np.float32(_TRACK)) / _TYRES
            road = road - mood.worn * np.exp(-(aside**2)) * np.clip(0.9 + 0.3 * fine, 0, 1)
    kerb = np.where(right < 0, section.kerb(-1), section.kerb(1))
    beyond = np.clip((np.abs(right) - kerb) * 4.0, 0.0, 1.0)
    walk = np.clip(0.93 + 0.07 * drift, 0.0, 1.0)
    road = np.clip(road, 0.0, 1.0)
    return (road + beyond * (walk - road)).astype(np.float32)
