"""Colours of lights, hallucinations, decisions and thresholds, each by itself."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from otherlight.audit import AuditConfig
from otherlight.audit.colours import known_state, shown_state
from otherlight.audit.evidence import Look, decide, size_of
from otherlight.audit.hallucinations import find_hallucinations
from otherlight.audit.structure import Kept
from otherlight.audit.survival import colours
from otherlight.config import build
from otherlight.errors import PlanError
from otherlight.sets import ImageSet, build_set
from otherlight.sets.columns import PREDICTIONS

HEAD = np.array([2.0, 2.0, 10.0, 22.0])
Row = tuple[str, str, tuple[float, float, float, float], float]


def light(colour: tuple[int, int, int], top: int = 4) -> np.ndarray:
    pixels = np.full((24, 12, 3), 30, np.uint8)
    pixels[top : top + 5, 4:8] = colour
    return pixels


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((230, 40, 30), "red"),
        ((90, 12, 20), "red"),
        ((240, 180, 40), "yellow"),
        ((60, 220, 90), "green"),
        ((30, 200, 190), "green"),
        ((40, 60, 230), None),
        ((235, 235, 235), None),
    ],
)
def test_a_light_shows_the_colour_of_its_lamp(colour: tuple[int, int, int], name: str | None):
    assert shown_state(light(colour), HEAD) == name


def test_no_light_and_no_box_show_no_colour():
    assert shown_state(np.zeros((24, 12, 3), np.uint8), HEAD) is None
    assert shown_state(light((230, 40, 30)), np.array([40.0, 40, 50, 50])) is None
    assert shown_state(light((230, 40, 30)), np.array([-9.0, 2, -2, 22])) is None
    assert [known_state(word) for word in ("Green", " amber ", "off", None)] == [
        "green", "yellow", None, None,
    ]  # fmt: skip


def look(edges: float, contrast: float = 1.0, **states: str) -> Look:
    return Look(kept=Kept(edges=edges, contrast=contrast), **states)


@pytest.mark.parametrize(
    ("edges", "contrast", "before", "after", "decision"),
    [
        (0.9, 1.0, True, True, "keep"),
        (0.2, 0.0, True, True, "keep"),
        (0.05, 1.0, True, True, "ignore"),
        (0.05, 1.0, True, False, "drop"),
        (0.05, 1.0, None, None, "drop"),
        (0.35, 1.0, True, False, "ignore"),
        (0.35, 1.0, None, None, "keep"),
        (0.25, 1.0, None, None, "ignore"),
        (0.35, 1.0, False, False, "keep"),
        (0.9, 0.1, None, None, "ignore"),
        (float("nan"), float("nan"), None, None, "keep"),
        (float("nan"), float("nan"), True, False, "keep"),
    ],
)
def test_decisions(
    edges: float, contrast: float, before: bool | None, after: bool | None, decision: str
):
    assert decide(look(edges, contrast), None, before, after, AuditConfig())[0] == decision


def test_a_light_that_changed_its_colour_is_ignored_if_it_showed_its_own_before():
    turned = look(0.9, state_before="green", state_after="red")
    assert decide(turned, "green", True, True, AuditConfig()) == (
        "ignore", "it turned from green to red",
    )  # fmt: skip
    assert decide(turned, "red", True, True, AuditConfig())[0] == "keep"
    unseen = Look(kept=Kept(edges=0.9, contrast=1.0), state_before="green")
    assert decide(unseen, "green", True, True, AuditConfig())[0] == "keep"


def test_colours_are_counted_where_they_were_seen_before():
    names = ("state", "state_before", "state_after")
    rows = [("red", "red", "red"), ("red", "red", "green"), ("green", "green", None),
            ("green", "red", "red"), (None, None, None)]  # fmt: skip
    table = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])
    assert colours(table) == {
        "judged": 3, "kept": 1, "unseen": 1, "changed": {"red to green": 1},
    }  # fmt: skip


def seen(*rows: Row) -> pa.Table:
    names = ("left", "top", "right", "bottom")
    return pa.Table.from_pylist(
        [
            {"image": image, "rank": rank, "label": label, "score": score,
             **dict(zip(names, edges, strict=True))}
            for rank, (image, label, edges, score) in enumerate(rows)
        ],
        PREDICTIONS,
    )  # fmt: skip


@pytest.fixture
def labelled() -> ImageSet:
    box = {"image": "a.png", "box": 0, "label": "car", "left": 0, "top": 0, "right": 20,
           "bottom": 10, "ignore": True}  # fmt: skip
    images = [{"image": "a.png"}, {"image": "b.png"}]
    return build_set("two", ["car"], images, [box], root=Path())


def test_only_what_nothing_explains_is_a_hallucination(labelled: ImageSet):
    before = seen(("b.png", "car", (40.0, 40.0, 60.0, 60.0), 0.05))
    after = seen(
        ("a.png", "bus", (0.0, 0.0, 18.0, 10.0), 0.9),  # a label, ignored, of another class
        ("a.png", "car", (12.0, 0.0, 42.0, 10.0), 0.8),  # the label covers 8 of 30
        ("a.png", "bus", (13.0, 0.0, 43.0, 10.0), 0.7),  # the same place again
        ("a.png", "car", (70.0, 70.0, 80.0, 80.0), 0.2),  # too faint
        ("b.png", "car", (42.0, 40.0, 62.0, 60.0), 0.9),  # seen before, faintly
        ("b.png", "car", (80.0, 40.0, 90.0, 60.0), 0.6),
    )
    told = find_hallucinations(before, after, labelled, 0.5, 0.5).to_pylist()
    assert [(row["image"], row["rank"], row["left"]) for row in told] == [
        ("a.png", 0, 12.0), ("b.png", 0, 80.0),
    ]  # fmt: skip
    assert find_hallucinations(before, before, labelled, 0.5, 0.5).num_rows == 0


def test_sizes_are_those_of_coco():
    sides = ((32, 32, "small"), (33, 32, "medium"), (96, 96, "medium"), (97, 96, "large"))
    for wide, high, name in sides:
        assert size_of({"left": 0, "top": 0, "right": wide, "bottom": high}) == name


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"iou": 1.5}, r"\[audit\] iou is a share, 0 to 1; 1.5 came"),
        ({"score": float("nan")}, r"\[audit\] score is a share"),
        ({"gone": 0.5}, r"\[audit\] gone, edges and lost must rise; 0.5, 0.3 and 0.4 came"),
        ({"margin": -1.0}, r"\[audit\] margin must lie between 0 and 5"),
        ({"gallery": 0}, r"\[audit\] gallery must be at least 1; 0 came"),
        ({"edge": 0.5}, r"\[audit\] has no key 'edge'. Did you mean 'edges'\?"),
    ],
)
def test_thresholds_that_make_no_sense_are_refused(values: dict[str, float], message: str):
    with pytest.raises(PlanError, match=message):
        build(AuditConfig, values, "audit")
