"""The discrepancy equals its formula as loops; its p is uniform for equals and small for others."""

import itertools
import math

import pytest
import torch

from otherlight.metrics.distances import discrepancy, look_of


def drawn(seed: int, count: int, values: int = 3, shift: float = 0.0) -> torch.Tensor:
    chance = torch.Generator().manual_seed(seed)
    return torch.randn(count, values, generator=chance) + shift


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def by_loops(some: torch.Tensor, others: torch.Tensor) -> float:
    both = torch.cat([some, others]).double()
    rows = [
        [float(value / both[:, place].std()) for place, value in enumerate(row)] for row in both
    ]

    def square(one: list[float], other: list[float]) -> float:
        return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))

    squares = sorted(square(one, other) for one, other in itertools.combinations(rows, 2))
    median = squares[(len(squares) - 1) // 2]  # torch's: the lower of two

    def kernel(one: list[float], other: list[float]) -> float:
        return math.exp(-square(one, other) / (2 * median))

    first, second = rows[: len(some)], rows[len(some) :]

    def within(sample: list[list[float]]) -> float:
        values = [
            kernel(one, other)
            for i, one in enumerate(sample)
            for j, other in enumerate(sample)
            if i != j
        ]
        return sum(values) / len(values)

    between = [kernel(one, other) for one in first for other in second]
    return within(first) + within(second) - 2 * sum(between) / len(between)


def test_it_equals_the_formula_written_as_loops():
    some, others = drawn(0, 6), drawn(1, 9, shift=0.7)
    value, _ = discrepancy(some, others, 20, generator())
    assert value == pytest.approx(by_loops(some, others), abs=1e-9)


def test_p_is_uniform_when_both_are_of_one_distribution():
    found = [
        discrepancy(drawn(2 * seed, 12), drawn(2 * seed + 1, 15), 39, generator(seed))[1]
        for seed in range(200)
    ]
    for share in (0.1, 0.25, 0.5, 0.75):
        below = sum(p <= share for p in found) / len(found)
        assert below == pytest.approx(share, abs=0.11), share


def test_p_is_small_when_they_differ_and_the_distance_grows():
    near, far = (
        discrepancy(drawn(0, 40), drawn(1, 40, shift=shift), 99, generator())
        for shift in (0.5, 1.5)
    )
    assert near[1] <= 0.05
    assert far[1] == 0.01
    assert far[0] > near[0] > 0.0


def test_two_wild_vectors_do_not_look_nearer_by_a_common_ruler():
    target, day = drawn(0, 60, 40), drawn(1, 60, 40)
    day[:, :4] += 3.0
    near, wild = day.clone(), day.clone()
    near[:, :4] -= 0.5
    wild[:2, :4] = 60.0
    ruler = torch.cat([day, target])

    def away(some: torch.Tensor, by: torch.Tensor | None) -> float:
        return discrepancy(some, target, 20, generator(), by)[0]

    assert away(wild, None) < 0.5 * away(day, None)  # why there is a ruler
    assert away(wild, ruler) > 0.9 * away(day, ruler)
    assert away(near, ruler) < 0.9 * away(day, ruler)
    assert away(day, ruler) == pytest.approx(away(day, None))


def test_what_stood_still_in_the_ruler_does_not_drown_all_else():
    target, day = drawn(0, 30, 5), drawn(1, 30, 5)
    target[:, 4], day[:, 4] = 0.0, 0.0
    made = day.clone()
    made[:, 4] += 1e-4 * drawn(2, 30, 1)[:, 0]
    ruler = torch.cat([day, target])
    found = [discrepancy(each, target, 20, generator(), ruler)[0] for each in (day, made)]
    assert found[1] == pytest.approx(found[0], abs=1e-3)


def test_one_image_is_too_few():
    with pytest.raises(ValueError, match="Two of each are needed; 1 and 5 came"):
        discrepancy(drawn(0, 1), drawn(1, 5), 20, generator())


def test_the_look_tells_tones_and_texture_apart_and_is_the_same_every_time():
    chance = generator(3)
    images = torch.rand(8, 3, 40, 50, generator=chance) * 2 - 1
    assert torch.equal(look_of(images), look_of(images))
    assert look_of(images).shape == (8, 6 + 3 + 2 * 48)
    again = torch.rand(8, 3, 40, 50, generator=chance) * 2 - 1
    darker, smoother = again * 0.5 - 0.5, torch.nn.functional.avg_pool2d(again, 3, 1, 1)
    for other in (darker, smoother):
        assert discrepancy(look_of(images), look_of(other), 99, generator())[1] <= 0.02
    assert discrepancy(look_of(images), look_of(again), 99, generator())[1] > 0.05
