"""Where no terminal is, progress comes in lines that say how far and how long."""

import contextlib

import pytest

from otherlight.cli.progress import lines


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_long_task_speaks_every_ten_seconds_with_the_time_left():
    clock, told = Clock(), []
    with lines(told.append, clock)("training", 100) as advance:
        for _ in range(50):
            clock.now += 0.5
            advance(1)
        assert told == ["training: 20/100 (20 %), 0:40 left", "training: 40/100 (40 %), 0:30 left"]
    assert told[-1] == "training: done in 0:25"


def test_what_an_earlier_run_did_does_not_flatter_the_time_left():
    clock, told = Clock(), []
    with lines(told.append, clock)("training", 1000) as advance:
        clock.now = 1.0
        advance(900)
        clock.now = 11.0
        advance(10)
        assert told == ["training: 910/1000 (91 %), 1:30 left"]


def test_a_short_task_says_nothing_and_one_without_an_end_says_its_name():
    clock, told = Clock(), []
    reports = lines(told.append, clock)
    with reports("day: world", None) as step, reports("writing", 5) as advance:
        advance(5)
        clock.now = 10.0
        step(3)
    assert told == [
        "day: world",
        "day: world: 3",
        "writing: done in 0:10",
        "day: world: done in 0:10",
    ]


def test_a_task_that_failed_is_not_done():
    clock, told = Clock(), []
    with contextlib.suppress(ValueError), lines(told.append, clock)("training", 5):
        clock.now = 60.0
        raise ValueError
    assert told == []


@pytest.mark.parametrize("total", [0, 3])
def test_the_first_line_comes_without_a_guess(total: int):
    clock, told = Clock(), []
    with lines(told.append, clock)("x", total) as advance:
        clock.now = 10.0
        advance(1)
    assert told[0] == ("x: 1/3 (33 %)" if total else "x: 1")
