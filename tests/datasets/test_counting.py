"""What was read is kept or dropped: the sums add up, for images and for boxes of every class."""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otherlight.datasets import ImportConfig, Limits, SelectConfig, import_set, select_set
from otherlight.datasets.samples import RawBox
from otherlight.datasets.tally import UNTOLD, Tally
from otherlight.errors import DatasetError
from otherlight.sets import ImageSet, read_set

from .made_up import box, made_up
from .sources import as_json, coco, frame

SIDES = st.integers(-20, 120)
RAW = st.builds(
    lambda label, x, y, w, h, words: box(label, x, y, x + w, y + h, **words),
    st.sampled_from(["car", "van", "person", "ghost"]), SIDES, SIDES, st.integers(-1, 60),
    st.integers(-1, 60),
    st.fixed_dictionaries({}, optional={
        "ignore": st.booleans(), "occlusion": st.sampled_from([0.0, 0.5, 1.0]),
        "occlusion_level": st.integers(0, 2), "truncation": st.sampled_from([0.0, 0.9]),
        "attributes": st.dictionaries(st.sampled_from("ab"), st.text(max_size=3)),
    }),
)  # fmt: skip
IMAGES = st.dictionaries(
    st.integers(0, 60).map(lambda n: f"{n % 3}/{n:03}.jpg"), st.none() | st.lists(RAW, max_size=6),
    min_size=1, max_size=12,
)  # fmt: skip
OPTIONS = st.fixed_dictionaries({}, optional={
    "classes": st.sampled_from([{"vehicle": ("car", "van")}, {"person": ("person",)}]),
    "drop": st.builds(Limits, min_height=st.sampled_from([None, 5.0, 30.0]),
                      min_visibility=st.sampled_from([None, 0.6])),
    "ignore": st.builds(Limits, min_width=st.sampled_from([None, 20.0]),
                        max_occlusion_level=st.sampled_from([None, 1])),
    "coinciding": st.sampled_from(["keep", "one", "ignore", "drop"]),
    "background": st.booleans(), "every": st.integers(1, 3),
    "share": st.sampled_from([0.2, 0.5, 1.0]),
    "where": st.sampled_from(["n_boxes < 4", "n_occluded >= 0 AND image > '1'"]),
    "where_boxes": st.sampled_from(["area > 100", "label <> 'person'"]),
    "sequence": st.just("folder"),
})  # fmt: skip


def unless_empty(make: Callable[[], ImageSet]) -> ImageSet | None:
    """Make a set, or none where the rules leave no image."""
    try:
        return make()
    except DatasetError as error:
        if "must stay" not in str(error):
            raise
        return None


def add_up(counts: dict[str, Any], got: ImageSet) -> None:
    assert counts["kept"] == len(got)
    assert counts["read"] == counts["kept"] + sum(counts["images_dropped"].values())
    assert counts["boxes_kept"] == got.boxes.num_rows
    lost = 0
    for each in counts["by_class"].values():
        assert each["read"] == each["kept"] + sum(each["dropped"].values())
        assert each["ignored"] <= each["kept"]
        lost += sum(each["dropped"].values())
    assert sum(each["read"] for each in counts["by_class"].values()) == counts["boxes_read"]
    assert counts["boxes_read"] == counts["boxes_kept"] + lost
    ignored = sum(each["ignored"] for each in counts["by_class"].values())
    assert ignored == sum(got.boxes["ignore"].to_pylist())
    rules = {rule for each in counts["by_class"].values() for rule in each["dropped"]}
    assert rules | counts["images_dropped"].keys() == counts["dropped"].keys()
    assert sum(counts["dropped"].values()) == lost + counts["read"] - counts["kept"]


@settings(deadline=None, max_examples=25)
@given(images=IMAGES, options=OPTIONS)
def test_what_is_read_is_kept_or_dropped(
    images: dict[str, list[RawBox] | None], options: dict[str, Any]
):
    with TemporaryDirectory() as folder:
        got = unless_empty(lambda: made_up(Path(folder) / "all", images, **options))
        if got is None:
            return
        add_up(json.loads((Path(folder) / "all/set.json").read_text())["counts"], got)
        kept = {name: n for name, n in got.counts["by_class"].items() if n["kept"]}
        labels = got.boxes["label"].to_pylist()
        for new in got.classes:
            of = [n["kept"] for name, n in kept.items() if n.get("becomes", name) == new]
            assert sum(of) == labels.count(new)


@settings(deadline=None, max_examples=12)
@given(images=IMAGES, options=OPTIONS)
def test_a_selection_of_a_set_adds_up_too(
    images: dict[str, list[RawBox] | None], options: dict[str, Any]
):
    options.pop("sequence", None)
    with TemporaryDirectory() as folder:
        whole = made_up(Path(folder) / "all", images, sequence="folder")
        config = SelectConfig(**options)
        got = unless_empty(lambda: select_set(whole, Path(folder) / "some", config=config))
        if got is None:
            return
        assert got.counts["read"] == len(whole)
        assert got.counts["boxes_read"] == whole.boxes.num_rows
        add_up(dict(got.counts), got)
        assert read_set(Path(folder) / "some").hash == got.hash


def test_formats_say_the_class_of_what_they_drop(tmp_path: Path):
    label = frame()["labels"][0]
    source = as_json(tmp_path / "x.json", [frame(labels=[label, {**label, "category": "lane"}])])
    got = import_set("bdd100k", source, tmp_path / "a", config=ImportConfig(pixels=False))
    add_up(dict(got.counts), got)
    lane = got.counts["by_class"]["lane"]
    assert lane == {
        "read": 1, "kept": 0, "ignored": 0, "dropped": {"unknown category 'lane'": 1},
    }  # fmt: skip
    images = [{"id": 3, "file_name": "a.jpg"}, {"id": 4, "file_name": "z.jpg"}]
    lost = {"id": 9, "image_id": 4, "category_id": 2, "bbox": [1, 2, 3, 4]}
    got = import_set(
        "coco", coco(tmp_path / "c", images=images, annotations=[lost]), tmp_path / "b"
    )
    add_up(dict(got.counts), got)
    assert got.counts["images_dropped"] == {"labels without image file": 1}
    assert got.counts["by_class"]["car"]["dropped"] == {"box of an image without file": 1}


def test_a_reader_that_knows_no_class_still_adds_up():
    tally = Tally(boxes=3)
    tally.drop("broken label", "x", 2)
    tally.read_boxes({"car": 1})
    assert tally.by_class({"car": 1}, {}, {})[UNTOLD] == {
        "read": 3, "kept": 0, "ignored": 0, "dropped": {"left out before its class was known": 3},
    }  # fmt: skip


@pytest.mark.parametrize("column", ["labels", "lable"])
def test_a_column_that_no_box_has_is_named(column: str, tmp_path: Path):
    with pytest.raises(DatasetError, match=f"A box has no column '{column}'"):
        made_up(tmp_path, {"a.jpg": [box("car", **{column: 1})]})
