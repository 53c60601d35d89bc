"""Every key of every step is read by somebody, or refused with the nearest one that would be."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from otherlight.errors import BusyError, PlanError
from otherlight.experiment.compare_plan import ComparePlan
from otherlight.experiment.plan import Plan, read_plan
from otherlight.experiment.plan_check import ReadyStep, Section, Verb, check_plan
from otherlight.experiment.plan_run import is_done, run_one, run_steps
from otherlight.records import progress
from otherlight.records.files import holding, write_json


class Learn(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    method: Literal["cyclegan", "cut"]
    source: Path
    other: Path | None = Field(default=None, alias="with")


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    steps: int = 100
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class CycleGANConfig:
    identity_weight: float = 0.5
    cycle_weight: float = 10.0


class Nothing(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def sections(options: Mapping[str, Any]) -> tuple[Section, ...]:
    if options.get("method") == "cut":
        raise PlanError("There is no translator 'cut'.")
    return (
        Section(configs=(LoopConfig,)),
        Section(path=("cyclegan",), configs=(CycleGANConfig,)),
    )


def write_what_came(step: ReadyStep) -> None:
    write_json(step.to / "run.json", {"done": True, "name": step.name, "about": step.about})


def write_config(step: ReadyStep) -> None:
    weight = step.config(CycleGANConfig).identity_weight
    write_json(
        step.to / "run.json",
        {"done": True, "steps": step.config(LoopConfig).steps, "weight": weight},
    )


VERBS = {
    "make": Verb(options=Nothing, run=write_what_came),
    "learn": Verb(options=Learn, run=write_config, sections=sections),
    "compare": Verb(options=ComparePlan, run=write_what_came),
}
PLAN = """\
seed: 7
about: Why.
parts: {data: [day]}
steps:
  day: {make: {}}
  translator:
    learn:
      method: cyclegan
      source: ${day.output}
      steps: 50
      cyclegan:
        identity_weight: 0.25
        cycle_weight: 9
"""
COMPARE = """\
compare:
  source: {train: a, val: b}
  target: {pool: c, test: d}
  recogniser: {name: compact}
  arms:
    source: [{set: a}]
    cyclegan:
      - {set: a, with: runs/x}
      - {set: a}
"""


def plan_of(folder: Path, text: str, *words: str) -> Plan:
    path = folder / "demo.yaml"
    path.write_text(text)
    return read_plan(path, (), words, to=folder / "out", verbs=VERBS)


def complaint(folder: Path, text: str, *words: str) -> str:
    with pytest.raises(PlanError) as caught:
        check_plan(plan_of(folder, text, *words), VERBS)
    return str(caught.value)


def test_options_and_configs_come_apart_and_the_plan_lends_its_seed(tmp_path: Path):
    ready = check_plan(plan_of(tmp_path, PLAN), VERBS)["translator"]
    assert ready.options == Learn(method="cyclegan", source=tmp_path / "out/day")
    assert ready.config(LoopConfig) == LoopConfig(steps=50, seed=7)
    assert ready.config(CycleGANConfig) == CycleGANConfig(identity_weight=0.25, cycle_weight=9.0)
    own = check_plan(plan_of(tmp_path, PLAN, "translator.learn.seed=1"), VERBS)["translator"]
    assert own.config(LoopConfig).seed == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "identity_weight",
            "identity_wieght",
            "demo.yaml:12: [cyclegan] has no key 'identity_wieght'. Did you mean "
            "'identity_weight'?",
        ),
        ("steps: 50", "stpes: 50", "demo.yaml:10: [learn] has no key 'stpes'. Did you mean"),
        ("source:", "sorce:", "demo.yaml:9: [learn] has no key 'sorce'. Did you mean 'source'?"),
        ("steps: 50", "wiht: x", "demo.yaml:10: [learn] has no key 'wiht'. Did you mean 'with'?"),
        ("      cyclegan:", "      cyclegna:", "demo.yaml:11: [learn] has no key 'cyclegna'. Did"),
        ("steps: 50", "steps: some", "demo.yaml:10: [learn] steps: Input should be a valid"),
        ("0.25", "[1]", "demo.yaml:12: [cyclegan] identity_weight: Input should be"),
        ("method: cyclegan", "method: cyclgan", "demo.yaml:8: [learn] method: Input should be"),
        ("method: cyclegan", "method: cut", "demo.yaml:7: There is no translator 'cut'."),
        ("      source: ${day.output}\n", "", "demo.yaml:7: [learn] needs a key 'source'; it"),
        ("{make: {}}", "{make: {x: 1}}", "demo.yaml:5: [make] has no key 'x'."),
    ],
)  # fmt: skip
def test_a_complaint_names_line_section_and_nearest_key(
    tmp_path: Path, old: str, new: str, message: str
):
    assert message in complaint(tmp_path, PLAN.replace(old, new, 1))


def test_a_method_section_must_be_a_mapping(tmp_path: Path):
    text = PLAN[: PLAN.index("      cyclegan:")] + "      cyclegan: 5\n"
    assert "demo.yaml:11: [cyclegan] must be a mapping; 5 came." in complaint(tmp_path, text)


def test_a_complaint_about_an_override_names_it(tmp_path: Path):
    word = "translator.learn.cyclegan.cylce_weight=1"
    assert complaint(tmp_path, PLAN, word).startswith(f"{word}: [cyclegan] has no key 'cylce_w")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("pool: c", "pol: c", "demo.yaml:3: [target] has no key 'pol'. Did you mean 'pool'?"),
        ("pool: c, ", "", "demo.yaml:3: [target] needs a key 'pool'; it has none."),
        (
            "- {set: a, with: runs/x}",
            "- {set: a, wiht: runs/x}",
            "demo.yaml:8: [ingredients] has no key 'wiht'. Did you mean 'with'?",
        ),
        ("{set: a, with: runs/x}", "{set: a, share: 2}", "demo.yaml:8: [ingredients] share: Input"),
        ("source: [{set: a}]", "sorce: [{set: a}]", "[compare] there must be exactly one arm of"),
        (
            "  arms:",
            "  headlnie: [cyclegan]\n  arms:",
            "demo.yaml:5: [compare] has no key 'headlnie'. Did you mean 'headline'?",
        ),
    ],
)  # fmt: skip
def test_a_comparison_is_checked_to_its_last_ingredient(
    tmp_path: Path, old: str, new: str, message: str
):
    check_plan(plan_of(tmp_path, COMPARE), VERBS)
    assert message in complaint(tmp_path, COMPARE.replace(old, new, 1))


def test_steps_run_in_order_and_leave_the_plan_as_it_was_run(tmp_path: Path):
    told: list[str] = []

    def report(description: str, total: int | None) -> Any:
        told.append(description)
        return silent(description, total)

    silent = progress.reporter.get()
    token = progress.reporter.set(report)
    try:
        outputs = run_steps(plan_of(tmp_path, PLAN), VERBS)
    finally:
        progress.reporter.reset(token)
    assert told == ["demo", "day: make", "translator: learn"]
    assert list(outputs) == ["day", "translator"]
    made = json.loads((tmp_path / "out/day/run.json").read_text())
    assert (made["name"], made["about"]) == ("demo/day", "Why.")
    learnt = json.loads((tmp_path / "out/translator/run.json").read_text())
    assert (learnt["steps"], learnt["weight"]) == (50, 0.25)
    assert is_done(outputs["translator"])
    assert not is_done(tmp_path)
    kept = read_plan(tmp_path / "out/plan.yaml", verbs=VERBS)
    assert kept.steps["translator"].options["source"] == str(tmp_path / "out/day")


def test_a_plan_with_one_wrong_step_runs_none(tmp_path: Path):
    with pytest.raises(PlanError, match="stpes"):
        run_steps(plan_of(tmp_path, PLAN.replace("steps: 50", "stpes: 50")), VERBS, part="data")
    assert not (tmp_path / "out").exists()


def test_a_step_alone_says_which_must_run_before(tmp_path: Path):
    plan = plan_of(tmp_path, PLAN)
    with pytest.raises(
        PlanError, match="needs the output of 'day', .* Run that step first: --only day"
    ):
        run_steps(plan, VERBS, only="translator")
    assert list(run_steps(plan, VERBS, part="data")) == ["day"]
    assert list(run_steps(plan, VERBS, only="translator")) == ["translator"]


def test_two_runs_of_a_plan_do_not_mix(tmp_path: Path):
    plan = plan_of(tmp_path, PLAN)
    with holding(plan.to), pytest.raises(BusyError, match="another run is writing there now"):
        run_steps(plan, VERBS)


def test_one_step_runs_alone_into_a_folder_of_its_own(tmp_path: Path):
    text = PLAN.replace("${day.output}", "day")
    run_one(plan_of(tmp_path, text), VERBS, "learn", None, tmp_path / "mine")
    assert is_done(tmp_path / "mine")


@pytest.mark.parametrize(
    ("verb", "step", "message"),
    [
        ("compare", None, "The plan 'demo' must have a step that says compare; it has none."),
        ("make", None, "has several steps that say make: day, night. Name one: --step day."),
        ("make", "nihgt", "has no step 'nihgt' that says make. Did you mean 'night'?"),
    ],
)
def test_which_step_is_meant_must_be_plain(
    tmp_path: Path, verb: str, step: str | None, message: str
):
    plan = plan_of(tmp_path, PLAN.replace("  translator:", "  night: {make: {}}\n  translator:"))
    with pytest.raises(PlanError) as caught:
        run_one(plan, VERBS, verb, step, tmp_path / "mine")
    assert message in str(caught.value)
