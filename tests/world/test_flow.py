"""Flow says where every point goes: by geometry, by what the next frame shows, by its file."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from otherlight.records.seeds import numpy_generator
from otherlight.world import WorldConfig, render_world
from otherlight.world.flow import flow_between, flow_png, read_flow_png
from otherlight.world.labels import depth_of, instances, label_frame
from otherlight.world.light import space_of
from otherlight.world.night import draw_dark, render_night
from otherlight.world.people import pedestrian
from otherlight.world.project import Packed, pack
from otherlight.world.scene import Thing
from otherlight.world.shapes import Faces, Look, box
from otherlight.world.view import View, look

SIZE = (256, 144)


def _two(packed: Packed, step: float = 0.1) -> tuple[View, View]:
    return look(packed, SIZE, 0.0), look(packed, SIZE, step)


def _still(packed: Packed, *things: Thing, speed: float = 0.0) -> Packed:
    """Leave a scene's ground, these things, and a camera that looks straight ahead."""
    camera = replace(packed.scene.camera, right=0.0, yaw=0.0, speed=speed, bounce=0.0)
    ground = next(thing for thing in packed.scene.things if thing.flat)
    return pack(replace(packed.scene, things=(ground, *things), camera=camera, bend=0.0))


def _block(right: float, forward: float, speed: float = 0.0) -> Thing:
    faces = Faces()
    faces.add(box((-1, 0, -0.5), (1, 2, 0.5)), Look(colour=(1, 1, 1)))
    return Thing(track=f"block-{forward}", mesh=faces.mesh(), at=(right, 0.0, forward),
                 speed=(speed, 0.0))  # fmt: skip


def test_the_ground_flows_as_the_camera_drives(scenes: list[Packed]):
    packed = _still(scenes[0], speed=10.0)
    view, after = _two(packed)
    flow, valid = flow_between(packed, view, after)
    down, across = np.mgrid[: SIZE[1], : SIZE[0]] + 0.75
    lens, height = view.lens, packed.scene.camera.height
    ground = (space_of(view).ground > 0) & (space_of(view).forward < 60)
    before = height * lens.focal / (down - lens.down)[ground]
    ahead = before - 1.0
    there = lens.down + height * lens.focal / ahead
    assert flow[ground][:, 1] == pytest.approx(there - down[ground], abs=0.02, rel=0.01)
    aside = (across[ground] - lens.across) * (before / ahead - 1)
    assert flow[ground][:, 0] == pytest.approx(aside, abs=0.02, rel=0.01)
    inside = there < SIZE[1]
    inside &= abs(across[ground] + aside - SIZE[0] / 2) < SIZE[0] / 2
    assert (valid[ground] == inside).mean() > 0.98


def test_warped_by_the_flow_the_next_frame_is_this_one(scenes: list[Packed]):
    for packed in scenes[:5]:
        view, after = _two(packed)
        flow, valid = flow_between(packed, view, after)
        down, across = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float32)
        there = (across + flow[..., 0], down + flow[..., 1])
        ids = cv2.remap(instances(after), *there, cv2.INTER_NEAREST)
        assert (ids == instances(view))[valid].mean() > 0.96
        assert valid.mean() > 0.5
        # What is valid is at its own depth there, less the way that was driven.
        depth = cv2.remap(depth_of(after).astype(np.float32), *there, cv2.INTER_NEAREST)
        still = [i for i, thing in enumerate(packed.scene.things) if thing.speed == (0.0, 0.0)]
        fixed = valid & np.isin(instances(view), still) & (space_of(view).forward < 80)
        way = packed.scene.camera.speed * 0.1
        assert np.median(abs(depth[fixed] + way - depth_of(view)[fixed])) < 0.1


def test_boxes_go_where_the_flow_goes(scenes: list[Packed]):
    compared = 0
    for packed in scenes:
        view, after = _two(packed)
        flow, _ = flow_between(packed, view, after)
        later = {row["track"]: row for row in label_frame(packed, after)}
        for row in label_frame(packed, view):
            next_ = later.get(row["track"])
            if next_ is None or row["pixels"] < 80 or max(row["occlusion"], row["truncation"]) > 0:
                continue
            if next_["truncation"] or next_["occlusion"] or row["label"] == "pedestrian":
                continue
            index = next(i for i, t in enumerate(packed.scene.things) if t.track == row["track"])
            mean = flow[instances(view) == index].mean(axis=0)
            middle = [(row[a] + row[b]) / 2 for a, b in (("left", "right"), ("top", "bottom"))]
            goes = [(next_[a] + next_[b]) / 2 for a, b in (("left", "right"), ("top", "bottom"))]
            assert np.array(middle) + mean == pytest.approx(np.array(goes), abs=1.6)
            compared += 1
    assert compared > 10


def test_what_is_hidden_next_keeps_its_motion_and_is_not_valid(scenes: list[Packed]):
    packed = _still(scenes[0], _block(0.0, 20.0), _block(-3.0, 12.0, speed=20.0))
    view, after = _two(packed)
    flow, valid = flow_between(packed, view, after)
    behind = (instances(view) == 1) & (instances(after) == 2)
    before = instances(view) == 2
    assert behind.sum() > 30
    assert abs(flow[behind]).max() < 0.02
    assert not valid[behind].any()
    assert valid[(instances(view) == 1) & (instances(after) == 1)].mean() > 0.98
    assert flow[before][:, 0] == pytest.approx(2.0 * view.lens.focal / 11.5, rel=0.09)
    assert valid[before].mean() > 0.9


def test_what_its_own_thing_hides_next_is_not_valid(scenes: list[Packed]):
    faces, white = Faces(), Look(colour=(1, 1, 1))
    faces.add(box((-9, 0, 15), (9, 4, 15.5)), white)
    faces.add(box((-1, 0, -5), (1, 4, -4.5)), white, part=1)
    gate = Thing(track="gate", mesh=faces.mesh(), at=(0.0, 0.0, 15.0), speed=(20.0, 0.0))
    packed = _still(scenes[0], gate)
    view, after = _two(packed)
    _, valid = flow_between(packed, view, after)
    ours, depth = instances(view) == 1, depth_of(view).astype(float)
    right = (np.arange(SIZE[1] * SIZE[0]) % SIZE[0]).reshape(depth.shape) - view.lens.across
    # The near part goes 2 m to the right; of the far part it hides a strip that was free.
    edge = 1.0 * view.lens.focal / 10
    hidden = ours & (depth > 25) & (right > edge + 3) & (right < edge + 0.6 * view.lens.focal / 10)
    assert hidden.sum() > 30
    assert valid[hidden].mean() < 0.05
    far = ours & (depth > 25) & (right < -3 * edge)
    assert valid[far].mean() > 0.95


def test_legs_swing_in_the_flow_and_the_rest_stands(scenes: list[Packed]):
    person = Thing(
        track="pedestrian-1", mesh=pedestrian(numpy_generator(0, "person")),
        at=(0.0, 0.0, 5.0), heading=np.pi / 2, stride=6.0,
    )  # fmt: skip
    packed = _still(scenes[0], person)
    view, after = _two(packed)
    flow, _ = flow_between(packed, view, after)
    rows, _ = np.nonzero(instances(view) == 1)
    low = (instances(view) == 1) & (np.arange(SIZE[1])[:, None] > rows.max() - 12)
    high = (instances(view) == 1) & (np.arange(SIZE[1])[:, None] < rows.min() + 12)
    assert abs(flow[low][:, 0]).max() > 2.0
    assert abs(flow[high]).max() < 0.02


def test_the_sky_stays_but_for_the_cameras_nod(scenes: list[Packed]):
    view, after = _two(scenes[1])
    flow, valid = flow_between(scenes[1], view, after)
    sky = view.sampled() == 0
    assert flow[sky][:, 1] == pytest.approx(after.lens.down - view.lens.down, abs=1e-4)
    assert abs(flow[sky][:, 0]).max() == 0
    assert valid[sky].mean() > 0.9


def test_an_estimate_from_the_pixels_alone_agrees(scenes: list[Packed]):
    """OpenCV's dense inverse search knows nothing of the geometry; light by night has texture."""
    packed = scenes[2]
    view, after = _two(packed, 0.04)
    flow, valid = flow_between(packed, view, after)
    mood = replace(draw_dark(numpy_generator(0, "dark")), noise=0.0)
    grey = [
        cv2.cvtColor(render_night(packed, each, mood, numpy_generator(0)), cv2.COLOR_RGB2GRAY)
        for each in (view, after)
    ]
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    found = search.calc(grey[0], grey[1], np.zeros_like(flow))
    apart = np.linalg.norm(found - flow, axis=-1)[valid]
    assert np.median(apart) < 0.5
    assert np.median(apart) < 0.5 * np.median(np.linalg.norm(flow, axis=-1)[valid]) + 0.1


def test_the_file_is_kittis(scenes: list[Packed]):
    flow = np.zeros((2, 3, 2), np.float32)
    flow[0, 1], flow[1, 2] = (1.5, -2.25), (-300.0, 40.0)
    valid = np.array([[1, 1, 0], [0, 1, 1]], bool)
    data = flow_png(flow, valid)
    stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert stored is not None
    assert stored.dtype == np.uint16
    blue, green, red = stored[0, 1]
    assert (red, green, blue) == (1.5 * 64 + 32768, -2.25 * 64 + 32768, 1)
    again = read_flow_png(data)
    assert (again[0] == flow).all()
    assert (again[1] == valid).all()


def test_every_frame_but_the_last_has_a_flow_and_light_does_not_change_it(tmp_path: Path):
    config = WorldConfig(images=4, frames_per_sequence=2, flow=True, pool="pair", width=64,
                         height=36, frames_per_second=10.0)  # fmt: skip
    day, snow = (
        render_world(replace(config, condition=name), tmp_path / name, workers=1)
        for name in ("day", "snow")
    )
    assert day.column("flow") == ["flow/000000_00.png", None, "flow/000001_00.png", None]
    for name in ("flow/000000_00.png", "flow/000001_00.png"):
        assert (day.root / name).read_bytes() == (snow.root / name).read_bytes()
    (day.root / "flow/000001_00.png").unlink()
    again = render_world(replace(config, condition="day"), tmp_path / "day", workers=1)
    assert again.hash == day.hash
    assert (day.root / "flow/000001_00.png").exists()
