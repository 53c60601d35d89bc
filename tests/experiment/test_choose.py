"""Checkpoints are chosen by survival and distance on validation sets, and by nothing else."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from otherlight.errors import CheckpointError, DatasetError, LeakError, PlanError
from otherlight.experiment import check_plan, read_plan
from otherlight.experiment.choose import UNTRANSLATED, choose, pick
from otherlight.experiment.choose_plan import ChoosePlan
from otherlight.experiment.verbs import VERBS
from otherlight.records.files import read_json
from otherlight.records.run import read_run
from otherlight.sets import read_set, write_set
from otherlight.training.checkpoint import load_state
from otherlight.translate import translate
from otherlight.translators.pairs import PairsConfig
from otherlight.translators.train import TrainConfig, train
from otherlight.world import WorldConfig, render_world

SIZE = (96, 64)
OPTIONS: dict[str, Any] = {
    "width": 4,
    "blocks": 1,
    "discriminator_width": 4,
    "discriminator_depth": 1,
    "skip": True,
    "learning_rate": 0.004,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sets of day and night, and a short training that kept three checkpoints."""
    root = tmp_path_factory.mktemp("choice")
    for name, condition, split in (
        ("day", "day", "train"), ("night", "night", "pool"),
        ("day_val", "day", "val"), ("night_val", "night", "val"), ("night_test", "night", "test"),
    ):  # fmt: skip
        config = WorldConfig(
            images=6, condition=condition, split=split, width=SIZE[0] * 2, height=SIZE[1] * 2
        )
        render_world(config, root / name, workers=1)
    pairs = PairsConfig(fit="whole", load_size=SIZE)
    wanted = TrainConfig(options=OPTIONS, pairs=pairs, steps=10, samples=0, keep=3)
    train(wanted, read_set(root / "day"), read_set(root / "night"), root / "run")
    return root


def plan(made: Path, **other: Any) -> ChoosePlan:
    values: dict[str, Any] = {
        "run": made / "run", "source": made / "day_val", "target": made / "night_val",
        "images": 6, "permutations": 20,
    }  # fmt: skip
    return ChoosePlan(**{**values, **other})


def test_training_keeps_so_many_checkpoints_evenly(made: Path):
    files = sorted((made / "run" / "checkpoints").iterdir())
    assert [file.stem for file in files] == ["0000003", "0000007", "0000010"]
    last, model = load_state(files[-1]), load_state(made / "run" / "model.safetensors")
    assert last[1] == model[1]
    assert all((last[0][name] == value).all() for name, value in model[0].items())
    with pytest.raises(PlanError, match="keep is a number of checkpoints, 0 or more; -1 came"):
        TrainConfig(keep=-1)


def test_a_choice_is_a_translator_with_its_reasons(made: Path, tmp_path: Path):
    choice = choose(plan(made), tmp_path / "choice")
    names = [row["checkpoint"] for row in choice["rows"]]
    assert names == [UNTRANSLATED, "0000003", "0000007", "0000010"]
    assert choice["rows"][0]["survival"] == pytest.approx(1.0, abs=1e-5)
    assert all(0 < row["survival"] <= 1 and 0 < row["p"] <= 1 for row in choice["rows"])
    assert choice["last"] == "0000010"
    assert read_json(tmp_path / "choice" / "choice.json") == choice
    chosen = made / "run" / "checkpoints" / f"{choice['chosen']}.safetensors"
    assert (tmp_path / "choice" / "model.safetensors").read_bytes() == chosen.read_bytes()
    assert "<svg" in (tmp_path / "choice" / "tradeoff.svg").read_text()
    record = read_run(tmp_path / "choice")
    assert record.results["chosen"] == choice["chosen"]
    roles = {entry["role"]: entry["hash"] for entry in record.inputs}
    assert roles["source.val"] == read_set(made / "day_val").hash
    assert roles["target.val"] == read_set(made / "night_val").hash
    assert roles["source"] == read_set(made / "day").hash
    translate(read_set(made / "day_val"), tmp_path / "choice", tmp_path / "translated")
    assert choose(plan(made), tmp_path / "choice") == choice


def test_target_labels_are_not_read(made: Path, tmp_path: Path):
    labelled = read_set(made / "night_val")
    bare = replace(labelled, boxes=labelled.boxes.slice(0, 0), root=labelled.root.resolve())
    files = pa.array([str(file.resolve()) for file in labelled.files()])
    images = bare.images.set_column(bare.images.column_names.index("file"), "file", files)
    write_set(replace(bare, images=images), tmp_path / "bare")
    with_labels = choose(plan(made), tmp_path / "one")
    without = choose(plan(made, target=tmp_path / "bare"), tmp_path / "two")
    assert with_labels["rows"] == without["rows"]


def test_test_images_are_refused(made: Path, tmp_path: Path):
    with pytest.raises(LeakError, match="holds 6 images of the split test"):
        choose(plan(made, target=made / "night_test"), tmp_path / "choice")


def test_a_set_without_images_and_weights_that_are_not_there_are_told(made: Path, tmp_path: Path):
    night = read_set(made / "night_val")
    write_set(night.take(np.zeros(len(night), np.bool_)), tmp_path / "empty")
    with pytest.raises(DatasetError, match="is empty. Check its filter"):
        choose(plan(made, target=tmp_path / "empty"), tmp_path / "choice")
    with pytest.raises(CheckpointError, match=r"nowhere\.pth is none\. Look"):
        choose(plan(made, inception=tmp_path / "nowhere.pth"), tmp_path / "choice")


def test_a_run_that_kept_nothing_is_told_what_to_say(made: Path, tmp_path: Path):
    shutil.copytree(made / "run", tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    with pytest.raises(CheckpointError, match="has 0. Say keep: 5 in its train step"):
        choose(plan(made, run=tmp_path / "run"), tmp_path / "choice")


def test_the_nearest_of_those_that_keep_their_objects_is_picked():
    rows = [
        {"checkpoint": UNTRANSLATED, "survival": 1.0, "distance": 0.9},
        {"checkpoint": "1", "survival": 0.80, "distance": 0.5},
        {"checkpoint": "2", "survival": 0.78, "distance": 0.3},
        {"checkpoint": "3", "survival": 0.60, "distance": 0.1},
        {"checkpoint": "4", "survival": 0.77, "distance": 0.3},
    ]
    found = pick(rows, 0.95)
    assert (found["chosen"], found["last"]) == ("4", "4")
    assert "3 of 4 checkpoints keep at least 95%" in found["because"]
    assert pick(rows, 0.5)["chosen"] == "3"
    assert pick(rows, 1.0)["chosen"] == "1"


def test_a_plan_that_chooses_on_a_test_set_is_refused(tmp_path: Path):
    text = """
steps:
  day: {world: {images: 4}}
  night: {world: {images: 4, condition: night, split: test}}
  chosen: {choose: {run: runs/x, source: "${day.output}", target: "${night.output}"}}
  verdict:
    compare:
      source: {train: "${day.output}", val: "${day.output}"}
      target: {pool: "${day.output}", test: "${night.output}"}
      recogniser: {steps: 5}
      arms: {source: [{set: "${day.output}"}], gamma: [{set: "${day.output}", with: gamma}]}
"""
    file = tmp_path / "plan.yaml"
    file.write_text(text)
    with pytest.raises(
        PlanError, match=r"plan.yaml:5: \[choose\] target must be a validation set.*\[verdict\]"
    ):
        check_plan(read_plan(file), VERBS)
    file.write_text(text.replace('target: "${night.output}"}}', 'target: "${day.output}"}}'))
    check_plan(read_plan(file), VERBS)
