"""Slices that a plan names: images or boxes, with cuts, apart or cumulative."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from simulated import make_test, simulate, simulated_plan

from otherlight.errors import PlanError
from otherlight.experiment.compare_plan import Cut
from otherlight.experiment.frozen import read_frozen
from otherlight.experiment.judge import judge
from otherlight.experiment.slices import slices_of

OWN: dict[str, Any] = {
    "still": "frame = 0",
    "occluded": {"images": "n_occluded", "cuts": [2, 3], "cumulative": True},
    "busy": {"images": "n_occluded", "cuts": "thirds"},
    "tall": {"boxes": "box_height > 30"},
    "height": {"boxes": "box_height", "cuts": [20, 40]},
}


def test_a_plans_slices_are_judged_and_read_again(tmp_path: Path):
    frozen = simulate(tmp_path, groups=6, slices=OWN)
    assert read_frozen(tmp_path) == frozen
    rows = [row for row in judge(tmp_path, frozen)["slices"] if row["arm"] == "cyclegan"]
    truths = {row["slice"]: row["truths"] for row in rows}
    assert [name for name in truths if name.startswith("occluded")] == [
        "occluded 0-2", "occluded 0-3", "occluded 0-all",
    ]  # fmt: skip
    assert truths["occluded 0-2"] < truths["occluded 0-3"] < truths["occluded 0-all"] == 144
    assert truths["height 0-20"] + truths["height 20-40"] + truths["height 40-all"] == 144
    assert truths["still"] == 24
    assert 0 < truths["tall"] < 144


def test_slices_of_images_are_those_that_a_filter_keeps():
    test = make_test("night", 6)
    cuts = {name: Cut.model_validate(cut) for name, cut in OWN.items() if isinstance(cut, dict)}
    slices = slices_of(test, cuts)
    names = np.array(test.names())
    for name, where in (("occluded 0-2", "n_occluded <= 2"), ("occluded 0-3", "n_occluded <= 3")):
        images = slices[name].images
        assert images is not None
        assert names[images].tolist() == test.where(where).names()
    heights = test.boxes_of().edges[:, 3] - test.boxes_of().edges[:, 1]
    truth = slices["height 20-40"].truth
    assert truth is not None
    assert (truth == (heights > 20) & (heights <= 40)).all()


@pytest.mark.parametrize(
    ("slices", "message"),
    [
        ({"far": "dept > 3"}, r"slice 'far' must fit night\. .*there is no 'dept'"),
        ({"far": Cut(boxes="depth_m", cuts="thirds")}, r"'far' .*at least three .*; 0 came"),
        ({"far": Cut(boxes="box_height", cuts=(5.0, 5.0))}, "Cuts must be rising numbers"),
        ({"size small": "frame = 0"}, "names of their own; 'size small' comes twice"),
    ],
)
def test_a_slice_that_cannot_be_made(slices: dict[str, Any], message: str):
    with pytest.raises(PlanError, match=message):
        slices_of(make_test("night", 2), slices)


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        ({}, "a slice is of images or of boxes"),
        ({"images": "n_boxes", "boxes": "area"}, "give one expression, not both"),
        ({"images": "n_boxes > 3", "cumulative": True}, "a cumulative slice needs cuts"),
        ({"image": "n_boxes"}, "Extra inputs are not permitted"),
    ],
)
def test_a_cut_that_says_too_much_or_too_little(cut: dict[str, Any], message: str):
    with pytest.raises(ValidationError, match=message):
        simulated_plan(slices={"one": cut})
