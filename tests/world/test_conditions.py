"""Conditions change the light and nothing else."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from otherlight.errors import PlanError
from otherlight.records.seeds import numpy_generator
from otherlight.world import CONDITIONS, WorldConfig
from otherlight.world.labels import label_frame
from otherlight.world.light import developed, glowing
from otherlight.world.scene import CYCLE
from otherlight.world.sequence import Shot, shoot

CONFIG = WorldConfig(images=24, frames_per_sequence=4, seed=3, pool="test")


def _shots(condition: str) -> list[Shot]:
    config = replace(CONFIG, condition=condition)
    if condition not in ("day", "night"):
        return list(islice(shoot(config, 0), 2))
    return [shot for sequence in range(5) for shot in shoot(config, sequence)]


@pytest.fixture(scope="module")
def shots() -> dict[str, list[Shot]]:
    return {name: _shots(name) for name in CONDITIONS}


def test_one_scene_has_the_same_boxes_in_every_condition(shots: dict[str, list[Shot]]):
    for frames in zip(*shots.values(), strict=False):
        first, *others = [label_frame(shot.packed, shot.view) for shot in frames]
        assert first
        assert all(other == first for other in others)


def test_night_is_dark_with_lights_and_day_is_bright(shots: dict[str, list[Shot]]):
    ratios = [
        day.pixels.mean() / night.pixels.mean()
        for day, night in zip(shots["day"], shots["night"], strict=True)
    ]
    # Days come at many exposures, so one may be darker than a lit-up night; few are.
    assert np.mean([ratio > 1.1 for ratio in ratios]) > 0.7
    assert np.mean(ratios) > 1.3
    darkness = np.concatenate([shot.pixels.reshape(-1, 3) for shot in shots["night"]]).mean(axis=1)
    assert 15 < np.median(darkness) < 90
    # Lamps, head lights and windows: a little of every night is as bright as can be.
    assert 0.0005 < (darkness > 235).mean() < 0.05


def test_labelled_things_keep_some_contrast_at_night(shots: dict[str, list[Shot]]):
    """Nothing vanishes altogether: most boxes hold pixels unlike the rim around them."""
    kept: list[bool] = []
    for shot in shots["night"]:
        grey = shot.pixels.astype(np.float32).mean(axis=2)
        for row in label_frame(shot.packed, shot.view):
            if row["ignore"] or row["occlusion_level"] == 2:
                continue
            left, top, right, bottom = (
                int(row[edge]) for edge in ("left", "top", "right", "bottom")
            )
            rim = grey[max(0, top - 3) : bottom + 3, max(0, left - 3) : right + 3]
            inner = grey[top:bottom, left:right]
            spread = abs(inner.max() - np.median(rim)), abs(inner.mean() - rim.mean())
            kept.append(max(spread) > 12)
    assert np.mean(kept) > 0.9


def test_the_same_seed_gives_the_same_pixels_and_another_does_not(shots: dict[str, list[Shot]]):
    for name, before in shots.items():
        again = next(iter(shoot(replace(CONFIG, condition=name), 0)))
        assert (again.pixels == before[0].pixels).all()
    other = next(iter(shoot(replace(CONFIG, seed=4), 0)))
    assert (other.pixels != shots["day"][0].pixels).mean() > 0.5


def test_pools_do_not_share_scenes_unless_they_are_named_alike():
    day, night = WorldConfig(condition="day"), WorldConfig(condition="night")
    test = WorldConfig(condition="day", split="test")
    assert len({day.scenes, night.scenes, test.scenes}) == 3
    assert replace(day, pool="a").scenes == replace(night, pool="a").scenes


def test_frames_of_a_sequence_move(shots: dict[str, list[Shot]]):
    moving = [
        (first.pixels != second.pixels).mean() > 0.5
        for first, second in zip(shots["day"][::4], shots["day"][3::4], strict=True)
    ]
    assert np.mean(moving) > 0.5


@pytest.mark.parametrize("size", [(512, 288), (224, 128), (200, 160), (97, 55)])
def test_any_size_shows_the_same_things_larger(size: tuple[int, int], shots: dict[str, list[Shot]]):
    config = replace(CONFIG, width=size[0], height=size[1])
    shot = next(iter(shoot(config, 0)))
    assert shot.pixels.shape == (size[1], size[0], 3)
    rows = {row["track"]: row for row in label_frame(shot.packed, shot.view)}
    before = shots["day"][0]
    for row in label_frame(before.packed, before.view):
        if row["pixels"] > 400 and row["truncation"] == 0 and row["track"] in rows:
            wide = (row["right"] - row["left"]) * size[0] / 256
            new = rows[row["track"]]
            if new["truncation"] == 0:
                assert new["right"] - new["left"] == pytest.approx(wide, abs=2.5)


def test_an_unknown_condition_is_refused_with_the_nearest_name():
    with pytest.raises(PlanError, match=r"'nigth' came\. Did you mean 'night'\?"):
        WorldConfig(condition="nigth")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"images": 0}, r"\[world\] images must be at least 1; 0 came"),
        ({"width": 8}, r"\[world\] width must be at least 32; 8 came"),
        ({"frames_per_second": 0.0}, "frames_per_second must be above 0"),
        ({"frames_per_second": float("nan")}, "frames_per_second must be above 0; nan came"),
        ({"suffix": ".bmp"}, r"suffix must be .jpg or .png; '.bmp' came"),
    ],
)
def test_wrong_settings_are_named(wrong: dict[str, object], says: str):
    with pytest.raises(PlanError, match=says):
        WorldConfig(**wrong)  # pyright: ignore[reportArgumentType]


def test_noise_has_the_spread_it_is_told_and_glow_keeps_the_share_of_light():
    grey = np.full((64, 64, 3), 0.25, np.float32)
    picture = developed(grey, (0.0, 0.02), numpy_generator(0, "noise"))
    assert picture.mean() == pytest.approx(127.5, abs=0.3)
    assert picture.std() == pytest.approx(0.02 * 255, rel=0.03)
    point = np.zeros((65, 65, 3), np.float32)
    point[32, 32] = 100
    for radius in (1.0, 3.0):
        assert glowing(point, ((radius, 0.3),)).sum() == pytest.approx(30 * 3, rel=0.12)


def test_traffic_lights_go_from_green_over_yellow_to_red(shots: dict[str, list[Shot]]):
    light = next(
        thing
        for shot in shots["day"]
        for thing in shot.packed.scene.things
        if thing.cycle is not None
    )
    light = replace(light, cycle=0.0)
    seen = [light.state(second) for second in np.arange(0, CYCLE + 0.1, 0.4)]
    order = [name for name, before in zip(seen, [None, *seen], strict=False) if name != before]
    assert order == ["green", "yellow", "red", "green"]
