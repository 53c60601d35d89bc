"""Which images stay: every so-manieth, shares, background, splits; and a set from a set."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from otherlight.datasets import ImportConfig, Limits, SelectConfig, import_set, select_set
from otherlight.datasets.thinning import draw_share
from otherlight.errors import BusyError, DatasetError
from otherlight.sets import ImageSet

from .made_up import box, made_up
from .sources import paint


def drive(images: int, start: int = 0, name: str = "x") -> dict[str, dict[str, Any]]:
    return {
        f"{name}/{n:03}.jpg": {"sequence": name, "frame": start + n, "timeofday": "day"}
        for n in range(images)
    }


def make(to: Path, columns: Mapping[str, Mapping[str, Any]], **options: Any) -> ImageSet:
    return made_up(to, {name: [box()] for name in columns}, columns, **options)


def test_every_third_image_of_each_sequence(tmp_path: Path):
    columns: dict[str, dict[str, Any]] = {**drive(7, start=1), **drive(4, name="y")}
    # Frames decide, not names; images without a sequence go by name.
    columns["x/zzz.jpg"] = {"sequence": "x", "frame": 0}
    columns |= {f"lone{n}.jpg": {} for n in range(4)}
    got = make(tmp_path, columns, every=3)
    assert got.names() == [
        "lone0.jpg", "lone3.jpg", "x/002.jpg", "x/005.jpg", "x/zzz.jpg", "y/000.jpg", "y/003.jpg",
    ]  # fmt: skip
    assert got.counts["images_dropped"] == {"image between every 3": 9}
    assert got.counts["by_class"]["car"]["dropped"] == {"box of an image between every 3": 9}


def test_images_that_are_left_out_are_not_looked_at(tmp_path: Path):
    for n in range(6):
        paint(tmp_path / "in" / f"{n}.jpg", seed=n)
    (tmp_path / "in/1.jpg").write_bytes(b"no image at all")
    got = import_set("folder", tmp_path / "in", tmp_path / "out", config=ImportConfig(every=2))
    assert got.names() == ["0.jpg", "2.jpg", "4.jpg"]


def test_shares_are_exact_nest_and_do_not_depend_on_order(tmp_path: Path):
    columns = drive(50)
    sets = {s: {*make(tmp_path / f"{s}", columns, share=s).names()} for s in (0.1, 0.5, 0.7)}
    assert [len(names) for names in sets.values()] == [5, 25, 35]
    assert sets[0.1] < sets[0.5] < sets[0.7]
    backwards = dict(reversed(columns.items()))
    assert {*make(tmp_path / "back", backwards, share=0.5).names()} == sets[0.5]
    other = make(tmp_path / "other", columns, share=0.5, share_seed=1).names()
    named = make(tmp_path / "named", columns, share=0.5, share_name="labels").names()
    assert len({frozenset(other), frozenset(named), frozenset(sets[0.5])}) == 3
    assert draw_share(["a", "b"], 0.01, "share", 0).sum() == 1


def test_a_share_is_of_what_other_rules_keep(tmp_path: Path):
    columns = {name: {**row, "timeofday": ("day", "night")[row["frame"] % 2]}
               for name, row in drive(40).items()}  # fmt: skip
    got = make(tmp_path / "a", columns, share=0.5, where="timeofday = 'night'")
    assert len(got) == 10
    # The same images, whether the share is drawn before pixels are read or after.
    early = {*make(tmp_path / "b", columns, share=0.5).names()}
    late = {*make(tmp_path / "c", columns, share=0.5, background=False).names()}
    assert early == late


def test_background_is_left_out_and_what_is_unknown_is_kept(tmp_path: Path):
    images = {
        "car.jpg": [box()], "empty.jpg": [], "crowd.jpg": [box("car", ignore=True)],
        "small.jpg": [box("car", 0, 0, 5, 5)],
    }  # fmt: skip
    got = made_up(tmp_path / "a", images, background=False, ignore=Limits(min_height=10.0))
    assert got.names() == ["car.jpg"]
    assert got.counts["images_dropped"] == {"image without objects": 3}
    assert got.counts["by_class"]["car"]["dropped"] == {"box of an image without objects": 2}
    got = made_up(tmp_path / "b", {"a.jpg": None, "b.jpg": None}, background=False)
    assert got.names() == ["a.jpg", "b.jpg"]
    with pytest.raises(
        DatasetError, match="must stay; background: false keeps none of 1. Widen it"
    ):
        made_up(tmp_path / "c", {"a.jpg": []}, background=False)


def test_splits_never_cut_a_group(tmp_path: Path):
    columns = {**drive(10), **drive(10, name="y"), **drive(20, name="z")}
    for name in columns:
        columns[name]["split"] = "test"
    got = make(tmp_path / "a", columns, splits={"train": "rest", "val": 0.25})
    sides = dict(zip(got.column("sequence"), got.column("split"), strict=True))
    pairs = {*zip(got.column("sequence"), got.column("split"), strict=True)}
    assert len(pairs) == 3
    assert got.column("split").count("val") == 10
    assert sides["z"] == "train"
    assert got.counts["noted"] == {}
    assert got.made_by["config"]["split_by"] == "group"


def test_a_video_is_cut_by_saying_so_alone_and_it_is_told(tmp_path: Path):
    got = make(tmp_path, drive(40), splits={"train": 0.8, "val": 0.2}, split_by="image")
    assert got.column("split").count("val") == 8
    rule = "image whose group is cut by splits, as split_by: image asks"
    assert got.counts["noted"] == {rule: 40}
    assert got.made_by["config"]["split_by"] == "image"
    with pytest.raises(DatasetError, match=r"would be empty, with 1 groups for train, val\. Ask"):
        make(tmp_path / "b", drive(40), splits={"train": 0.8, "val": 0.2})


def test_unknown_sequences_are_told_when_splitting(tmp_path: Path):
    got = make(tmp_path, {f"{n}.jpg": {} for n in range(10)}, splits={"train": 5, "val": 5})
    assert got.counts["noted"] == {"image without a sequence: neighbours may lie in two splits": 10}


def test_a_place_is_never_cut_nor_are_groups_that_meet_there(tmp_path: Path):
    columns: dict[str, dict[str, Any]] = {
        f"{drive}{n}.jpg": {"sequence": drive, "place": f"{n if drive in 'ab' else 9 + n}"}
        for drive in "abcd" for n in range(3)
    }  # fmt: skip
    got = make(tmp_path, columns, splits={"train": 0.5, "test": 0.5}, split_by="place")
    sides = {(name[0], side) for name, side in zip(got.names(), got.column("split"), strict=True)}
    assert len(sides) == 4
    assert {side for drive, side in sides if drive in "ab"} != {
        side for drive, side in sides if drive in "cd"
    }


def test_strata_by_an_attribute_or_an_error_that_names_it(tmp_path: Path):
    columns = {f"{n:02}.jpg": {"attributes": {"camera": "ab"[n % 2]}} for n in range(20)}
    got = make(tmp_path / "a", columns, splits={"train": 0.5, "val": 0.5}, stratify="camera")
    pairs = [(int(name[:2]) % 2, side) for name, side in
             zip(got.names(), got.column("split"), strict=True)]  # fmt: skip
    assert {pair: pairs.count(pair) for pair in pairs} == {
        (n, side): 5 for n in (0, 1) for side in ("train", "val")
    }
    with pytest.raises(DatasetError, match=r"no image has 'camra'"):
        make(tmp_path / "b", columns, splits={"train": 0.5, "val": 0.5}, stratify="camra")


def whole(to: Path) -> ImageSet:
    images = {
        "x/000.jpg": [box("car"), box("van", 0, 0, 9, 9), box("person", 5, 5, 9, 9)],
        "x/001.jpg": [box("person"), box("car", occlusion_level=1)],
        "y/000.jpg": [],
    }
    return made_up(to, images, sequence="folder", licence="CC0")


def test_a_set_from_a_set(tmp_path: Path):
    parent = whole(tmp_path / "whole")
    config = SelectConfig(
        classes={"vehicle": ("car", "van"), "person": ("person",)},
        where_boxes="label = 'person' OR box_height > 9", drop=Limits(min_area=20.0),
    )  # fmt: skip
    got = select_set(parent, tmp_path / "some", config=config)
    rows = got.boxes.to_pylist()
    assert [(row["image"], row["box"], row["label"]) for row in rows] == [
        ("x/000.jpg", 0, "vehicle"), ("x/001.jpg", 0, "person"), ("x/001.jpg", 1, "vehicle"),
    ]  # fmt: skip
    assert got.classes == ("vehicle", "person")
    assert [*got.parents] == [{"name": parent.name, "hash": parent.hash}]
    assert (got.made_by["command"], got.licence, got.name) == ("select", "CC0", "some")
    assert got.column("group") == ["x", "x", "y"]
    assert got.counts["by_class"]["van"] == {
        "read": 1, "kept": 0, "ignored": 0, "becomes": "vehicle",
        "dropped": {"box left out by where_boxes": 1},
    }  # fmt: skip
    before = (tmp_path / "some/set.json").stat().st_mtime_ns
    assert select_set(parent, tmp_path / "some", config=config).hash == got.hash
    assert (tmp_path / "some/set.json").stat().st_mtime_ns == before
    with pytest.raises(BusyError, match="must be empty or hold this very set"):
        select_set(parent, tmp_path / "some", config=SelectConfig(where="n_occluded > 0"))


def test_everything_selected_is_the_set_itself(tmp_path: Path):
    parent = whole(tmp_path / "whole")
    assert select_set(parent, tmp_path / "again").hash == parent.hash


def test_cumulative_bins_are_sets(tmp_path: Path):
    images = {f"{n:02}.jpg": [box("car", occlusion_level=1)] * n for n in range(14)}
    parent = made_up(tmp_path / "whole", images)
    sizes = [
        len(select_set(parent, tmp_path / f"{most}", config=SelectConfig(
            where=f"n_occluded <= {most}")))
        for most in (5, 10, 99)
    ]  # fmt: skip
    assert sizes == [6, 11, 14]
    third = select_set(
        parent, tmp_path / "third", config=SelectConfig(where="n_occluded_third = 1")
    )
    assert len(third) == 5
