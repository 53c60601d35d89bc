"""Two-wheelers come on top: new classes, nothing else moved, nobody run into."""

from collections import Counter
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from otherlight.records.seeds import numpy_generator
from otherlight.world import CLASSES, TWO_WHEELERS, WorldConfig, render_world
from otherlight.world.bicycles import bicycle
from otherlight.world.labels import label_frame
from otherlight.world.motorcycles import motorcycle
from otherlight.world.project import Packed, pack
from otherlight.world.shapes import Material, Mesh
from otherlight.world.two_wheelers import with_two_wheelers
from otherlight.world.view import look

SECONDS = 3.2


@pytest.fixture(scope="module")
def fuller(scenes: list[Packed]) -> list[Packed]:
    return [
        pack(with_two_wheelers(packed.scene, numpy_generator(index, "two-wheelers"), SECONDS))
        for index, packed in enumerate(scenes)
    ]


def test_all_else_stays_as_it_is(scenes: list[Packed], fuller: list[Packed]):
    for before, after in zip(scenes, fuller, strict=True):
        count = len(before.scene.things)
        assert after.scene.things[:count] == before.scene.things
        assert {thing.label for thing in after.scene.things[count:]} <= set(TWO_WHEELERS)
        assert after.scene.camera == before.scene.camera


def test_all_three_are_seen_and_labelled(fuller: list[Packed]):
    seen = Counter(
        row["label"]
        for packed in fuller
        for row in label_frame(packed, look(packed, (256, 144), 0.0))
        if not row["ignore"]
    )
    assert set(TWO_WHEELERS) < set(seen)


def test_nobody_runs_into_anybody(scenes: list[Packed], fuller: list[Packed]):
    for before, after in zip(scenes, fuller, strict=True):
        things = after.scene.things
        added = range(len(before.scene.things), len(things))
        upright = [i for i in range(len(things)) if not things[i].flat]
        pairs = [(i, j) for i, j in combinations(upright, 2) if j in added]
        for seconds in np.linspace(0, SECONDS, 9):
            place = np.array([thing.place(float(seconds)) for thing in things])[:, [0, 2]]
            low, high = place + after.low, place + after.high
            for i, j in pairs:
                # Crowns of trees and arms of lamps reach over the road.
                if things[i].track.split("-")[0] in ("tree", "lamp", "pole", "skyline"):
                    continue
                if things[i].label in ("traffic_light", "traffic_sign"):
                    continue
                meet = (low[i] < high[j]).all() and (low[j] < high[i]).all()
                assert not meet, (things[i].track, things[j].track, seconds)


@pytest.mark.parametrize("ridden", [True, False])
def test_a_motorcycle_stands_on_the_ground_and_its_rider_sits_on_it(ridden: bool):
    mesh = motorcycle(numpy_generator(1), lit=ridden, ridden=ridden)
    _stands(mesh, 2.1)
    assert (mesh.corners[..., 1].max() > 1.6) == ridden
    head = mesh.glow[mesh.material == Material.HEADLIGHT]
    assert (head.max() > 0.5) == ridden


def test_a_bicycle_stands_on_the_ground_and_shines_not():
    mesh = bicycle(numpy_generator(1))
    _stands(mesh, 1.75)
    assert mesh.glow.max() == 0


def _stands(mesh: Mesh, length: float) -> None:
    assert mesh.corners[..., 1].min() == pytest.approx(0, abs=0.03)
    assert np.ptp(mesh.corners[..., 2]) == pytest.approx(length, abs=0.2)
    assert np.ptp(mesh.corners[..., 0]) < 0.9


def test_sets_have_the_classes_only_where_asked_for(tmp_path: Path):
    config = WorldConfig(images=2, width=64, height=36, frames_per_sequence=2)
    plain = render_world(config, tmp_path / "plain", workers=1)
    fuller = render_world(replace(config, two_wheelers=True), tmp_path / "fuller", workers=1)
    assert plain.classes == CLASSES
    assert fuller.classes == CLASSES + TWO_WHEELERS
    assert "two_wheelers" not in plain.made_by["config"]
    assert fuller.made_by["config"]["two_wheelers"] is True
