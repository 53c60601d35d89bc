"""What is left of an object: all in other light, less when blurred, nothing when painted over."""

import pytest
import torch
from torch.nn import functional as F

from otherlight.metrics.survival import object_kept


def thing(seed: int = 0) -> torch.Tensor:
    chance = torch.Generator().manual_seed(seed)
    rough = torch.rand(1, 1, 6, 8, generator=chance)
    return F.interpolate(rough, (24, 32), mode="nearest")[0, 0]


def test_other_light_keeps_all_and_inversion_does_too():
    assert object_kept(thing(), thing()) == pytest.approx(1.0)
    assert object_kept(thing(), 1.0 - thing()) == pytest.approx(1.0)
    assert object_kept(thing(), 0.3 * thing() + 0.1) == pytest.approx(0.3, abs=1e-5)


def test_it_equals_correlation_and_ratio_written_as_loops():
    before, after = thing(1), 0.7 * thing(1) + 0.3 * thing(2)

    def lengths(grey: torch.Tensor) -> list[float]:
        found: list[float] = []
        for y in range(24):
            for x in range(32):
                across = (grey[y, min(x + 1, 31)] - grey[y, max(x - 1, 0)]) / 2
                down = (grey[min(y + 1, 23), x] - grey[max(y - 1, 0), x]) / 2
                found.append(float(across**2 + down**2) ** 0.5)
        return found

    old, new = lengths(before), lengths(after)
    a, b = sum(old) / len(old), sum(new) / len(new)
    top = sum((x - a) * (y - b) for x, y in zip(old, new, strict=True))
    below = (sum((x - a) ** 2 for x in old) * sum((y - b) ** 2 for y in new)) ** 0.5
    contrast = float(after.std(correction=0) / before.std(correction=0))
    assert object_kept(before, after) == pytest.approx(min(1, contrast, top / below), abs=1e-4)


def test_blur_leaves_less_and_another_thing_or_nothing_leaves_none():
    blurred = F.avg_pool2d(thing()[None], 9, 1, 4, count_include_pad=False)[0]
    found = object_kept(thing(), blurred)
    assert found is not None
    assert found < 0.7
    other = object_kept(thing(), thing(5).roll((2, 2), (0, 1)))  # edges elsewhere
    assert other is not None
    assert other < 0.35
    assert object_kept(thing(), torch.full((24, 32), 0.4)) == 0.0


def test_what_could_not_be_seen_cannot_be_lost():
    assert object_kept(torch.full((24, 32), 0.4), thing()) is None
