"""Colour transfer by its equations, written as loops."""

import math

import numpy as np
import pytest
import torch

from otherlight.images.tensors import Tones, from_tones, to_tones
from otherlight.translators import context_for
from otherlight.translators.reinhard import Reinhard, ReinhardConfig, from_lab, to_lab

CONTEXT = context_for(0, ["a"])


def drawn(seed: int, height: int, width: int, low: float = 0.05, high: float = 0.9) -> Tones:
    chance = np.random.default_rng(seed)
    return chance.uniform(low, high, (height, width, 3)).astype(np.float32)


def fitted(*reference: Tones, take: str = "drawn") -> Reinhard:
    translator = Reinhard(ReinhardConfig(take=take), torch.Generator())  # pyright: ignore
    translator.fit(from_tones(tones)[None] for tones in reference)
    return translator


def shown(translator: Reinhard, tones: Tones) -> Tones:
    return to_tones(translator.translate(from_tones(tones)[None], CONTEXT)[0])


def lab_by_hand(pixel: list[float]) -> list[float]:
    red, green, blue = pixel
    long = math.log10(0.3811 * red + 0.5783 * green + 0.0402 * blue)
    middle = math.log10(0.1967 * red + 0.7244 * green + 0.0782 * blue)
    short = math.log10(0.0241 * red + 0.1288 * green + 0.8444 * blue)
    return [
        (long + middle + short) / math.sqrt(3),
        (long + middle - 2 * short) / math.sqrt(6),
        (long - middle) / math.sqrt(2),
    ]


def test_l_alpha_beta_is_the_papers():
    tones = drawn(0, 3, 4)
    wanted = [[lab_by_hand(pixel.tolist()) for pixel in row] for row in tones]
    np.testing.assert_allclose(to_lab(tones), wanted, atol=1e-6)
    np.testing.assert_allclose(from_lab(to_lab(tones)), tones, atol=1e-6)


def test_it_is_the_papers_equation_pixel_by_pixel():
    image, reference = drawn(1, 4, 5, 0.3, 0.6), drawn(2, 6, 3, 0.3, 0.6)
    got = shown(fitted(reference), image)
    source = [lab_by_hand(p.tolist()) for p in image.reshape(-1, 3)]
    target = [lab_by_hand(p.tolist()) for p in reference.reshape(-1, 3)]
    moved: list[list[float]] = []
    for pixel in source:
        channels: list[float] = []
        for c in range(3):
            a, b = [p[c] for p in source], [p[c] for p in target]
            mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
            spread_a = math.sqrt(sum((v - mean_a) ** 2 for v in a) / len(a))
            spread_b = math.sqrt(sum((v - mean_b) ** 2 for v in b) / len(b))
            channels.append((pixel[c] - mean_a) * spread_b / spread_a + mean_b)
        moved.append(channels)
    wanted = from_lab(np.array(moved).reshape(4, 5, 3)).clip(0, 1)
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_an_image_with_its_own_colours_stays():
    image = drawn(3, 8, 9)
    np.testing.assert_allclose(shown(fitted(image), image), image, atol=1e-5)


def test_one_reference_is_drawn_or_their_mean_is_taken():
    image, references = drawn(4, 8, 8), [drawn(n, 8, 8, 0.1, 0.2 * n) for n in (2, 3, 4)]
    alone = [shown(fitted(one), image) for one in references]
    drew = fitted(*references)
    found: set[int] = set()
    for key in "abcdefghij":
        context = context_for(0, [key])
        got = to_tones(drew.translate(from_tones(image)[None], context)[0])
        found |= {n for n, one in enumerate(alone) if np.array_equal(got, one)}
    assert found == {0, 1, 2}
    mean = shown(fitted(*references, take="mean"), image)
    assert not any(np.array_equal(mean, one) for one in alone)
    assert mean.mean() == pytest.approx(np.mean([one.mean() for one in alone]), abs=0.05)


def test_a_grey_image_gets_no_coloured_noise():
    grey = np.repeat(drawn(5, 16, 16)[..., :1], 3, axis=2)
    grey[..., 0] += np.float32(0.001) * drawn(6, 16, 16)[..., 0]
    got = shown(fitted(drawn(7, 16, 16)), grey)
    chroma = to_lab(got)[..., 1:]
    assert chroma.std((0, 1)).max() < 0.2 * to_lab(drawn(7, 16, 16))[..., 1:].std((0, 1)).min()
