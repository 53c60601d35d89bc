"""On the built-in world the truth is known: what night honestly keeps, and what erasing takes."""

import cv2
import numpy as np
import pytest

from otherlight.audit import AuditConfig
from otherlight.audit.colours import known_state, shown_state
from otherlight.audit.structure import edges_kept
from otherlight.images.files import Array, read_pixels
from otherlight.sets import ImageSet
from otherlight.world import WorldConfig, render_pair


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[ImageSet, ImageSet]:
    config = WorldConfig(images=10, split="test", seed=31, frames_per_sequence=1)
    return render_pair(config, ("day", "night"), tmp_path_factory.mktemp("pair"), workers=1)


def erased(pixels: Array, edges: np.ndarray) -> Array:
    left, top, right, bottom = edges.astype(int).tolist()
    mask = np.zeros(pixels.shape[:2], np.uint8)
    mask[max(top - 2, 0) : bottom + 2, max(left - 2, 0) : right + 2] = 1
    return np.asarray(cv2.inpaint(pixels, mask, 3, cv2.INPAINT_TELEA), np.uint8)


@pytest.mark.slow
def test_an_honest_night_keeps_what_erasing_takes(pair: tuple[ImageSet, ImageSet]):
    day, night = pair
    boxes, least = day.boxes_of(), AuditConfig().edges
    honest: list[float] = []
    gone: list[float] = []
    for row, (light, dark) in enumerate(zip(day.files(), night.files(), strict=True)):
        before, after = read_pixels(light), read_pixels(dark)
        for box in range(boxes.offsets[row], boxes.offsets[row + 1]):
            if not boxes.ignore[box]:
                edges = boxes.edges[box]
                honest.append(edges_kept(before, after, edges))
                gone.append(edges_kept(before, erased(after, edges), edges))
    assert len(honest) > 50
    assert np.mean(np.array(honest) >= least) > 0.9
    assert np.mean(np.array(gone) < least) > 0.9


@pytest.mark.slow
def test_lights_show_their_colour_by_day_and_by_night(pair: tuple[ImageSet, ImageSet]):
    seen: list[bool] = []
    for images in pair:
        files = dict(zip(images.names(), images.files(), strict=True))
        for box in images.boxes.to_pylist():
            if (state := known_state(box["state"])) is not None and not box["ignore"]:
                edges = np.array([box[side] for side in ("left", "top", "right", "bottom")])
                seen.append(shown_state(read_pixels(files[box["image"]]), edges) == state)
    assert len(seen) >= 8
    assert np.mean(seen) > 0.8
