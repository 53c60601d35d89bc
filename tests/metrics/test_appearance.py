"""Each figure equals its formula written as loops, and tells what it is there to tell."""

import pytest
import torch
from torch.nn import functional as F

from otherlight.images.tensors import to_pixels
from otherlight.metrics.appearance import (
    contrast,
    gradients,
    grid,
    luminance,
    relief,
    sharpness,
    structure,
    tone_distance,
    tones,
)


def scene(seed: int, count: int = 1, size: tuple[int, int] = (64, 96)) -> torch.Tensor:
    """Smooth patches with some noise: edges and tones in their own places."""
    chance = torch.Generator().manual_seed(seed)
    rough = torch.rand(count, 3, 8, 12, generator=chance) * 2 - 1
    smooth = F.interpolate(rough, size, mode="bicubic", antialias=False)
    return (smooth + 0.02 * torch.randn(smooth.shape, generator=chance)).clamp(-1.0, 1.0)


def test_tone_distance_is_the_least_mean_change_of_a_value():
    some, others = scene(0), scene(1) * 0.5 - 0.3
    expected = 0.0
    for channel in range(3):
        values = [
            sorted(to_pixels(images)[0, channel].flatten().tolist()) for images in (some, others)
        ]
        changes = [abs(a - b) for a, b in zip(*values, strict=True)]
        expected += sum(changes) / len(changes) / 127.5 / 3
    assert tone_distance(tones(some), tones(others)) == pytest.approx(expected, abs=1e-5)
    assert tone_distance(tones(some), tones(some)) == 0.0


def test_gradients_are_central_differences_with_the_edge_repeated():
    grey = luminance(scene(0, size=(7, 9)))
    found = gradients(grey)
    for y in range(7):
        for x in range(9):
            across = (grey[0, y, min(x + 1, 8)] - grey[0, y, max(x - 1, 0)]) / 2
            down = (grey[0, min(y + 1, 6), x] - grey[0, max(y - 1, 0), x]) / 2
            assert found[0, y, x] == pytest.approx(float((across**2 + down**2) ** 0.5), abs=1e-5)


def test_contrast_is_the_mean_deviation_within_windows():
    images = scene(3)
    grey = luminance(images)[0]
    found = [
        grey[y : y + 32, x : x + 32].std(correction=0)
        for y in range(0, 64, 32)
        for x in (0, 32, 64)
    ]
    assert float(contrast(images)) == pytest.approx(float(torch.stack(found).mean()), abs=1e-4)


def test_blur_takes_sharpness_and_haze_takes_contrast():
    images = scene(4) + 0.3 * scene(5, size=(64, 96)).sign()
    blurred = F.avg_pool2d(images, 9, 1, 4)
    assert float(sharpness(blurred)) < 0.6 * float(sharpness(images))
    assert float(contrast(0.3 * images + 0.6)) == pytest.approx(0.3 * float(contrast(images)), 1e-3)


def test_structure_and_relief_know_an_image_in_other_light_from_another_image():
    images = scene(6, 4)
    darker = images * 0.4 - 0.6
    for likeness in (structure(images) @ structure(darker).T, relief(images) @ relief(darker).T):
        assert (likeness.diag() > 0.99).all()
        assert (likeness - likeness.diag().diag()).abs().max() < 0.7
    assert ((relief(-images) * relief(images)).sum(1) < -0.99).all()
    assert ((structure(-images) * structure(images)).sum(1) > 0.99).all()


def test_an_image_without_structure_resembles_nothing():
    flat = torch.zeros(1, 3, 40, 40)
    assert float((structure(flat) @ structure(scene(0)).T).abs()) == 0.0
    assert grid(flat) == 0.0


@pytest.mark.parametrize("period", [2, 4])
def test_grid_gives_the_strength_of_a_checkerboard(period: int):
    rows, columns = torch.meshgrid(torch.arange(64), torch.arange(96), indexing="ij")
    board = ((rows + columns) % period < period // 2).float() - 0.5
    strength = 10.0  # grey levels up and down
    images = torch.zeros(1, 3, 64, 96) + board * 2 * strength / 127.5
    assert grid(images) == pytest.approx(strength, rel=0.15)
    assert grid(scene(0)) < 1.0
    assert grid((scene(0) + images).clamp(-1, 1)) > 5.0


def test_grid_hears_transposed_convolution_and_not_a_smooth_enlargement():
    chance = torch.Generator().manual_seed(0)
    small = scene(1, size=(32, 48))
    kernel = torch.rand(3, 3, 3, 3, generator=chance)
    strided = F.conv_transpose2d(small, kernel / 9, stride=2, padding=1, output_padding=1)
    smooth = F.interpolate(small, scale_factor=2, mode="bilinear")
    assert grid(strided) > 10 * grid(smooth)


def test_grid_says_nothing_of_images_smaller_than_its_window():
    assert grid(scene(0, size=(31, 64))) == 0.0
