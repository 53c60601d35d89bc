"""A step written once and run for each of several values is the plan written out by hand."""

from pathlib import Path

import pytest

from otherlight.errors import PlanError
from otherlight.experiment import check_plan, read_plan
from otherlight.experiment.verbs import VERBS

PLANS = Path(__file__).parents[2] / "plans"

COPIED = """
name: weather
variables: {weathers: [fog, rain]}
parts: {all: [day, pool, dark]}
steps:
  day: {world: {images: 4}}
  pool:
    for: {weather: "${weathers}"}
    world: {condition: "${weather}", images: 4, pool: "road-${weather}"}
  dark:
    for: {weather: [fog, rain]}
    translate: {set: "${day.output}", with: histogram, reference: "${pool.${weather}.output}"}
  late: {translate: {set: "${pool.fog.output}", with: gamma, seed: "${pool.rain.world.images}"}}
"""

BY_HAND = """
name: weather
parts: {all: [day, pool-fog, pool-rain, dark-fog, dark-rain]}
steps:
  day: {world: {images: 4}}
  pool-fog: {world: {condition: fog, images: 4, pool: road-fog}}
  pool-rain: {world: {condition: rain, images: 4, pool: road-rain}}
  dark-fog: {translate: {set: "${day.output}", with: histogram, reference: "${pool-fog.output}"}}
  dark-rain: {translate: {set: "${day.output}", with: histogram, reference: "${pool-rain.output}"}}
  late: {translate: {set: "${pool-fog.output}", with: gamma, seed: "${pool-rain.world.images}"}}
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "plan.yaml"
    file.write_text(text)
    return file


def complaint(folder: Path, given: str, variables: str = "{}") -> str:
    text = f"variables: {variables}\nsteps:\n  pool:\n    for: {given}\n    world: {{images: 4}}\n"
    with pytest.raises(PlanError) as error:
        read_plan(written(folder, text))
    return str(error.value)


def test_it_reads_as_if_written_out_by_hand(tmp_path: Path):
    copied = read_plan(written(tmp_path, COPIED))
    by_hand = read_plan(written(tmp_path, BY_HAND))
    assert copied.shown() == by_hand.shown()
    assert [step.uses for step in copied.steps.values()] == [
        step.uses for step in by_hand.steps.values()
    ]
    check_plan(copied, VERBS)


def test_a_value_alone_in_its_place_keeps_its_type(tmp_path: Path):
    text = "steps: {day: {for: {count: [4, 8]}, world: {images: '${count}'}}}"
    plan = read_plan(written(tmp_path, text))
    images = [step.options["images"] for step in plan.steps.values()]
    assert images == [4, 8]


def test_settings_from_the_command_line_reach_all_copies(tmp_path: Path):
    plan = read_plan(
        written(tmp_path, COPIED), overrides=["pool.world.images=9", "weathers=[snow, rain]",
        "dark.for.weather=[snow, rain]", "late=null"],
    )  # fmt: skip
    assert list(plan.steps) == ["day", "pool-snow", "pool-rain", "dark-snow", "dark-rain"]
    assert plan.steps["pool-snow"].options["images"] == 9


def test_a_misspelt_key_is_told_at_its_line(tmp_path: Path):
    file = written(tmp_path, COPIED.replace('pool: "road', 'pol: "road'))
    with pytest.raises(PlanError, match=r"plan.yaml:9: \[world\] has no key 'pol'"):
        check_plan(read_plan(file), VERBS)


def test_a_step_for_another_value_is_not_there(tmp_path: Path):
    file = written(tmp_path, COPIED.replace("pool.fog.output", "pool.snow.output"))
    with pytest.raises(PlanError, match=r"There is no variable \$\{pool.snow.output\}"):
        read_plan(file)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("[fog]", "for is one name with a list of values"),
        ("{a: [x], b: [y]}", "for is one name with a list of values"),
        ("{weather: fog}", "weather must go through a list of values"),
        ("{weather: []}", "weather must go through a list of values"),
        ("{weather: [fog, fog]}", "each of them once"),
        ("{weather: ['a/b']}", "becomes part of a step's name.*'a/b' cannot"),
        ("{weather: [[fog]]}", "becomes part of a step's name"),
        ("{weather: '${nothing}'}", "weather must go through a list of values"),
    ],
)
def test_what_a_for_must_be_is_told_with_its_place(given: str, says: str, tmp_path: Path):
    import re

    found = complaint(tmp_path, given)
    assert "plan.yaml:4: " in found
    assert re.search(says, found)


def test_the_name_of_a_for_is_no_variable_already(tmp_path: Path):
    text = "seed: 3\nsteps: {pool: {for: {seed: [1]}, world: {images: 4}}}"
    with pytest.raises(PlanError, match="'seed' is a variable already"):
        read_plan(written(tmp_path, text))


def test_two_steps_of_one_name_are_refused(tmp_path: Path):
    text = "steps: {a: {for: {w: [b]}, world: {images: 4}}, a-b: {world: {images: 4}}}"
    with pytest.raises(PlanError, match="there are two 'a-b'"):
        read_plan(written(tmp_path, text))


def test_the_shipped_plan_of_several_targets_checks():
    plan = read_plan(PLANS / "world-weather.yaml")
    check_plan(plan, VERBS)
    assert len(plan.steps) == 3 + 5 * 3
    assert plan.steps["verdict-rain"].uses == (
        "day_train", "day_val", "day_test", "pool-rain", "test-rain", "translated-rain",
    )  # fmt: skip
    assert len(plan.select("translation")) == 6
