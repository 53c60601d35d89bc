"""What the air between the camera and things does: Koschmieder's law.

L = L0 exp(-beta d) + A (1 - exp(-beta d)): of a thing's light L0 less arrives with distance d, and
the air's own light A takes its place (Koschmieder, Theorie der horizontalen Sichtweite, 1924).
Daylight visibility is 3 / beta: there a black thing keeps 5 % of its contrast.
"""

import numpy as np

from otherlight.world.light import Light, Plain, Space

_LEAST_RISE = 0.004


def clear_share(space: Space, beta: float, layer: float) -> Plain:
    """Say which share of the light behind every pixel arrives: exp(-beta d).

    ``beta`` is by metre along the ray, not along the camera's axis. Sky is seen through a
    ``layer`` of so many metres, so it is veiled most at the horizon.
    """
    length = np.sqrt(space.right**2 + space.up**2 + space.forward**2)
    rise = np.maximum(space.up / length, _LEAST_RISE)
    length += space.sky * (layer / rise - length)
    return np.exp(-np.float32(beta) * length)


def veiled(light: Light, clear: Plain, air: Light) -> Light:
    """Put the air's light before what is seen through it."""
    share = clear[..., None]
    return light * share + air * (1.0 - share)
