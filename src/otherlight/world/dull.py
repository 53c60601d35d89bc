"""Light under a closed sky, which overcast, fog, rain and snow share.

All light comes from the clouds, so there are no shadows to speak of: surfaces are bright as far as
they look up (the sky of Moon and Spencer, 1942, is brighter above than at the horizon), and dark
where something stands close over or beside them.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from otherlight.world.clouds import Tile, draw_tile, heights, overhead
from otherlight.world.light import Light, Plain, Space, under
from otherlight.world.project import Packed
from otherlight.world.shapes import Material
from otherlight.world.view import View


@dataclass(frozen=True, kw_only=True, slots=True)
class Dull:
    """The light of one sequence under clouds; colours are linear.

    ``sky`` falls on what looks straight up, ``bounce`` is what the ground sends back up,
    ``clear`` points to where the clouds are a little thinner, ``depth`` says how uneven they are.
    """

    sky: np.ndarray
    bounce: float
    clear: np.ndarray
    clouds: Tile
    depth: float


def draw_dull(
    chance: np.random.Generator, power: tuple[float, float], *, bounce: float = 0.12
) -> Dull:
    """Choose how thick the clouds are, between two powers of light."""
    strength, cold = chance.uniform(*power), chance.normal(0, 0.03)
    around = chance.uniform(0, 2 * np.pi)
    return Dull(
        sky=np.array([strength * (0.97 - cold), strength, strength * (1.03 + cold)], np.float32),
        bounce=bounce,
        clear=np.array([np.cos(around) * 0.6, 0.5, np.sin(around) * 0.6], np.float32),
        clouds=draw_tile(chance, slope=1.7, stretch=chance.uniform(0.5, 1.0)),
        depth=chance.uniform(0.05, 0.16),
    )


def dull_faces(view: View, dull: Dull, colour: np.ndarray | None = None) -> np.ndarray:
    """Light every face by the sky it sees and the ground's bounce; glass mirrors some sky.

    ``colour`` stands for the faces' own, such as under snow.
    """
    upward = view.normal[:, 1:2]
    seen = (1.0 + upward) / 2
    # Clouds are three times as bright above as at the horizon.
    shine = 0.55 * seen + 0.45 * seen**2 + dull.bounce * (1.0 - seen)
    shine = shine * (1.0 + 0.25 * (view.normal @ dull.clear)[:, None])
    table = (view.colour if colour is None else colour) * shine * dull.sky
    glass = np.isin(view.material, (Material.GLASS, Material.WINDOW))
    table[glass] += 0.09 * dull.sky
    return table.astype(np.float32)


def dull_shade(packed: Packed, view: View, space: Space) -> Plain:
    """Say how much of the sky's light is left close under things and low between the houses."""
    close = under(packed, view)
    soft = cv2.blur(close, (max(1, view.lens.width // 40), max(1, view.lens.height // 50)))
    left = 1.0 - (0.5 * close + 0.4 * soft) * space.ground
    high = np.clip((space.up + packed.scene.camera.height) / 7.0, 0.0, 1.0)
    return left * (1.0 - 0.28 * (1.0 - high) * (1.0 - space.ground))


def dull_sky(view: View, dull: Dull) -> Light:
    """Paint the clouds; as bright as what they light, and lightest towards the horizon."""
    steep = np.maximum(heights(view), 0.0)
    base = 0.86 + 0.22 * np.exp(-5.0 * steep) - 0.12 * np.minimum(steep, 1.0)
    uneven = overhead(view, dull.clouds, 9.0)
    return (base * (1.0 + dull.depth * uneven))[..., None] * dull.sky
