"""Night, fog, rain and snow: what the physics promises, and what the guesses see."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from otherlight.images.tensors import Tones, from_tones, to_tones
from otherlight.translators import TRANSLATORS, context_for
from otherlight.translators.particles import Shower, cover
from otherlight.translators.scenery import (
    FAR,
    distance_of,
    filled,
    ground_of,
    linear,
    patches,
    sky_of,
)

CALM: dict[str, Any] = {"uneven": 0.0, "dull": 0.0}


def street(height: int = 72, width: int = 128) -> Tones:
    """A blue sky over dark, coloured, uneven houses and an even grey road."""
    chance = np.random.default_rng(0)
    tones = np.empty((height, width, 3), np.float32)
    sky, road = round(height * 0.3), round(height * 0.5)
    tones[:sky] = (0.6, 0.75, 0.95)
    tones[sky:road] = (0.35, 0.25, 0.2)
    tones[sky:road] += chance.uniform(-0.2, 0.2, (road - sky, width, 1)).astype(np.float32)
    tones[road:] = (0.42, 0.42, 0.43)
    return tones


def shown(name: str, tones: Tones, depth: Tensor | None = None, **options: Any) -> Tones:
    method = TRANSLATORS[name]
    translator = method.build(method.config(**options), torch.Generator())
    context = context_for(0, ["a"], depth)
    return to_tones(translator.translate(from_tones(tones)[None], context)[0])


def even(tone: float, height: int = 24, width: int = 32) -> Tones:
    return np.full((height, width, 3), tone, np.float32)


def at(metres: float, height: int = 24, width: int = 32) -> Tensor:
    return torch.full((1, 1, height, width), metres)


@pytest.mark.parametrize("metres", [5.0, 40.0, 100.0, 200.0])
def test_fog_takes_contrast_as_koschmieder_says(metres: float):
    options = CALM | {"visibility": (100.0, 100.0)}
    white, black = (linear(shown("fog", even(tone), at(metres), **options)) for tone in (0.9, 0.1))
    left = (white - black) / (0.9**2.2 - 0.1**2.2)
    np.testing.assert_allclose(left, math.exp(-math.log(20.0) * metres / 100.0), rtol=2e-3)


def test_at_its_visibility_a_black_thing_keeps_a_twentieth_of_contrast_against_the_air():
    options = CALM | {"visibility": (80.0, 80.0)}
    air = linear(shown("fog", even(0.3), at(math.inf), **options))
    thing = linear(shown("fog", even(0.0), at(80.0), **options))
    np.testing.assert_allclose((air - thing) / air, 0.05, rtol=1e-3)


def test_fog_has_the_air_s_tone_where_nothing_is_hit():
    options = CALM | {"air": (0.7, 0.7)}
    np.testing.assert_allclose(
        shown("fog", street(), at(math.inf, 72, 128), **options), 0.7, atol=0.022
    )


def test_without_depth_fog_hides_the_horizon_and_spares_what_is_near():
    before, after = street(), shown("fog", street(), visibility=(60.0, 60.0))
    near, middle = slice(66, 72), slice(34, 36)
    assert np.abs(after - before)[near].mean() < 0.35 * np.abs(after - before)[middle].mean()
    assert after[middle].std() < 0.35 * before[middle].std()


def test_unknown_depth_is_that_of_the_nearest_known_pixel():
    depth = np.array([[5, np.nan, np.nan, np.nan, 9], [5, -1, np.nan, np.nan, 9]], np.float32)
    near = filled(depth)
    assert near is not None
    assert near[:, :2].tolist() == [[5.0, 5.0]] * 2
    assert near[:, 3:].tolist() == [[9.0, 9.0]] * 2
    assert filled(np.full((2, 2), np.nan, np.float32)) is None


def test_the_sky_is_what_reaches_down_from_the_top_without_an_edge():
    sky = sky_of(street(), None)
    assert sky[:19].mean() > 0.9
    assert sky[24:].max() < 0.15
    assert sky_of(street()[::-1].copy(), None).mean() < 0.1
    framed = np.zeros((92, 128, 3), np.float32)
    framed[10:82] = street()
    assert sky_of(framed, None)[12:28].mean() > 0.8


def test_a_blue_sign_on_an_even_wall_is_no_sky():
    tones = street()
    tones[:, 64:] = (0.3, 0.26, 0.22)
    tones[20:34, 90:104] = (0.1, 0.25, 0.6)
    sky = sky_of(tones, None)
    assert sky[:, 70:].max() < 0.1
    assert sky[:19, :58].mean() > 0.9


def test_known_depth_says_where_the_sky_is():
    depth = np.full((72, 128), 20.0, np.float32)
    depth[:, :64] = np.inf
    sky = sky_of(street(), depth)
    assert sky[:, :60].min() > 0.99
    assert sky[:, 68:].max() < 0.01
    distance = distance_of(street(), depth, sky)
    assert set(np.unique(distance)) == {20.0, FAR}


def test_the_guessed_distance_grows_towards_the_horizon():
    tones = street()
    distance = distance_of(tones, None, sky_of(tones, None))
    assert 1.0 < distance[-1].mean() < 8.0
    rows = distance[40:].mean(axis=1)
    assert (np.diff(rows) < 0.5).all()
    assert distance[:15].min() > 200.0


def test_the_road_is_grey_even_and_low():
    tones = street()
    ground = ground_of(tones, sky_of(tones, None))
    assert ground[55:].mean() > 0.8
    assert ground[:34].max() < 0.1
    green = tones.copy()
    green[36:] = (0.2, 0.5, 0.2)
    assert ground_of(green, sky_of(green, None))[55:].mean() < 0.2


def test_patches_are_even_on_the_whole():
    drawn = patches(np.random.default_rng(0), 90, 160, 12)
    assert abs(float(drawn.mean())) < 0.1
    assert 0.3 < float(drawn.std()) < 0.8


def test_night_is_dark_and_its_sky_no_longer_the_brightest():
    before = street()
    after = shown("night", before, glare=(0, 0), noise=(0.0, 0.0))
    assert after.mean() < 0.35 * before.mean()
    assert after[:15].mean() < 0.3
    assert after[:15].mean() < after[66:].mean()
    unlit: dict[str, Any] = {"headlights": (0.0, 0.0), "ambient": (0.1, 0.1), "glare": (0, 0)}
    assert shown("night", before, **unlit)[:10].mean() < 0.2


def test_glare_shines_and_more_lamps_shine_more():
    few, many = (shown("night", street(), glare=(n, n), noise=(0.0, 0.0)) for n in (0, 12))
    assert few.max() < 0.6
    assert many.max() > 0.8
    assert ((many - few) > 0.3).mean() < 0.1


def test_head_lights_fall_on_what_is_near():
    near, far = (
        shown("night", even(0.5), at(metres), glare=(0, 0), noise=(0.0, 0.0))[12:]
        for metres in (5.0, 80.0)
    )
    assert near.mean() > 1.5 * far.mean()


SHOWER = Shower(number=400, reach=(1.0, 20.0), size=(0.002, 0.004), way=(0.0, 0.15), gusts=0.0)


def covered(shower: Shower, metres: float, size: tuple[int, int] = (144, 256)) -> Tones:
    return cover(shower, np.full(size, metres, np.float32), np.random.default_rng(0))


def test_nothing_is_seen_to_fall_behind_a_surface():
    assert covered(SHOWER, 0.5).max() == 0.0
    assert 0.0 < covered(SHOWER, 4.0).sum() < covered(SHOWER, 100.0).sum()


def test_a_shower_is_the_same_at_any_size_of_image():
    small, large = (covered(SHOWER, 100.0, size) for size in ((144, 256), (576, 1024)))
    assert small.mean() == pytest.approx(large.mean(), rel=0.35)
    assert small.min() >= 0.0
    assert large.max() <= 1.0


def test_streaks_lie_along_their_way():
    falling = covered(SHOWER, 100.0, (576, 1024))
    down, across = (np.abs(np.diff(falling, axis=axis)).sum() for axis in (0, 1))
    assert across > 3.0 * down


def test_hard_rain_streaks_more_and_all_rain_is_dull():
    before = street()
    light, hard = (
        shown("rain", before, hard=(h, h), wet=(0.0, 0.0), visibility=(1e4, 1e4))
        for h in (0.0, 1.0)
    )
    none = np.abs(np.diff(light[:18], axis=1)).mean()
    assert np.abs(np.diff(hard[:18], axis=1)).mean() > none
    for after in (light, hard):
        assert after.mean() < before.mean()
        assert np.ptp(after[5:15], axis=2).mean() < np.ptp(before[5:15], axis=2).mean()


def test_a_wet_road_mirrors_what_stands_over_it():
    before = street()
    before[22:36, 40:60] = (1.0, 0.1, 0.1)
    red = [shown("rain", before, wet=(w, w), hard=(0.0, 0.0))[40:50, 40:60] for w in (0.0, 1.0)]
    dry, wet = (float((r[..., 0] - r[..., 1]).mean()) for r in red)
    assert wet > dry + 0.03


def test_drops_on_the_glass_bend_what_is_behind_them():
    dry, wet = (shown("rain", street(), drops=(n, n)) for n in (0, 40))
    assert 0.005 < (np.abs(dry - wet).max(axis=2) > 0.05).mean() < 0.5


def test_snow_whitens_the_ground_only_if_asked():
    options: dict[str, Any] = {"hard": (0.0, 0.0), "visibility": (1e4, 1e4)}
    bare, white = (shown("snow", street(), ground=(g, g), **options)[60:] for g in (0.0, 1.0))
    assert bare.mean() < 0.5
    assert white.mean() > bare.mean() + 0.2
    # It stays off the houses.
    bare, white = (shown("snow", street(), ground=(g, g), **options)[24:34] for g in (0.0, 1.0))
    assert white.mean() == pytest.approx(bare.mean(), abs=0.02)


def test_flakes_are_light_and_the_storm_has_more():
    options: dict[str, Any] = {"visibility": (1e4, 1e4), "ground": (0.0, 0.0)}
    few, many = (
        shown("snow", even(0.1, 72, 128), at(50.0, 72, 128), **options, hard=(h, h))
        for h in (0.0, 1.0)
    )
    assert many.max() > 0.6
    assert (many > 0.3).mean() > 2.0 * (few > 0.3).mean()
