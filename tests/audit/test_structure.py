"""What edges and contrast are measured to be: formulas, and what must and must not change them."""

import cv2
import numpy as np
import pytest

from otherlight.audit.structure import contrast, contrast_kept, edges_kept
from otherlight.images.files import Array

BOX = np.array([14.0, 12.0, 44.0, 34.0])


def scene(seed: int = 0) -> Array:
    """A bright thing with parts on a street of smooth noise."""
    chance = np.random.default_rng(seed)
    plane = cv2.GaussianBlur(chance.uniform(60, 120, (48, 60, 3)), (0, 0), 2)
    plane[12:34, 14:44] += 60
    plane[18:24, 18:40] -= 90
    return np.clip(plane, 0, 255).astype(np.uint8)


def without(pixels: Array) -> Array:
    mask = np.zeros(pixels.shape[:2], np.uint8)
    mask[10:36, 12:46] = 1
    return np.asarray(cv2.inpaint(pixels, mask, 3, cv2.INPAINT_TELEA), np.uint8)


def by_loops(before: Array, after: Array) -> float:
    """The formula as it is written: doubled angles, levelled lengths, correlation."""
    planes: list[np.ndarray] = []
    for pixels in (before, after):
        part = pixels[9:37, 11:47].astype(np.float64)  # a tenth of 30 and of 22, rounded outwards
        padded = np.pad(part, ((1, 1), (1, 1), (0, 0)), mode="reflect")
        plane = np.zeros(part.shape[:2], complex)
        for y in range(part.shape[0]):
            for x in range(part.shape[1]):
                total = 0j
                for channel in range(3):
                    near = padded[y : y + 3, x : x + 3, channel]
                    across = (near[:, 2] - near[:, 0]) @ np.array([3, 10, 3]) / 32
                    down = (near[2] - near[0]) @ np.array([3, 10, 3]) / 32
                    total += complex(across, down) ** 2
                plane[y, x] = total / np.sqrt(abs(total)) if total else 0
        level = np.sqrt((np.abs(plane) ** 2).mean())
        planes.append(plane / np.sqrt(np.abs(plane) ** 2 + level**2))
    one, other = planes
    return float(np.real(one * other.conj()).sum() / np.sqrt(
        (np.abs(one) ** 2).sum() * (np.abs(other) ** 2).sum()))  # fmt: skip


def test_edges_kept_is_its_formula():
    assert edges_kept(scene(), scene(1), BOX) == pytest.approx(by_loops(scene(), scene(1)))


def test_light_changes_keep_the_edges():
    before = scene()
    for after in (before // 3, 255 - before, (255 * (before / 255) ** 2.2).astype(np.uint8)):
        assert edges_kept(before, after, BOX) > 0.8


def test_what_is_painted_over_blurred_or_blackened_keeps_little():
    before = scene()
    black = np.random.default_rng(1).integers(0, 6, before.shape).astype(np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(before, (0, 0), 7), np.uint8)
    assert edges_kept(before, without(before), BOX) < 0.2
    assert edges_kept(before, blurred, BOX) < 0.5
    assert edges_kept(before, black, BOX) < 0.1


def test_large_things_are_compared_small():
    before = np.asarray(cv2.resize(scene(), (960, 768), interpolation=cv2.INTER_CUBIC), np.uint8)
    shifted = np.roll(before, 2, axis=1)
    assert edges_kept(before, shifted, BOX * 16) > 0.8


def test_what_has_nothing_to_lose_is_not_a_number():
    grey = np.full((48, 60, 3), 90, np.uint8)
    assert np.isnan(edges_kept(grey, scene(), BOX))
    assert np.isnan(contrast_kept(grey, scene(), BOX))


def test_contrast_is_its_formula_and_falls_with_haze():
    before = scene()
    ring = np.ones((48, 60), bool)
    ring[12:34, 14:44] = False
    outer = np.zeros((48, 60), bool)
    outer[1:45, 0:59] = True  # half of 22 above and below, half of 30 to either side
    box, around = (before[mask].astype(float) for mask in (~ring, ring & outer))
    apart = (box.mean(0) - around.mean(0)) ** 2 + (box.std(0) - around.std(0)) ** 2
    bright = (box.mean() + around.mean()) / 2 + 8
    assert contrast(before, BOX) == pytest.approx(np.sqrt(apart.mean()) / bright)
    haze = (before * 0.1 + 160).astype(np.uint8)
    assert contrast_kept(before, haze, BOX) < 0.1
    assert contrast_kept(before, before, BOX) == pytest.approx(1.0)


def test_a_box_at_the_edge_or_outside_does_no_harm():
    before = scene()
    assert edges_kept(before, before, np.array([-5.0, -5, 8, 8])) == pytest.approx(1.0)
    assert np.isnan(edges_kept(before, before, np.array([70.0, 50, 90, 60])))
    assert contrast(before, np.array([0.0, 0, 60, 48])) == 0.0
