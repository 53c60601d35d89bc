"""Alarms: bounded figures, patience, and one sentence each with what is likely to mend it."""

from typing import Any

import pytest

from otherlight.training.alarms import RULES, raise_alarms, raised, undecided

GOOD: dict[str, float] = {
    "changed": 0.9,
    "dependent": 0.4,
    "upright": 0.5,
    "undecided": 0.4,
    "grid": 1.0,
    "sharpness": 0.9,
    "contrast": 0.9,
    "copied": -0.3,
}


def rows(*figures: dict[str, float], first: int = 200) -> list[dict[str, Any]]:
    return [{"step": first + 100 * place, **GOOD, **each} for place, each in enumerate(figures)]


@pytest.mark.parametrize(
    ("alarm", "figure", "value", "sentence"),
    [
        ("unchanged", "changed", 0.03, r"equals its input: it changed by 3%.*learning_rate"),
        ("collapsed", "dependent", 0.02, r"does not depend on its input.*cycle_weight"),
        ("inverted", "upright", -0.4, r"Light and dark are inverted.*identity_weight"),
        ("saturated", "undecided", 0.004, r"discriminator is saturated.*discriminator_width"),
        ("checkerboard", "grid", 5.0, r"checkerboard, 5.0 times.*upsampling: nearest"),
        ("smeared", "sharpness", 0.3, r"Sharpness is lost: edges have 30%.*skip: true"),
        ("hazy", "contrast", 0.2, r"Contrast is lost: it is 20%.*match_colours"),
        ("copied", "copied", 0.3, r"copied in.*alarms/copied.png.*cycle_weight"),
    ],
)
def test_each_alarm_says_what_is_wrong_and_what_mends_it(
    alarm: str, figure: str, value: float, sentence: str
):
    import re

    found = raise_alarms(rows({figure: value}, {figure: value}))
    assert list(found) == [alarm]
    assert re.search(sentence, found[alarm])


def test_every_rule_has_a_figure_of_its_own_and_good_figures_raise_nothing():
    assert {rule.figure for rule in RULES.values()} == set(GOOD)
    assert raise_alarms(rows({}, {}), last=True) == {}


def test_one_check_alone_raises_nothing():
    bad = {"upright": -0.5}
    assert raise_alarms(rows(bad)) == {}
    assert raise_alarms(rows({}, bad)) == {}
    assert raise_alarms(rows(bad, {})) == {}
    assert list(raise_alarms(rows(bad, bad))) == ["inverted"]


def test_a_figure_on_its_way_back_is_waited_for_until_the_end():
    slow = rows({"changed": 0.02}, {"changed": 0.03})
    assert raise_alarms(slow) == {}
    assert list(raise_alarms(slow, last=True)) == ["unchanged"]
    assert list(raise_alarms(rows({"changed": 0.02}, {"changed": 0.025}))) == ["unchanged"]


def test_nothing_is_said_of_the_first_steps():
    bad = {"upright": -0.5}
    assert raise_alarms(rows(bad, bad, first=-50), last=True) == {}
    assert raise_alarms([]) == {}


def test_a_row_without_the_figure_is_passed_over():
    log = rows({"grid": 9.0}, {}, {"grid": 9.0})
    del log[1]["grid"]
    assert list(raise_alarms(log)) == ["checkerboard"]
    assert raise_alarms(log[:2]) == {}


def test_undecided_is_the_largest_of_the_last_losses():
    log = [{"step": step, "discriminator": value} for step, value in enumerate([9.0] + [0.01] * 10)]
    assert undecided(log) == {"undecided": 0.01}
    assert undecided(log[:10]) == {"undecided": 9.0}
    assert undecided(log[:9]) == {}
    assert undecided([*log, {"step": 11, "discriminator": 0.5}]) == {"undecided": 0.5}


def test_a_critic_may_have_negative_losses_and_is_not_judged_by_them():
    log = [{"step": step, "discriminator": -1.0 + 0.2 * step} for step in range(10)]
    assert undecided(log) == {}
    assert undecided([{"step": step, "adversarial": 1.0} for step in range(10)]) == {}


def test_a_run_is_summed_up_with_the_first_step_and_whether_it_lasts():
    log: list[dict[str, Any]] = [
        {"step": 100, "alarms": {"hazy": "first"}},
        {"step": 120},
        {"step": 200, "alarms": {"hazy": "later", "copied": "copy"}},
        {"step": 300, "alarms": {"copied": "copy still"}},
    ]
    assert raised(log) == [
        {"alarm": "hazy", "since": 100, "standing": False, "sentence": "later"},
        {"alarm": "copied", "since": 200, "standing": True, "sentence": "copy still"},
    ]
    assert raised([]) == []
