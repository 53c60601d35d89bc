"""Places: the same spot, passed by other drives in any light, with where the camera was."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from otherlight.errors import PlanError
from otherlight.world import WorldConfig, render_pair, render_world
from otherlight.world.scene import Camera, Scene
from otherlight.world.sequence import Shot, shoot
from otherlight.world.town import Place

CONFIG = WorldConfig(places=6, images=12, frames_per_sequence=1, pool="first", split="test")


@pytest.fixture(scope="module")
def passes() -> list[list[Shot]]:
    """Two drives past each of six places, by day."""
    return [
        [next(iter(shoot(CONFIG, place + 6 * drive))) for drive in range(2)] for place in range(6)
    ]


def _built(scene: Scene) -> dict[str, tuple[float, float, float]]:
    return {
        thing.track: thing.at
        for thing in scene.things
        if thing.label is None or thing.label.startswith("traffic_")
    }


def test_drives_pass_the_same_street_with_other_traffic_and_from_elsewhere(
    passes: list[list[Shot]],
):
    for one, other in passes:
        first, second = one.packed.scene, other.packed.scene
        assert _built(first) == _built(second)
        assert (first.bend, first.section) == (second.bend, second.section)
        moving = [
            {thing.at for thing in scene.things if thing.track not in _built(scene)}
            for scene in (first, second)
        ]
        assert not moving[0] & moving[1]
        assert first.camera != second.camera
        assert -8 <= first.camera.start <= 0
    streets = {tuple(sorted(_built(one.packed.scene).items())) for one, _ in passes}
    assert len(streets) == 6


def test_another_pool_or_condition_passes_the_same_places_and_another_town_does_not():
    day = next(iter(shoot(CONFIG, 2)))
    night = next(iter(shoot(replace(CONFIG, pool="", condition="night"), 2)))
    away = next(iter(shoot(replace(CONFIG, town="elsewhere"), 2)))
    assert _built(day.packed.scene) == _built(night.packed.scene) != _built(away.packed.scene)
    assert day.packed.scene.camera != night.packed.scene.camera


def test_images_of_a_place_look_alike_and_others_do_not(passes: list[list[Shot]]):
    """Small, toned-down images of what stands above the road find their twin among six."""
    kinds = [np.stack([_thumbnail(drives[each].pixels) for drives in passes]) for each in (0, 1)]
    alike = kinds[0] @ kinds[1].T / kinds[0].shape[1]
    others = alike[~np.eye(6, dtype=bool)]
    assert np.diag(alike).mean() > others.mean() + 2 * others.std() / np.sqrt(6)
    assert (alike.argmax(axis=1) == np.arange(6)).sum() >= 3


def _thumbnail(pixels: np.ndarray) -> np.ndarray:
    lab = cv2.cvtColor(pixels[:96], cv2.COLOR_RGB2LAB).astype(np.float32)
    small = cv2.resize(lab, (16, 8), interpolation=cv2.INTER_AREA)
    return ((small - small.mean((0, 1))) / (small.std((0, 1)) + 1e-3)).ravel()


def test_the_columns_say_which_place_and_from_where(tmp_path: Path):
    config = replace(CONFIG, places=2, images=6, frames_per_sequence=2, width=64, height=36)
    images = render_world(config, tmp_path, workers=1)
    rows = images.images.to_pylist()
    assert [row["place"] for row in rows] == [
        "test-0-00000", "test-0-00000", "test-0-00001", "test-0-00001", "test-0-00000",
        "test-0-00000",
    ]  # fmt: skip
    assert len({row["sequence"] for row in rows}) == 3
    assert all(0 <= row["heading_deg"] < 360 for row in rows)
    where = np.array([(row["east_m"], row["north_m"]) for row in rows])
    # Drives past one place are some metres apart, places far.
    assert np.linalg.norm(where[0] - where[4]) < 25
    assert np.linalg.norm(where[0] - where[2]) > 250
    speed = next(iter(shoot(config, 0))).packed.scene.camera.speed
    way = where[1] - where[0]
    assert np.linalg.norm(way) == pytest.approx(speed * 0.4, abs=1e-6)
    turned = np.degrees(np.arctan2(way[0], way[1])) % 360
    assert abs((turned - rows[0]["heading_deg"] + 180) % 360 - 180) < 15


@pytest.mark.parametrize(
    ("heading", "east", "north", "degrees"),
    [(0.0, 102.0, 207.0, 9.17), (np.pi / 2, 107.0, 198.0, 99.17), (np.pi, 98.0, 193.0, 189.17)],
)
def test_a_pose_is_right_of_the_street_and_along_it(
    heading: float, east: float, north: float, degrees: float
):
    place = Place(name="a", east=100.0, north=200.0, heading=heading)
    camera = Camera(right=2.0, speed=4.0, height=1.4, focal=1.0, horizon=0.5, yaw=0.16, bounce=0.0,
                    start=-1.0)  # fmt: skip
    assert place.pose(camera, 2.0) == pytest.approx((east, north, degrees), abs=0.01)


def test_a_pair_of_places_is_the_same_drive_in_two_lights(tmp_path: Path):
    config = replace(CONFIG, places=2, images=2, width=64, height=36, pool="")
    day, night = render_pair(config, ("day", "night"), tmp_path, workers=1)
    assert day.boxes.equals(night.boxes)
    for column in ("place", "east_m", "north_m", "heading_deg", "sequence"):
        assert day.column(column) == night.column(column)


def test_a_set_without_places_has_none(tmp_path: Path):
    config = WorldConfig(images=1, width=64, height=36)
    images = render_world(config, tmp_path, workers=1)
    assert images.column("place") == [None]
    assert set(images.made_by["config"]).isdisjoint({"places", "town", "flow", "beta"})
    with pytest.raises(PlanError, match=r"\[world\] town needs places above 0"):
        WorldConfig(town="x")
    with pytest.raises(PlanError, match=r"\[world\] places must be at least 0; -1 came"):
        WorldConfig(places=-1)
