"""Histograms: bars that hold every value, the same for every set."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from otherlight.errors import QueryError
from otherlight.sets import ImageSet, build_set
from otherlight.sets.histogram import histogram


def made(heights: Sequence[float], **columns: Any) -> ImageSet:
    """One image a height, with a box of that height; the second is a truck and occluded."""
    images = [{"image": f"{n}.jpg", "height": 100, **columns} for n in range(len(heights))]
    boxes = [
        {"image": f"{n}.jpg", "box": 0, "label": "truck" if n == 1 else "car", "left": 0,
         "top": 0, "right": 8, "bottom": height, "occlusion_level": int(n == 1)}
        for n, height in enumerate(heights)
    ]  # fmt: skip
    return build_set("some", ["car", "truck"], images, boxes, root=Path())


def bars(images: ImageSet, column: str) -> dict[str, int]:
    counted = histogram([images], column)
    return dict(zip(counted.labels(), counted.counts[0], strict=True))


def test_words_get_a_bar_each_and_whole_numbers_one_for_every_step():
    images = made([10, 20, 30])
    assert bars(images, "label") == {"car": 2, "truck": 1}
    assert bars(images, "n_occluded") == {"0": 2, "1": 1}
    assert bars(images, "box_height - 8") == {str(n): int(n in (2, 12, 22)) for n in range(2, 23)}
    assert bars(images, "ignore") == {"no": 3}


def test_numbers_fall_into_bins_with_round_edges_that_lose_none():
    heights = [1.5 + 1.37 * n for n in range(300)]
    counted = histogram([made(heights)], "box_height")
    edges = [low for low, _ in counted.bars] + [counted.bars[-1][1]]
    assert edges == [50.0 * n for n in range(10)]
    assert list(counted.counts[0]) == [
        sum(low <= height < low + 50 for height in heights) for low in edges[:-1]
    ]
    assert (counted.of, counted.others[0], counted.unknown[0]) == ("boxes", 0, 0)


@pytest.mark.parametrize(
    "heights",
    [
        [1e308, 1e-308, *range(1, 40)],
        [1.0 + n * 1e-15 for n in range(1, 50)],
        [1e16 + 1000 * n for n in range(50)],
        [5.0],
    ],
)
def test_no_value_is_lost_however_far_or_near(heights: list[float]):
    counted = histogram([made(heights)], "box_height")
    assert sum(counted.counts[0]) == len(heights)
    assert counted.others[0] == 0


def test_what_is_null_or_nan_is_unknown_and_what_is_too_much_is_others():
    nan = float("nan")
    assert histogram([made([9, 9], time_s=nan)], "time_s").unknown == [2]
    assert histogram([made([9, 9])], "timeofday").unknown == [2]
    text = "CASE WHEN image = '0.jpg' THEN NULL ELSE image END"
    assert histogram([made([9, 9])], text).labels() == ["1.jpg"]
    assert histogram([made([9, 9])], text).unknown == [1]
    assert histogram([made([9, 9])], "MAP {'a': n_car}").counts[0] == [1, 1]
    assert histogram([build_set("none", [], [], [], root=Path())], "n_boxes").counts == [[]]
    many = histogram([made([9] * 45)], "image")
    assert (sum(many.counts[0]), many.others[0]) == (40, 5)


def test_sets_share_their_bars():
    counted = histogram([made([10, 20]), made([70, 80, 90])], "box_height")
    assert counted.bars == [10, 20, 70, 80, 90]
    assert counted.counts == [[1, 1, 0, 0, 0], [0, 0, 1, 1, 1]]
    wide = histogram([made([10, 20]), made([n * 10 for n in range(1, 60)])], "box_height")
    assert (wide.bars[0], wide.bars[-1]) == ((0.0, 50.0), (550.0, 600.0))
    assert [sum(each) for each in wide.counts] == [2, 59]
    assert wide.plain(0)["bars"][0] == {"low": 0.0, "high": 50.0, "count": 2}


def test_images_come_before_boxes():
    images = made([10, 20], timeofday="night")
    assert histogram([images], "timeofday").of == "images"
    assert histogram([images], "attributes['a']").of == "images"
    assert histogram([images], "depth_m").of == "boxes"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("n_tuck", "there is no 'n_tuck'. Did you mean 'n_truck'"),
        ("box_heigth", "Did you mean 'box_height'"),
        ("box_heigth + 1", "there is no 'box_heigth'"),
        ("n_car; DROP TABLE images", "must be one SQL expression"),
        ("(" * 5000, "100 brackets within each other"),
        ("(SELECT max(content) FROM read_text('/etc/hostname'))", "cannot be evaluated"),
    ],
)
def test_a_wrong_name_is_told_with_its_nearest(wrong: str, message: str):
    with pytest.raises(QueryError, match=message):
        histogram([made([10, 20])], wrong)
