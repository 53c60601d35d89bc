"""Bins and thirds: cuts by hand or equal parts, apart or cumulative; the same in SQL."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otherlight.errors import QueryError
from otherlight.sets import ImageSet, build_set
from otherlight.sets.bins import bin_values, thirds
from otherlight.sets.queries import box_values, image_values

ROWS = st.lists(st.integers(0, 30), min_size=1, max_size=60)


def crowds(occluded: list[int]) -> ImageSet:
    """One image for each number, with so many occluded cars, one in view and one ignored."""
    images = [{"image": f"{n:03}.jpg", "width": 100, "height": 50} for n in range(len(occluded))]
    boxes: list[dict[str, Any]] = []
    for n, many in enumerate(occluded):
        for box in range(many + 2):
            edges = {"left": box, "top": 0, "right": box + 9, "bottom": 8}
            boxes.append(
                {"image": f"{n:03}.jpg", "box": box, "label": "car", **edges, "depth_m": 5.0 + box,
                 "occlusion_level": int(box < many or box > many), "ignore": box > many}
            )  # fmt: skip
    return build_set("crowds", ["car"], images, boxes, root=Path())


@settings(deadline=None)
@given(values=ROWS, cuts=st.lists(st.integers(0, 30), min_size=1, max_size=4, unique=True))
def test_bins_hold_every_value_once_and_cumulative_ones_grow(values: list[int], cuts: list[int]):
    array = np.array(values, np.float64)
    apart = bin_values(array, sorted(cuts), cumulative=False)
    assert (np.sum(list(apart.values()), axis=0) == 1).all()
    grown = list(bin_values(array, sorted(cuts), cumulative=True).values())
    assert grown[-1].all()
    assert all((small <= large).all() for small, large in pairwise(grown))
    assert [b.sum() for b in grown] == np.cumsum([b.sum() for b in apart.values()]).tolist()


def test_bins_are_named_and_unknown_values_are_in_none():
    values = np.array([0.0, 5, 6, 40, np.nan])
    assert [*bin_values(values, [5, 10], cumulative=True)] == ["0-5", "0-10", "0-all"]
    assert [*bin_values(values, [5, 10], cumulative=False)] == ["0-5", "6-10", "11-all"]
    assert [*bin_values(values + 0.5, [20, 50], cumulative=False)] == ["0-20", "20-50", "50-all"]
    assert [*bin_values(values - 9, [20], cumulative=True)] == ["lowest-20", "lowest-all"]
    assert not any(mask[4] for mask in bin_values(values, [5], cumulative=True).values())


def test_thirds_are_as_equal_as_ties_allow():
    assert thirds(np.arange(30.0)) == [9, 19]
    parts = bin_values(np.array([0.0] * 50 + [1] * 10 + [2] * 40), "thirds", cumulative=False)
    assert [mask.sum() for mask in parts.values()] == [50, 10, 40]
    with pytest.raises(QueryError, match="at least three different values; 2 came"):
        thirds(np.array([1.0, 2, 2]))


@pytest.mark.parametrize("cuts", [[], [5, 5], [9, 3], [float("nan"), 1.0]])
def test_cuts_must_rise(cuts: list[float]):
    with pytest.raises(QueryError, match="Cuts must be rising numbers"):
        bin_values(np.arange(20.0), cuts, cumulative=False)


def test_a_set_by_its_occluded_objects():
    crowd = crowds([0, 3, 5, 6, 10, 11, 30, 2, 8])
    assert crowd.where("n_occluded <= 5").names() == ["000.jpg", "001.jpg", "002.jpg", "007.jpg"]
    counts = image_values(crowd.images, crowd.boxes, crowd.classes, "n_occluded")
    assert counts.tolist() == [0, 3, 5, 6, 10, 11, 30, 2, 8]
    assert crowd.where("n_occluded_third = 1").names() == ["000.jpg", "001.jpg", "007.jpg"]
    assert len(crowd.where("n_occluded_third <= 2")) == 6
    assert crowd.where("nearest_m > 5").names() == []
    assert box_values(crowd.images, crowd.boxes, "depth_m").min() == 5


@settings(deadline=None, max_examples=25)
@given(values=ROWS.map(lambda rows: [*range(13), *rows]))
def test_thirds_in_sql_are_those_of_bins_within_one_value(values: list[int]):
    crowd = crowds(values)
    number = image_values(crowd.images, crowd.boxes, crowd.classes, "n_occluded_third")
    first, second = thirds(np.array(values, np.float64))
    plain = 1 + (np.array(values) > first) + (np.array(values) > second)
    # A cut as near below as above 1/3 may fall to either side.
    odd = np.unique(np.array(values)[number != plain])
    assert len(odd) <= 2


def test_what_is_unknown_is_nan_and_words_are_refused():
    crowd = crowds([1, 2])
    values = image_values(crowd.images, crowd.boxes, crowd.classes, "frame")
    assert np.isnan(values).all()
    with pytest.raises(QueryError, match="cannot be evaluated"):
        image_values(crowd.images, crowd.boxes, crowd.classes, "image")
    with pytest.raises(QueryError, match=r"there is no 'n_occludid'.*Did you mean 'n_occluded'"):
        image_values(crowd.images, crowd.boxes, crowd.classes, "n_occludid")
