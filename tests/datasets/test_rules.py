"""Rules for boxes: limits that drop or ignore, coinciding boxes, what cannot be judged."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otherlight.datasets import Limits
from otherlight.datasets.box_columns import with_word, words_of
from otherlight.errors import DatasetError, PlanError

from .made_up import box, made_up

LIMITS: dict[str, tuple[dict[str, Any], str, str]] = {
    "width": ({"min_width": 12.0}, "box narrower than 12 pixels", "thin"),
    "height": ({"min_height": 12.0}, "box lower than 12 pixels", "low"),
    "area": ({"min_area": 160.0}, "box smaller than 160 square pixels", "edge"),
    "share": ({"min_share": 0.25}, "box below 25 % of the image's height", "low"),
    "visibility": ({"min_visibility": 0.5}, "box visible by less than 50 %", "hidden"),
    "level": ({"max_occlusion_level": 1}, "box of occlusion level above 1", "hidden"),
    "truncation": ({"max_truncation": 0.3}, "box truncated by more than 30 %", "cut"),
}
KNOWN = {"occlusion": 0.5, "occlusion_level": 1, "truncation": 0.3}
BOXES = {
    "fits": box("car", 10, 10, 24, 24, track="fits", **KNOWN),
    "edge": box("car", 10, 10, 22, 22.5, track="edge"),
    "thin": box("car", 10, 10, 21, 28, track="thin", **KNOWN),
    "low": box("car", 10, 10, 28, 21, track="low", **KNOWN),
    "hidden": box("car", 40, 10, 64, 34, track="hidden",
                  **(KNOWN | {"occlusion": 0.6, "occlusion_level": 2})),
    "cut": box("car", 40, 10, 64, 34, track="cut", **(KNOWN | {"truncation": 0.4})),
    "crowd": box("car", 1, 1, 2, 2, track="crowd", ignore=True, ignore_reason="crowd",
                 **(KNOWN | {"occlusion": 0.9, "occlusion_level": 2, "truncation": 0.9})),
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_drops_or_ignores(name: str, tmp_path: Path):
    limits, rule, broken = LIMITS[name]
    tracks = set(broken.split()) & BOXES.keys()
    got = made_up(tmp_path / "drop", {"a.jpg": [*BOXES.values()]}, drop=Limits(**limits))
    assert {*got.boxes["track"].to_pylist()} == BOXES.keys() - tracks
    assert got.counts["dropped"] == {rule: len(tracks)}
    got = made_up(tmp_path / "ignore", {"a.jpg": [*BOXES.values()]}, ignore=Limits(**limits))
    reasons = dict(
        zip(*(got.boxes[c].to_pylist() for c in ("track", "ignore_reason")), strict=True)
    )
    words = rule.removeprefix("box ").removesuffix(" of the image's height")
    assert {track for track, reason in reasons.items() if reason == words} == tracks
    assert reasons["crowd"] == "crowd"
    assert got.boxes["ignore"].to_pylist() == [reason is not None for reason in reasons.values()]
    assert got.counts["noted"][f"{rule}, ignored"] == len(tracks)
    assert got.counts["dropped"] == {}


def test_what_is_unknown_breaks_no_limit_and_is_told(tmp_path: Path):
    got = made_up(tmp_path, {"a.jpg": [box()]}, drop=Limits(min_visibility=1.0, max_truncation=0.0))
    assert got.boxes.num_rows == 1
    assert got.counts["noted"] == {
        "box of unknown visibility, not dropped for it": 1,
        "box of unknown truncation, not dropped for it": 1,
    }


def test_a_share_of_an_unknown_height_is_told(tmp_path: Path):
    got = made_up(
        tmp_path, {"a.jpg": [box()]}, {"a.jpg": {"width": None, "height": None}}, ignore_below=0.9
    )
    assert got.boxes["ignore"].to_pylist() == [False]
    told = "box of unknown share of the image's height, not ignored for it"
    assert got.counts["noted"] == {told: 1}


def test_dropping_goes_before_ignoring(tmp_path: Path):
    boxes = [box("car", 0, 0, 9, height) for height in (3, 8, 20)]
    got = made_up(
        tmp_path, {"a.jpg": boxes}, drop=Limits(min_height=5.0), ignore=Limits(min_height=9.0)
    )
    assert got.boxes["bottom"].to_pylist() == [8, 20]
    assert got.boxes["box"].to_pylist() == [0, 1]
    assert got.boxes["ignore"].to_pylist() == [True, False]


TWO = (box("car", 5, 5, 10, 9, pixels=3), box("van", 5.2, 5, 10, 9.4, pixels=7))


@pytest.mark.parametrize(
    ("way", "labels", "ignored"),
    [
        ("keep", ["car", "van", "car", "person"], 0),
        ("one", ["van", "car", "person"], 0),
        ("ignore", ["car", "van", "car", "person"], 2),
        ("drop", ["car", "person"], 0),
    ],
)
def test_coinciding_boxes_of_different_classes(
    way: str, labels: list[str], ignored: int, tmp_path: Path
):
    boxes = [*TWO, box("car", 50, 5, 60, 9), box("person", 50, 5, 60, 10)]
    got = made_up(tmp_path, {"a.jpg": boxes}, coinciding=way)
    assert got.boxes["label"].to_pylist() == labels
    assert sum(got.boxes["ignore"].to_pylist()) == ignored
    words = "box that coincides with one of another class"
    assert got.counts["dropped"].get(words, 0) == 4 - len(labels)
    assert got.counts["noted"].get(f"{words}, ignored", 0) == ignored


def test_of_coinciding_boxes_the_nearer_stays_else_the_first(tmp_path: Path):
    images = {
        "a.jpg": [box("car", depth_m=9.0), box("van", depth_m=4.0)],
        "b.jpg": [box("van"), box("car")],
        # One class twice is not this rule's business, nor is another image.
        "c.jpg": [box("car"), box("car")],
        "d.jpg": [box("van")],
        "e.jpg": [box("car", ignore=True), box("van")],
    }
    got = made_up(tmp_path, images, coinciding="one")
    pairs = zip(*(got.boxes[name].to_pylist() for name in ("image", "label")), strict=True)
    assert [*pairs] == [
        ("a.jpg", "van"), ("b.jpg", "van"), ("c.jpg", "car"), ("c.jpg", "car"), ("d.jpg", "van"),
        ("e.jpg", "car"), ("e.jpg", "van"),
    ]  # fmt: skip


def test_merged_classes_still_coincide(tmp_path: Path):
    got = made_up(tmp_path, {"a.jpg": TWO}, coinciding="one", classes={"vehicle": ("car", "van")})
    assert got.boxes["label"].to_pylist() == ["vehicle"]
    assert dict(got.boxes["attributes"].to_pylist()[0]) == {"category": "van"}


def test_an_edge_that_is_no_number_is_named(tmp_path: Path):
    images = {"a.jpg": [box()], "b.jpg": [box("car", 1, float("nan"), 3, 4)]}
    with pytest.raises(
        DatasetError, match=r"finite numbers; 1\.0, nan, 3\.0, 4\.0 came in b\.jpg, a"
    ):
        made_up(tmp_path, images)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drop": Limits(min_height=-1.0)}, r"\[import\] drop\.min_height is a number of pixels"),
        (
            {"ignore": Limits(min_share=3.0)},
            r"ignore\.min_share is a share of the .* 3 came\. Write",
        ),
        ({"drop": Limits(max_truncation=float("nan"))}, r"drop\.max_truncation is a share, .* nan"),
        ({"drop": Limits(max_occlusion_level=3)}, r"drop\.max_occlusion_level is 0, 1 or 2; 3"),
        ({"ignore": Limits(min_share=0.1), "ignore_below": 0.1}, "both came. Leave one out"),
        ({"coinciding": "first"}, "coinciding is one of keep, one, ignore, drop; 'first' came"),
        ({"every": 0}, "every counts from 1, which keeps all; 0 came"),
        ({"share": 0.0}, "above 0 and up to 1; 0 came"),
        ({"share": float("nan")}, "above 0 and up to 1; nan came"),
        ({"splits": {}}, "splits are all shares or all numbers"),
        ({"splits": {"dev": 0.5, "val": 0.5}}, "each name in splits is one of train, val"),
        ({"splits": {"train": 0.5, "val": 5}}, "splits are all shares or all numbers"),
        ({"splits": {"train": 0.8, "val": 0.3}}, r"add up to 1\.1\. Say what is left"),
        ({"splits": {"train": 0.8}}, r"add up to 0\.8\. Say what is left"),
        ({"splits": {"train": "all", "val": 0.3}}, "the word rest; 'all' came for train"),
        ({"splits": {"train": 0.0, "val": 1.0}}, r"the word rest; 0\.0 came for train"),
        ({"splits": {"train": 1.0}, "split": "val"}, "takes split .one for all. or splits"),
        ({"split_by": "frame"}, "split_by is one of group, sequence, place, image; 'frame' came"),
    ],
)
def test_an_option_that_cannot_be(options: dict[str, Any], message: str, tmp_path: Path):
    with pytest.raises(PlanError, match=message):
        made_up(tmp_path, {"a.jpg": [box()]}, **options)


WORDS = st.lists(st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=8)


@settings(deadline=None)
@given(rows=WORDS, data=st.data())
def test_a_word_is_set_in_columns_as_in_mappings(rows: list[dict[str, str]], data: st.DataObject):
    one = st.none() | st.sampled_from("uv")
    values = data.draw(st.lists(one, min_size=len(rows), max_size=len(rows)))
    start = data.draw(st.integers(0, len(rows)))
    got = with_word(words_of(rows).slice(start), "b", pa.array(values[start:], pa.string()))
    plain = [{**row, "b": value} if value else row for row, value in zip(rows, values, strict=True)]
    assert [dict(row) for row in got.to_pylist()] == plain[start:]
    assert all(len(dict(row)) == len(row) for row in got.to_pylist())
    assert np.diff(got.offsets.to_numpy()).sum() == len(got.keys)
