"""Splits: groups are never cut, shares are met, the same seed gives the same splits."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otherlight.datasets.splits import assign, join_units
from otherlight.errors import DatasetError


def drives(*lengths: int) -> list[str]:
    return [f"drive{n}" for n, length in enumerate(lengths) for _ in range(length)]


@settings(deadline=None, max_examples=40)
@given(
    lengths=st.lists(st.integers(1, 40), min_size=4, max_size=30),
    seed=st.integers(0, 1000),
)
def test_no_group_is_cut_and_no_split_is_empty(lengths: list[int], seed: int):
    units = drives(*lengths)
    try:
        splits = assign(units, {"train": 0.7, "val": 0.15, "test": 0.15}, seed)
    except DatasetError:
        # A drive that outweighs all others can leave the small splits nothing.
        assert max(lengths) > 0.5 * sum(lengths) or len(lengths) < 8
        return
    assert len({*zip(units, splits, strict=True)}) == len(lengths)
    assert {*splits} == {"train", "val", "test"}
    shuffled = sorted(range(len(units)), key=lambda n: (n * 7919) % len(units))
    again = assign([units[n] for n in shuffled], {"train": 0.7, "val": 0.15, "test": 0.15}, seed)
    assert again == [splits[n] for n in shuffled]


def test_shares_are_met_and_seeds_differ():
    units = drives(*range(10, 60))
    splits = assign(units, {"train": 0.8, "val": "rest"}, 0)
    assert splits.count("val") / len(units) == pytest.approx(0.2, abs=0.005)
    assert splits != assign(units, {"train": 0.8, "val": "rest"}, 1)


def test_counts_are_met_as_far_as_groups_allow():
    counts = Counter(assign(drives(*[5] * 100), {"train": "rest", "val": 50, "test": 101}, 0))
    assert counts == {"train": 350, "val": 50, "test": 100}


def test_strata_are_split_alike():
    units = drives(*[2] * 200)
    light = ["day" if n < 300 else "night" for n in range(400)]
    splits = assign(units, {"train": 0.5, "test": 0.5}, 0, light)
    assert Counter(zip(light, splits, strict=True)) == {
        ("day", "train"): 150, ("day", "test"): 150, ("night", "train"): 50, ("night", "test"): 50,
    }  # fmt: skip


def test_units_that_share_a_name_are_joined():
    assert join_units(["a", "b", "c", "b"], ["x", "y", "z", "z"]) == ["a", "b", "b", "b"]
    assert join_units(["b", "a", "c"], ["x", "x", None]) == ["a", "a", "c"]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"train": 5, "test": 6}, "no more images than there are; 11 were asked for, of 10"),
        ({"train": 5, "test": 4}, r"take every image; 9 .* of 10\. Say where the others go"),
        ({"train": 0.9, "val": 0.05, "test": "rest"}, "val would be empty, with 2 groups|"
         "test would be empty, with 2 groups"),
    ],
)  # fmt: skip
def test_splits_that_cannot_be(parts: dict[str, Any], message: str):
    with pytest.raises(DatasetError, match=message):
        assign(drives(5, 5), parts, 0)
