"""Losses of style transfer, by their equations written as loops."""

import pytest
import torch

from otherlight.losses.style import (
    content_loss,
    gram,
    gram_loss,
    statistics,
    statistics_loss,
    total_variation,
)


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_content_is_half_the_sum_of_squares():
    found, wanted = drawn(1, 2, 3, 4), drawn(1, 2, 3, 4, seed=1)
    pairs = zip(found.flatten().tolist(), wanted.flatten().tolist(), strict=True)
    total = sum((f - p) ** 2 for f, p in pairs) / 2
    torch.testing.assert_close(content_loss(found, wanted), torch.tensor(total))


def test_gram_and_its_loss_equal_their_sums():
    found, wanted = drawn(1, 3, 2, 5), drawn(1, 3, 2, 5, seed=1)
    grams = [
        [
            [
                sum(image[0, i, y, x] * image[0, j, y, x] for y in range(2) for x in range(5))
                for j in range(3)
            ]
            for i in range(3)
        ]
        for image in (found, wanted)
    ]
    torch.testing.assert_close(gram(found), torch.tensor(grams[0])[None])
    total = sum((grams[0][i][j] - grams[1][i][j]) ** 2 for i in range(3) for j in range(3))
    torch.testing.assert_close(
        gram_loss(gram(found), gram(wanted), 3, 10), total / (4 * 3**2 * 10**2)
    )


@pytest.mark.parametrize("power", [0.5, 1.0, 1.25])
def test_total_variation_equals_its_sum(power: float):
    image = drawn(1, 3, 4, 5)
    total = 0.0
    for channel in range(3):
        for y in range(3):
            for x in range(4):
                here = image[0, channel, y, x]
                down = (here - image[0, channel, y + 1, x]) ** 2
                right = (here - image[0, channel, y, x + 1]) ** 2
                total += float((down + right) ** power)
    torch.testing.assert_close(total_variation(image, power), torch.tensor(total))


def test_total_variation_of_a_flat_image_has_a_slope():
    flat = torch.zeros(1, 3, 4, 4, requires_grad=True)
    total_variation(flat, 0.5).backward()
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


def test_statistics_and_their_loss_equal_their_sums():
    found, wanted = drawn(2, 3, 4, 5), drawn(2, 3, 4, 5, seed=1) * 2 + 1
    tables = []
    for images in (found, wanted):
        rows = [[images[b, c].flatten().tolist() for c in range(3)] for b in range(2)]
        means = [[sum(v) / 20 for v in row] for row in rows]
        deviations = [
            [(sum((x - m) ** 2 for x in v) / 20) ** 0.5 for v, m in zip(row, mean, strict=True)]
            for row, mean in zip(rows, means, strict=True)
        ]
        tables.append((torch.tensor(means), torch.tensor(deviations)))
    (mean, deviation), (wanted_mean, wanted_deviation) = tables
    torch.testing.assert_close(statistics(found), torch.stack([mean, deviation], 1))
    total = (mean - wanted_mean).square().mean() + (deviation - wanted_deviation).square().mean()
    torch.testing.assert_close(statistics_loss(statistics(found), statistics(wanted)), total)
