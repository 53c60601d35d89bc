"""The verdict follows from predictions, and any change of them is found."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from simulated import CLASSES, make_test, simulate, simulated_plan

from otherlight.errors import PlanError, VerifyError
from otherlight.experiment.frozen import Frozen, freeze, prediction_folder
from otherlight.experiment.judge import judge
from otherlight.experiment.ledger import Look, enter, is_exploratory, read_looks
from otherlight.experiment.verify import verify
from otherlight.experiment.words import summarise
from otherlight.records.files import read_json, sha256_of, write_json
from otherlight.report import write_report
from otherlight.sets import write_set

AROUND = {"exploratory": False, "leaks": {"pairs": [], "sentence": "", "allowed": None}}


def judged(run: Path, frozen: Frozen) -> dict[str, Any]:
    tests = {
        name: {"name": name, "images": 180, "groups": 30, "boxes": 720}
        for name in ("target", "source", "source-val")
    }
    verdict: dict[str, Any] = {
        **judge(run, frozen),
        **AROUND,
        "frozen": frozen.as_json(),
        "tests": tests,
    }
    verdict["summary"] = summarise(verdict, frozen)
    return verdict


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("comparison")
    frozen = simulate(run)
    write_json(run / "verdict.json", judged(run, frozen))
    return run


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "run"))


def test_a_better_arm_helps_and_an_equal_one_shows_no_evidence(made: Path):
    rows = {row["arm"]: row for row in read_json(made / "verdict.json")["rows"]}
    assert rows["cyclegan"]["verdict"] == rows["oracle"]["verdict"] == "helps"
    assert rows["gamma"]["verdict"] == "no_evidence"
    assert rows["cyclegan"]["low"] > 0.0 < rows["cyclegan"]["se_test"]


@pytest.mark.parametrize(
    ("skill", "words"),
    [
        (0.7, "cyclegan is worth about "),
        (0.99, "more than the 400 labelled"),
        (0.1, "fewer than 40"),
    ],
)
def test_a_curve_of_labels_tells_how_many_an_arm_is_worth(skill: float, words: str, tmp_path: Path):
    arms = {
        "source": [{"set": "train"}],
        "cyclegan": [{"set": "translated"}],
        "few": {"role": "labelled", "ingredients": [{"set": "pool", "share": 0.1}]},
        "oracle": [{"set": "pool"}],
    }
    skills = {"source": 0.3, "source_2x": 0.3, "cyclegan": skill, "few": 0.5, "oracle": 0.85}
    frozen = replace(simulate(tmp_path, skills, arms=arms), labels={"few": 40, "oracle": 400})
    verdict = judged(tmp_path, frozen)
    assert set(verdict["labels"]) == {"cyclegan"}
    assert words in " ".join(line["text"] for line in verdict["summary"]["gap"])


@pytest.mark.parametrize(("skill", "said"), [(0.02, True), (0.6, False)])
def test_arms_that_find_next_to_nothing_are_told_of(skill: float, said: bool, tmp_path: Path):
    arms = ("source", "source_2x", "gamma", "cyclegan", "oracle")
    skills: dict[str, float] = {arm: skill for arm in arms}  # noqa: C420
    verdict = judged(tmp_path, simulate(tmp_path, skills))
    assert any("near zero on target" in line for line in verdict["summary"]["warnings"]) is said


def test_the_gap_the_worth_and_the_slices_are_there(made: Path):
    verdict = read_json(made / "verdict.json")
    gap = verdict["gap"]["cyclegan"]
    assert 0.3 < gap["low"] < gap["share"] < gap["high"] < 0.9
    assert verdict["worth"]["cyclegan"]["verdict"] == "worth_its_cost"
    assert {row["slice"] for row in verdict["classes"]} == {f"class {name}" for name in CLASSES}
    names = {row["slice"] for row in verdict["slices"]}
    assert {"occlusion none", "size small", "timeofday night"} <= names


def test_an_untouched_comparison_verifies(run: Path):
    assert verify(run) > 100


def test_one_edited_prediction_is_found(run: Path):
    file = prediction_folder(run, "gamma", 1, "target") / "predictions.parquet"
    table = pq.read_table(file)
    scores = table["score"].to_pylist()
    scores[0] = 0.001
    column = table.column_names.index("score")
    pq.write_table(
        table.set_column(column, table.schema.field(column), pa.array(scores, pa.float32())), file
    )
    with pytest.raises(VerifyError, match="It was changed since"):
        verify(run)
    about = read_json(file.with_suffix(".json"))
    write_json(file.with_suffix(".json"), {**about, "sha256": sha256_of(file)})
    with pytest.raises(VerifyError, match=r"is .* in verdict.json and .* when computed again"):
        verify(run)


def test_one_edited_figure_is_found(run: Path):
    verdict = read_json(run / "verdict.json")
    verdict["rows"][1]["estimate"] += 0.001
    write_json(run / "verdict.json", verdict)
    with pytest.raises(VerifyError, match=r"rows\[1\].estimate is"):
        verify(run)


def test_another_class_list_is_found(run: Path):
    frozen = read_json(run / "frozen.json")
    write_json(run / "frozen.json", {**frozen, "judged": ["car"]})
    with pytest.raises(VerifyError, match="must be what the verdict was computed with"):
        verify(run)


def test_predictions_on_other_images_are_found(run: Path):
    folder = prediction_folder(run, "oracle", 0, "target")
    about = read_json(folder / "predictions.json")
    write_json(folder / "predictions.json", {**about, "images": "0" * 64})
    with pytest.raises(VerifyError, match="their hash of its images is 000000000000"):
        verify(run)


def test_a_missing_prediction_is_no_zero(run: Path):
    shutil.rmtree(prediction_folder(run, "oracle", 2, "target"))
    with pytest.raises(VerifyError, match="there are none. Run compare again"):
        verify(run)


def test_a_folder_without_a_verdict_says_what_to_point_at(tmp_path: Path):
    with pytest.raises(VerifyError, match="holds verdict.json"):
        verify(tmp_path)
    with pytest.raises(VerifyError, match="has no verdict.json"):
        write_report(tmp_path)


def test_few_groups_or_one_seed_cannot_say(tmp_path: Path):
    few = simulate(tmp_path / "few", groups=4, source_2x=False)
    verdict = judged(tmp_path / "few", few)
    assert {row["verdict"] for row in verdict["rows"]} == {"cannot_say"}
    assert verdict["summary"]["word"] == "Cannot say"
    assert any("at least 5 test groups" in line for line in verdict["cautions"])
    one = simulate(tmp_path / "one", groups=12, seeds=[0], source_2x=False)
    assert {row["verdict"] for row in judge(tmp_path / "one", one)["rows"]} == {"cannot_say"}


def test_classes_with_few_truths_are_not_judged():
    test = make_test("night", 5)
    frozen = freeze("n", "", simulated_plan(min_truths=60), test, test)
    assert frozen.judged == CLASSES
    with pytest.raises(PlanError, match="needs 61 truths in night; the most is 60"):
        freeze("n", "", simulated_plan(min_truths=61), test, test)
    with pytest.raises(PlanError, match="night has no 'tram'"):
        freeze("n", "", simulated_plan(classes=["tram"]), test, test)


def test_looks_are_counted_once_and_a_changed_plan_is_exploratory(tmp_path: Path):
    test = write_set(make_test("night", 3), tmp_path / "night")
    look = Look(test=test.hash, plan="p", frozen="1", arm="source", seed=0)
    enter(test, look)
    enter(test, look)
    assert read_looks(test) == [look]
    assert not is_exploratory(test, "p", "1")
    assert is_exploratory(test, "p", "2")
    assert not is_exploratory(test, "another", "2")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arms": {"oracle": [{"set": "a"}]}}, "exactly one arm of role source"),
        ({"headline": ["gamma"]}, "headline names 'gamma'"),
        ({"seeds": [1, 1]}, "seeds must differ"),
        ({"workers": 0}, "greater than or equal to 1"),
    ],
)
def test_arms_that_do_not_fit_together_are_refused(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        simulated_plan(**changes)


def test_null_takes_an_arm_away():
    kept = simulated_plan().model_dump(mode="json", by_alias=True)["arms"]
    plan = simulated_plan(arms={**kept, "gamma": None, "bare": [{"set": "a"}]})
    assert set(plan.arms) == {"source", "cyclegan", "oracle", "bare"}
