"""CLAHE: what equalising with a limit promises."""

import numpy as np
import torch

from otherlight.images.tensors import Tones, from_tones, to_tones
from otherlight.translators import context_for
from otherlight.translators.clahe import ClaheConfig, build_clahe


def shown(tones: Tones, config: ClaheConfig | None = None) -> Tones:
    translator = build_clahe(config or ClaheConfig(), torch.Generator())
    return to_tones(translator.translate(from_tones(tones)[None], context_for(0, ["a"]))[0])


def hazy(low: float, high: float, size: int = 128) -> Tones:
    chance = np.random.default_rng(0)
    grey = chance.uniform(low, high, (size, size, 1)).astype(np.float32)
    return np.repeat(grey, 3, axis=2)


def test_it_spreads_what_is_hazy_and_a_higher_limit_spreads_more():
    image = hazy(0.45, 0.55)
    spread = [float(shown(image, ClaheConfig(clip_limit=limit)).std()) for limit in (1.0, 2.0, 8.0)]
    assert float(image.std()) <= spread[0] * 1.05
    assert spread[0] < spread[1] < spread[2]


def test_without_a_limit_a_tile_has_all_tones_alike():
    image = hazy(0.3, 0.6, 256)
    got = shown(image, ClaheConfig(clip_limit=256.0, tiles=(1, 1)))
    # CIELAB's lightness is what is spread; of a grey it is its cube root, near enough.
    assert got.min() < 0.05
    assert got.max() > 0.95


def test_it_works_place_by_place():
    image = hazy(0.4, 0.6)
    image[:, 64:] *= 0.2
    image = image.astype(np.float32)
    got = shown(image, ClaheConfig(clip_limit=8.0))
    ratio = got.reshape(128, 2, 64, 3).std((0, 2, 3)) / image.reshape(128, 2, 64, 3).std((0, 2, 3))
    assert (ratio > 1.5).all()


def test_colours_keep_their_hue():
    chance = np.random.default_rng(1)
    grey = chance.uniform(0.3, 0.5, (64, 64, 1)).astype(np.float32)
    image = (grey * np.array([1.0, 0.8, 0.6], np.float32)).astype(np.float32)
    got = shown(image)
    assert (got[..., 0] > got[..., 1]).all()
    assert (got[..., 1] > got[..., 2]).all()


def test_an_even_image_stays_nearly_even():
    got = shown(np.full((64, 96, 3), 0.5, np.float32))
    assert got.std() < 1e-3


def test_small_images_get_fewer_tiles_and_so_keep_the_order_of_tones():
    image = hazy(0.2, 0.8, 8)
    got = shown(image)[..., 0].ravel()[image[..., 0].ravel().argsort()]
    assert (np.diff(got) > -1e-3).all()
    assert 0.3 < float(got.mean()) < 0.7
