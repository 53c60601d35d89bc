"""Boxes say what can be seen, and nothing else."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from otherlight.world.labels import (
    HIDDEN,
    LEAST_PIXELS,
    LEAST_SIDE,
    depth_of,
    instances,
    label_frame,
    mask_of,
    silhouette,
)
from otherlight.world.project import Packed, pack
from otherlight.world.scene import CLASSES
from otherlight.world.view import View, look

Views = list[tuple[Packed, View]]


def test_boxes_are_the_tight_boxes_of_the_visible_pixels(views: Views):
    for packed, view in views:
        mask = mask_of(packed, view)
        rows = label_frame(packed, view)
        assert set(np.unique(mask)) == set(range(len(rows) + 1))
        for number, row in enumerate(rows, start=1):
            down, across = np.nonzero(mask == number)
            tight = (across.min(), down.min(), across.max() + 1, down.max() + 1)
            assert (row["left"], row["top"], row["right"], row["bottom"]) == tight
            assert row["pixels"] == len(down)


def test_occlusion_is_what_a_render_of_the_thing_alone_says(views: Views):
    hidden = 0
    for packed, view in views[::4]:
        mask = instances(view)
        for row in label_frame(packed, view):
            index = next(i for i, t in enumerate(packed.scene.things) if t.track == row["track"])
            alone = replace(packed.scene, things=(packed.scene.things[index],))
            whole = int((instances(look(pack(alone), (256, 144), view.seconds)) == 0).sum())
            visible = int((mask == index).sum())
            # OpenCV rounds an edge that leaves the canvas by a pixel, no more.
            assert silhouette(view, index)[0] == pytest.approx(whole, abs=1 + 0.01 * whole)
            assert row["occlusion"] == pytest.approx(1 - visible / whole, abs=0.02 + 1 / whole)
            hidden += row["occlusion"] > 0.3
    assert hidden > 10


def test_levels_cut_occlusion_at_a_tenth_and_a_half(views: Views):
    for packed, view in views:
        for row in label_frame(packed, view):
            level = 0 if row["occlusion"] < 0.1 else 1 if row["occlusion"] < 0.5 else 2
            assert row["occlusion_level"] == level


def test_truncation_is_the_share_outside_the_frame(views: Views):
    """A wider image of the same scene shows what the narrower one cut away."""
    cut = 0
    for packed, view in views:
        width, height = view.lens.width, view.lens.height
        for row in label_frame(packed, view):
            at_edge = row["left"] == 0 or row["top"] == 0
            at_edge |= row["right"] == width or row["bottom"] == height
            if not at_edge and row["occlusion_level"] == 0:
                assert row["truncation"] < 0.2, row
            cut += row["truncation"] > 0.3
        for index in range(len(packed.scene.things)):
            if packed.scene.things[index].label:
                inside, whole = silhouette(view, index)
                assert 0 <= inside <= whole
    assert cut > 3


def test_a_truncated_thing_is_whole_in_a_wider_image(views: Views):
    compared = 0
    for packed, view in views:
        wide = _wider(packed, view)
        for row in label_frame(packed, view):
            index = next(i for i, t in enumerate(packed.scene.things) if t.track == row["track"])
            inside, whole = silhouette(wide, index)
            if 0.1 < row["truncation"] < 0.9 and inside == whole:
                share = silhouette(view, index)[0] / whole
                assert row["truncation"] == pytest.approx(1 - share, abs=0.05)
                compared += 1
    assert compared > 3


def _wider(packed: Packed, view: View) -> View:
    """See the same with an image three times as wide and high around the same middle."""
    camera = packed.scene.camera
    third = replace(
        camera,
        focal=camera.focal / 3,
        horizon=(1 + view.lens.down / view.lens.height) / 3,
        bounce=0.0,
    )
    wider = replace(packed, scene=replace(packed.scene, camera=third))
    return look(wider, (view.lens.width * 3, view.lens.height * 3), view.seconds)


def test_small_and_hidden_boxes_are_kept_and_ignored(views: Views):
    reasons: Counter[str | None] = Counter()
    for packed, view in views:
        for row in label_frame(packed, view):
            sides = (row["right"] - row["left"], row["bottom"] - row["top"])
            small = row["pixels"] < LEAST_PIXELS or min(sides) < LEAST_SIDE
            reason = "tiny" if small else "hidden" if row["occlusion"] >= HIDDEN else None
            assert row["ignore_reason"] == reason
            assert row["ignore"] == (reason is not None)
            reasons[reason] += 1
    assert set(reasons) == {None, "tiny", "hidden"}


def test_only_traffic_lights_have_a_state_and_it_changes(views: Views):
    states: Counter[str] = Counter()
    for packed, view in views:
        for row in label_frame(packed, view):
            assert (row["state"] is not None) == (row["label"] == "traffic_light")
            states[row["state"]] += 1
    assert {"red", "green"} <= set(states)


def test_all_classes_are_there_and_tracks_move(views: Views):
    labels = Counter(
        row["label"]
        for packed, view in views
        for row in label_frame(packed, view)
        if not row["ignore"]
    )
    assert set(labels) == set(CLASSES)
    first = {row["track"]: row for row in label_frame(*views[0])}
    later = {row["track"]: row for row in label_frame(*views[1])}
    both = first.keys() & later.keys()
    assert len(both) > 2
    assert any(first[track]["depth_m"] != later[track]["depth_m"] for track in both)


def test_depth_agrees_with_the_boxes_and_the_ground(views: Views):
    for packed, view in views[::5]:
        depth, mask = depth_of(view), mask_of(packed, view)
        assert np.isinf(depth[0, 0]) or depth[0, 0] > 0
        for number, row in enumerate(label_frame(packed, view), start=1):
            if row["depth_m"] > 8:
                seen = float(np.median(depth[mask == number]))
                assert seen == pytest.approx(row["depth_m"], abs=7.0)
                # What is thin has its face where its middle is.
                if row["label"] in ("pedestrian", "traffic_sign", "traffic_light"):
                    assert seen == pytest.approx(row["depth_m"], abs=0.5)
        lens, ground = view.lens, view.material[view.sampled()[-1]] == 1
        bottom = packed.scene.camera.height * lens.focal / (lens.height - 0.25 - lens.down)
        assert depth[-1][ground] == pytest.approx(bottom, rel=0.01)
