"""Every weather does what its physics says, beside leaving the scene alone."""

from dataclasses import replace

import numpy as np
import pytest

from otherlight.errors import PlanError
from otherlight.records.seeds import numpy_generator
from otherlight.world import CONDITIONS, WorldConfig
from otherlight.world.air import clear_share, veiled
from otherlight.world.clouds import draw_tile
from otherlight.world.dull import dull_sky
from otherlight.world.falling import Falling, falling
from otherlight.world.fog import draw_fog, render_fog
from otherlight.world.glass import Drops, through_drops
from otherlight.world.labels import instances
from otherlight.world.light import covered, shown, space_of
from otherlight.world.mirror import mirror_share, mirrored, wetness
from otherlight.world.night import render_night
from otherlight.world.night_rain import draw_night_rain, render_night_rain
from otherlight.world.project import Packed, pack
from otherlight.world.rain import draw_rain
from otherlight.world.scene import Thing
from otherlight.world.sequence import shoot
from otherlight.world.shade import sunlit
from otherlight.world.shapes import Faces, Look, Material, box
from otherlight.world.snow import draw_snow, render_snow
from otherlight.world.sunset import Sunset, draw_sunset, render_sunset
from otherlight.world.view import View, look

Views = list[tuple[Packed, View]]
SIZE = (256, 144)


def _chance(*purpose: str | int) -> np.random.Generator:
    return numpy_generator(1, *purpose)


def _block(packed: Packed, at: tuple[float, float], high: float = 3.0) -> tuple[Packed, View]:
    """Leave nothing of a scene but its ground and one white block at (right, forward)."""
    faces = Faces()
    faces.add(box((-1, 0, -0.1), (1, high, 0.1)), Look(colour=(1, 1, 1)))
    block = Thing(track="block", mesh=faces.mesh(), at=(at[0], 0.0, at[1]))
    camera = replace(packed.scene.camera, right=0.0, yaw=0.0, speed=0.0)
    ground = next(thing for thing in packed.scene.things if thing.flat)
    alone = pack(replace(packed.scene, things=(ground, block), camera=camera, bend=0.0))
    return alone, look(alone, SIZE, 0.0)


@pytest.mark.parametrize("name", CONDITIONS)
def test_every_condition_says_its_hour_and_weather(name: str):
    assert CONDITIONS[name].timeofday in {"day", "night", "twilight"}
    assert CONDITIONS[name].weather in {"clear", "overcast", "rain", "snow", "fog"}


def test_fog_takes_the_distance_by_koschmieders_law(views: Views):
    _, view = views[0]
    space = space_of(view)
    surface = (space.sky == 0) & (space.forward < 300)
    way = np.sqrt(space.right**2 + space.up**2 + space.forward**2)
    thin, thick = (clear_share(space, beta, 80.0) for beta in (0.02, 0.06))
    assert thin[surface] == pytest.approx(np.exp(-0.02 * way[surface]), rel=1e-4)
    assert thick[surface] == pytest.approx(thin[surface] ** 3, rel=1e-3)
    things, air = (np.full((144, 256, 3), level, np.float32) for level in (0.1, 1.0))
    seen = veiled(things, thin, air)
    assert seen[surface] == pytest.approx(1 - 0.9 * np.stack([thin[surface]] * 3, 1), rel=1e-4)


def test_denser_fog_leaves_the_near_and_swallows_the_far(views: Views):
    near: list[float] = []
    far: list[float] = []
    for packed, view in views[::6]:
        moods = [draw_fog(_chance("fog"), beta) for beta in (0.005, 0.06)]
        thin, thick = (
            render_fog(packed, view, mood, _chance("noise")).astype(float) for mood in moods
        )
        depth, ground = space_of(view).forward, view.material[view.sampled()] != Material.SKY
        close, distant = ground & (depth < 8), ground & (depth > 50)
        near.append(thick[close].std() / thin[close].std())
        far.append(thick[distant].std() / thin[distant].std())
    assert np.mean(near) > 0.5
    assert np.mean(far) < 0.3


def test_the_density_of_fog_is_drawn_or_given_and_told():
    config = WorldConfig(condition="fog", images=1)
    drawn = float(next(iter(shoot(config, 0))).words["beta"])
    assert 0.015 <= drawn <= 0.08
    assert next(iter(shoot(replace(config, beta=0.03), 0))).words == {"beta": "0.03"}
    assert next(iter(shoot(replace(config, condition="day"), 0))).words == {}
    for wrong in ({"beta": 0.03}, {"beta": -1.0, "condition": "fog"}):
        with pytest.raises(PlanError, match="beta is the density of fog by metre, above 0"):
            WorldConfig(**wrong)  # pyright: ignore[reportArgumentType]
    with pytest.raises(PlanError, match="nan came for 'fog'"):
        WorldConfig(condition="fog", beta=float("nan"))


def test_the_wet_road_mirrors_what_stands_on_it_at_its_place(views: Views):
    packed, view = _block(views[0][0], (0.5, 25.0))
    table = np.zeros((len(view.thing), 3), np.float32)
    table[view.thing == 1] = 1.0
    down, across = np.nonzero(instances(view) == 1)
    dark = np.zeros((SIZE[1], SIZE[0], 3), np.float32)
    found = mirrored(view, table, dark, 1e-3)[..., 0] > 0.5
    below, aside = np.nonzero(found)
    assert below.min() == pytest.approx(down.max() + 1, abs=1.5)
    assert np.ptp(below) == pytest.approx(np.ptp(down), abs=2)
    assert (aside.min(), aside.max()) == pytest.approx((across.min(), across.max()), abs=1)
    share = mirror_share(packed, space_of(view))
    assert share[-1].max() < share[round(view.lens.down) + 4].min()


def test_where_nothing_stands_the_wet_road_mirrors_the_sky(views: Views):
    _, view = _block(views[0][0], (500.0, 12.0))
    mood = draw_rain(_chance("rain"))
    sky = dull_sky(view, mood.dull)
    found = mirrored(view, np.zeros((len(view.thing), 3), np.float32), sky, 1e-3)
    row = int(view.lens.down)
    assert found[row + 20] == pytest.approx(sky[row - 21], rel=0.05)


def test_grass_drinks_what_stands_on_the_road(views: Views):
    packed, view = _block(views[0][0], (500.0, 12.0))
    space, section = space_of(view), packed.scene.section
    wet = wetness(packed, view, space, draw_tile(_chance("puddles")))
    paved = section.kerb(1) + section.pavement[1]
    near = (space.ground > 0) & (space.forward < 60)
    grass, road = near & (space.right > paved + 0.5), near & (abs(space.right) < section.kerb(-1))
    assert wet[grass].mean() < 0.5 * wet[road].mean()


def test_a_wet_night_shows_lamps_in_a_road_that_is_darker_else(views: Views):
    wetter: list[float] = []
    for index, (packed, view) in enumerate(views[::6]):
        mood = draw_night_rain(_chance("night", index))
        dry = render_night(packed, view, mood.dark, _chance("noise")).mean(axis=2)
        wet = render_night_rain(packed, view, mood, _chance("noise")).mean(axis=2)
        road = (space_of(view).ground > 0) & (space_of(view).forward < 40)
        assert np.median(wet[road]) < np.median(dry[road])
        wetter.append(np.ptp(np.percentile(wet[road], (50, 99.5))))
        wetter[-1] /= np.ptp(np.percentile(dry[road], (50, 99.5)))
    assert np.mean(wetter) > 1.1


def test_nothing_falls_before_what_is_nearer(views: Views):
    packed, view = views[0]
    what = Falling(number=500, reach=(2.0, 20.0), fall=8.0, wind=(0.0, 0.0), gusts=0.1,
                   shutter=0.01, size=0.01)  # fmt: skip
    space = space_of(view)
    assert falling(packed, view, space, what, _chance("some")).max() > 0.2
    wall = replace(space, forward=np.full_like(space.forward, 1.5))
    assert falling(packed, view, wall, what, _chance("none")).max() == 0


def test_drops_on_the_glass_turn_the_scene_upside_down():
    light = np.zeros((90, 160, 3), np.float32)
    light[:45] = 1.0
    drops = Drops(at=np.array([[0.5, 0.5]]), radius=np.array([0.06]))
    seen = through_drops(light, drops, np.array([True]))
    assert seen[50, 80, 0] > 0.6 > 0.4 > seen[40, 80, 0]
    assert (seen[:30] == light[:30]).all()
    assert (through_drops(light, drops, np.array([False])) == light).all()


def test_snow_whitens_ground_and_what_looks_up_and_less_where_wheels_went(views: Views):
    packed, view = _block(views[0][0], (500.0, 12.0))
    mood = replace(draw_snow(_chance("snow")), lying=0.9, worn=0.9)
    pixels = render_snow(packed, view, mood, _chance("noise")).astype(float).mean(axis=2)
    space, section = space_of(view), packed.scene.section
    rows = (space.forward > 5) & (space.forward < 14) & (space.ground > 0)
    middle = section.lane / 2
    track = rows & (abs(space.right - middle - 0.75) < 0.15)
    between = rows & (abs(space.right - middle) < 0.15)
    walk = rows & (space.right > section.kerb(1) + 0.4)
    assert pixels[track].mean() < 0.85 * pixels[between].mean()
    assert pixels[between].mean() < pixels[walk].mean()
    assert pixels[walk].min() > 120


def test_a_low_sun_throws_shadows_as_long_as_it_is_low(views: Views):
    packed, view = _block(views[0][0], (0.0, 10.0), high=2.0)
    high = np.arctan(0.2)
    ahead = (0.0, float(np.sin(high)), float(np.cos(high)))
    space = space_of(view)
    # The block stands against the sun: its shadow, 10 m long, reaches the camera.
    lit = sunlit(packed, view, space, ahead)
    ground = (space.ground > 0) & (space.forward < 9)
    assert lit[ground & (abs(space.right) < 0.5)].max() < 0.1
    assert lit[ground & (abs(space.right) > 2.0)].min() > 0.9
    lit = sunlit(packed, view, space, (0.0, ahead[1], -ahead[2]))
    assert lit[ground].min() > 0.9
    assert lit[instances(view) == 1].min() > 0.9
    # From the right: it falls to the left as far as it is long, beside the block it does not.
    packed, view = _block(views[0][0], (8.0, 20.0), high=2.0)
    space = space_of(view)
    lit = sunlit(packed, view, space, (ahead[2], ahead[1], 0.0))
    ground = (space.ground > 0) & (abs(space.forward - 20) < 0.6)
    left = 7.0 - space.right
    assert lit[ground & (left > 0.5) & (left < 7.0)].max() < 0.1
    assert lit[ground & (left > 11.0)].min() > 0.9


def test_the_evening_is_warm_on_the_side_of_the_sun(views: Views):
    base = replace(draw_sunset(_chance("sunset")), power=1.0, late=0.2, cover=-1.0)
    for packed, view in views[::12]:
        ahead, behind, right, left = (
            _evening(packed, view, replace(base, toward=_low(around)))
            for around in (0.0, np.pi, np.pi / 2, -np.pi / 2)
        )
        space = space_of(view)
        assert _warmth(ahead[space.sky > 0]) > 1.5 * _warmth(behind[space.sky > 0])
        # What looks to the right is warm when the sun is there.
        looks = (view.normal[:, 0] > 0.9)[view.sampled()] & (space.forward < 40)
        assert _warmth(right[looks]) > 1.15 * _warmth(left[looks])


def _evening(packed: Packed, view: View, mood: Sunset) -> np.ndarray:
    return render_sunset(packed, view, mood, _chance("noise")).astype(float)


def _low(around: float) -> tuple[float, float, float]:
    return float(np.sin(around)) * 0.99, 0.1, float(np.cos(around)) * 0.99


def _warmth(pixels: np.ndarray) -> float:
    return float(pixels[:, 0].mean() / pixels[:, 2].mean())


def test_a_closed_sky_leaves_little_colour_in_the_light(views: Views):
    richness: dict[str, float] = {}
    for name in ("day", "overcast"):
        spreads: list[float] = []
        for index, (packed, view) in enumerate(views[::3]):
            mood = CONDITIONS[name].mood(_chance(name, index))
            pixels = CONDITIONS[name].render(packed, view, mood, _chance("noise"))
            sky = pixels[space_of(view).sky > 0].astype(float)
            spreads += [float(np.ptp(sky.mean(axis=0)))] if len(sky) else []
        richness[name] = float(np.mean(spreads))
    assert richness["overcast"] < 0.4 * richness["day"]


def test_edges_are_as_soft_in_masks_as_in_colours(views: Views):
    _, view = views[0]
    ground = view.material == Material.GROUND
    table = np.where(ground[:, None], np.float32(1.0), np.float32(0.0)).repeat(3, axis=1)
    assert covered(ground, view) == pytest.approx(shown(table, view)[..., 0], abs=1e-6)


def test_tiles_of_noise_meet_at_their_edges():
    tile = draw_tile(_chance("tile"))
    step = abs(np.diff(tile, axis=0)).mean()
    assert abs(tile[0] - tile[-1]).mean() < 2 * step
    assert (tile.mean(), tile.std()) == (pytest.approx(0, abs=1e-3), pytest.approx(1, abs=1e-3))
