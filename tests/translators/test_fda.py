"""Fourier domain adaptation against the sums that define it, and what the mathematics promises."""

import cmath
import math

import numpy as np
import pytest
import torch

from otherlight.images.tensors import Tones, from_tones, to_tones
from otherlight.translators import context_for
from otherlight.translators.fda import FDA, FDAConfig

CONTEXT = context_for(0, ["a"])


def drawn(seed: int, height: int, width: int, low: float = 0.4, high: float = 0.6) -> Tones:
    chance = np.random.default_rng(seed)
    return chance.uniform(low, high, (height, width, 3)).astype(np.float32)


def fitted(*reference: Tones, beta: float = 0.25, references: int = 100) -> FDA:
    translator = FDA(FDAConfig(beta=beta, references=references), torch.Generator().manual_seed(0))
    translator.fit(from_tones(tones)[None] for tones in reference)
    return translator


def shown(translator: FDA, tones: Tones, key: str = "a") -> Tones:
    context = context_for(0, [key])
    return to_tones(translator.translate(from_tones(tones)[None], context)[0])


def waves(channel: list[list[float]], sign: int) -> list[list[complex]]:
    """The Fourier transform as its double sum."""
    height, width = len(channel), len(channel[0])
    return [
        [
            sum(
                channel[y][x] * cmath.exp(sign * 2j * math.pi * (v * y / height + u * x / width))
                for y in range(height)
                for x in range(width)
            )
            for u in range(width)
        ]
        for v in range(height)
    ]


def by_hand(source: list[list[float]], target: list[list[float]], beta: float) -> list[list[float]]:
    """Equation 3 of the paper: low amplitudes of the target, phases of the source."""
    height, width = len(source), len(source[0])
    reach = math.floor(min(height, width) * beta)
    mixed, wanted = waves(source, -1), waves(target, -1)
    for v in range(-reach, reach + 1):
        for u in range(-reach, reach + 1):
            mixed[v][u] = cmath.rect(abs(wanted[v][u]), cmath.phase(mixed[v][u]))
    back = waves(mixed, 1)  # pyright: ignore[reportArgumentType]
    return [[value.real / (height * width) for value in row] for row in back]


@pytest.mark.parametrize("beta", [0.0, 0.2, 0.4])
def test_it_is_the_papers_equation_for_images_of_one_size(beta: float):
    source, target = drawn(0, 6, 7), drawn(1, 6, 7)
    got = shown(fitted(target, beta=beta), source)
    for channel in range(3):
        wanted = by_hand(source[..., channel].tolist(), target[..., channel].tolist(), beta)
        np.testing.assert_allclose(got[..., channel], wanted, atol=1e-5)


def test_an_image_with_its_own_amplitudes_stays():
    image = drawn(2, 21, 34, 0.0, 1.0)
    np.testing.assert_allclose(shown(fitted(image), image), image, atol=1e-5)


def test_without_a_wave_only_the_mean_colour_comes_over():
    image, dark = drawn(3, 20, 30), drawn(4, 50, 12, 0.3, 0.5)
    got = shown(fitted(dark, beta=0.0), image)
    np.testing.assert_allclose(
        got - image,
        (dark.mean((0, 1)) - image.mean((0, 1)))[None, None].repeat(20, 0).repeat(30, 1),
        atol=1e-5,
    )


def test_light_comes_over_between_images_of_different_sizes():
    # A lamp's pool of light in the middle of the reference, half as large as the image.
    down, across = np.mgrid[0:20, 0:40]
    pool = 0.3 + 0.3 * np.cos(2 * np.pi * (across - 20) / 40) * np.ones_like(down)
    reference = np.repeat(pool[..., None], 3, axis=2).astype(np.float32)
    down, across = np.mgrid[0:40, 0:80]
    faint = 0.5 + 0.01 * np.cos(2 * np.pi * (across - 40) / 80) * np.ones_like(down)
    image = np.repeat(faint[..., None], 3, axis=2).astype(np.float32)
    got = shown(fitted(reference, beta=0.1), image)
    wanted = 0.3 + 0.3 * np.cos(2 * np.pi * (across - 40) / 80)
    np.testing.assert_allclose(got[..., 0], wanted, atol=1e-4)


def test_a_small_reference_changes_no_more_than_it_has():
    image, small = drawn(5, 40, 40), drawn(6, 5, 5)
    got = shown(fitted(small, beta=0.25), image)
    changed = np.abs(np.fft.fft2(got[..., 0].astype(np.float64) - image[..., 0])) > 1e-3
    down, across = np.nonzero(changed)
    assert max(np.minimum(down, 40 - down).max(), np.minimum(across, 40 - across).max()) <= 1


def test_each_image_draws_one_of_the_references_remembered():
    image = drawn(7, 12, 12)
    many = [drawn(n, 12, 12, 0.1, 0.1 + 0.05 * n) for n in range(1, 13)]
    alone = [shown(fitted(one), image) for one in many]
    translator = fitted(*many, references=4)
    state = translator.state()
    assert state["model.reach"].shape == (4,)
    drew = [shown(translator, image, key) for key in map(str, range(60))]
    found = {n for n, one in enumerate(alone) if any(np.array_equal(one, d) for d in drew)}
    assert len(found) == 4
    # Chosen from all of them, not the first that came; and the same ones again.
    assert max(found) > 3
    again = fitted(*many, references=4)
    assert all(torch.equal(value, again.state()[key]) for key, value in state.items())
