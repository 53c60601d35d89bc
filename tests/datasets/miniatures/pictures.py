"""Small pictures of places: views of one place are alike, those of others are not."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

Picture = np.ndarray
Places = Mapping[str, Sequence[Picture]]


def draw_places(count: int, views: int, size: tuple[int, int] = (64, 48)) -> Places:
    """Draw some views of each place: one coarse pattern, shifted, every third view at night."""
    made: dict[str, list[Picture]] = {}
    for place in range(count):
        coarse = np.random.default_rng(place).integers(0, 256, (6, 8, 3), dtype=np.uint8)
        wide = np.asarray(Image.fromarray(coarse).resize((size[0] + 4 * views, size[1])))
        made[f"place_{place}"] = [
            np.ascontiguousarray(wide[:, 4 * view : 4 * view + size[0]])
            // (4 if view % 3 == 2 else 1)
            for view in range(views)
        ]
    return made


def light_of(picture: Picture) -> str:
    """Say whether a picture was drawn by day or at night."""
    return "night" if picture.mean() < 48 else "day"
