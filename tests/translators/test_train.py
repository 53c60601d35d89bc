"""The loop: it logs, shows, saves, stops when a loss breaks, and goes on after any end."""

import os
import shutil
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from killing import kill_at
from otherlight.errors import (
    BusyError,
    CheckpointError,
    DiskFullError,
    DivergedError,
    PlanError,
)
from otherlight.records.run import read_run
from otherlight.sets import ImageSet
from otherlight.training.checkpoint import load_state
from otherlight.training.runlog import read_log
from otherlight.translators.cyclegan import CycleGAN
from otherlight.translators.pairs import PairsConfig
from otherlight.translators.train import TrainConfig, train

OPTIONS: dict[str, Any] = {"width": 4, "blocks": 1, "discriminator_width": 4, "replay": 3}
PAIRS = PairsConfig(fit="whole", load_size=(40, 32))


def config(steps: int = 6, **other: Any) -> TrainConfig:
    values: dict[str, Any] = {"options": OPTIONS, "pairs": PAIRS, "steps": steps, "samples": 1}
    return TrainConfig(**{**values, **other})


def contents(run: Path) -> dict[str, bytes]:
    """What must not depend on how often a run was stopped."""
    files = [run / "model.safetensors", run / "state.safetensors", *run.glob("samples/*.png")]
    return {str(file.relative_to(run)): file.read_bytes() for file in files}


def steps_of(run: Path) -> list[Any]:
    return [row["step"] for row in read_log(run)]


def room_on(disk: Path) -> int:
    return shutil.disk_usage(disk).free


def test_a_run_folder_holds_all_that_is_said(day: ImageSet, night: ImageSet, tmp_path: Path):
    run = tmp_path / "run"
    record = train(config(), day, night, run, log_every=2, sample_every=3)
    assert record.done
    assert record == read_run(run)
    assert record.inputs == [
        {"role": "source", "hash": day.hash},
        {"role": "target", "hash": night.hash},
    ]
    assert [row["step"] for row in read_log(run)] == [2, 4, 6]
    assert read_log(run)[0].keys() >= {"adversarial", "cycle", "identity", "discriminator"}
    assert sorted(p.name for p in run.glob("samples/*")) == ["0000003.png", "0000006.png"]
    model, about = load_state(run / "model.safetensors")
    assert about["method"] == "cyclegan"
    assert about["options"]["width"] == 4
    assert {name.split(".")[1] for name in model} == {"generator_target", "generator_source"}


def test_training_changes_what_it_makes(day: ImageSet, night: ImageSet, tmp_path: Path):
    train(config(1), day, night, tmp_path / "one")
    train(config(4), day, night, tmp_path / "four")
    assert (
        contents(tmp_path / "one")["model.safetensors"]
        != (contents(tmp_path / "four")["model.safetensors"])
    )


def test_a_finished_run_is_not_run_again(day: ImageSet, night: ImageSet, tmp_path: Path):
    train(config(2), day, night, tmp_path / "run")
    before = (tmp_path / "run" / "log.jsonl").stat().st_mtime_ns
    assert train(config(2), day, night, tmp_path / "run").done
    assert (tmp_path / "run" / "log.jsonl").stat().st_mtime_ns == before


def test_another_run_in_the_folder_is_refused(day: ImageSet, night: ImageSet, tmp_path: Path):
    train(config(1), day, night, tmp_path / "run")
    with pytest.raises(BusyError, match="a run with steps = 1, not 2"):
        train(config(2), day, night, tmp_path / "run")
    with pytest.raises(BusyError, match="the same with seed 0, not 1"):
        train(config(1), day, night, tmp_path / "run", seed=1)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"skip": True, "match_colours": True, "discriminator_norm": "spectral"},
        {"skip": True, "coarse": 2, "average": 0.9, "discriminator_depth": 1},
    ],
)
def test_stopped_at_every_step_it_ends_in_the_same_bytes(
    options: dict[str, Any],
    day: ImageSet,
    night: ImageSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    how: Any = {"sample_every": 2, "log_every": 1}
    wanted = config(5, options={**OPTIONS, **options})
    train(wanted, day, night, tmp_path / "whole", **how)
    step = CycleGAN.step

    def step_and_stop(self: CycleGAN, source: torch.Tensor, target: torch.Tensor) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return step(self, source, target)

    monkeypatch.setattr(CycleGAN, "step", step_and_stop)
    stopped = 0
    for _ in range(10):
        try:
            train(wanted, day, night, tmp_path / "often", **how)
            break
        except KeyboardInterrupt:
            stopped += 1
    assert stopped == 4
    assert contents(tmp_path / "often") == contents(tmp_path / "whole")
    assert [row["step"] for row in read_log(tmp_path / "often")] == [1, 2, 3, 4, 5]


@pytest.mark.slow
def test_killed_at_ten_points_it_ends_in_the_same_bytes(
    day: ImageSet, night: ImageSet, tmp_path: Path
):
    how: Any = {"sample_every": 20, "checkpoint_seconds": 0.0, "threads": 1}
    train(config(66), day, night, tmp_path / "whole", **how)
    killed = tmp_path / "killed"
    kill_at(
        range(6, 66, 6),
        partial(train, config(66), day, night, killed, **how),
        lambda: _saved(killed),
    )
    assert not (killed / "model.safetensors").exists()
    train(config(66), day, night, killed, **how)
    assert contents(killed) == contents(tmp_path / "whole")
    assert steps_of(killed) == steps_of(tmp_path / "whole")


def test_a_full_disk_loses_no_step(day: ImageSet, night: ImageSet, tiny_disk: Path, tmp_path: Path):
    how: Any = {"checkpoint_seconds": 0.0, "sample_every": 100}
    run = tiny_disk / "run"
    train(config(9), day, night, tmp_path / "whole", **how)
    weight = (tmp_path / "whole" / "state.safetensors").stat().st_size
    # Room for one checkpoint and, beside it, for half of its successor.
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(bytes(max(0, room_on(tiny_disk) - weight * 3 // 2)))
    with pytest.raises(DiskFullError, match="what is done is kept"):
        train(config(9), day, night, run, **how)
    assert load_state(run / "state.safetensors")[1]["step"] == 1
    ballast.unlink()
    train(config(9), day, night, run, **how)
    assert contents(run) == contents(tmp_path / "whole")


def _saved(run: Path) -> int:
    try:
        return int(load_state(run / "state.safetensors")[1]["step"])
    except CheckpointError:  # not there yet, or replaced while it is read
        return -1


def test_a_broken_loss_names_itself_its_step_and_the_remedy(
    day: ImageSet, night: ImageSet, tmp_path: Path
):
    wild = config(40, options={**OPTIONS, "cycle_weight": float("inf")})
    with pytest.raises(
        DivergedError, match=r"'adversarial' was nan at step 2 of 40.*learning_rate"
    ):
        train(wild, day, night, tmp_path / "run", log_every=1)


def test_the_last_good_checkpoint_outlives_a_broken_loss(
    day: ImageSet, night: ImageSet, tmp_path: Path
):
    wild = config(40, options={**OPTIONS, "cycle_weight": float("inf")})
    with pytest.raises(DivergedError):
        train(wild, day, night, tmp_path / "run", checkpoint_seconds=0.0)
    assert load_state(tmp_path / "run" / "state.safetensors")[1]["step"] == 1


def test_learning_rates_are_constant_and_then_fall_to_nought(
    day: ImageSet, night: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    rates: list[float] = []
    step = CycleGAN.step

    def watched(self: CycleGAN, source: torch.Tensor, target: torch.Tensor) -> Any:
        rates.extend({group["lr"] for o in self.optimisers for group in o.param_groups})
        return step(self, source, target)

    monkeypatch.setattr(CycleGAN, "step", watched)
    train(config(8), day, night, tmp_path / "run")
    assert rates == pytest.approx([2e-4] * 5 + [1.5e-4, 1e-4, 0.5e-4])


@pytest.mark.parametrize(
    ("length", "steps"),
    [
        ({}, 200 * 5),
        ({"epochs": 3.0}, 15),
        ({"epochs": 2.0, "pairs_per_epoch": 10}, 20),
        ({"epochs": 2.0, "pairs_per_epoch": 10, "pairs": PairsConfig(batch=4)}, 5),
        ({"steps": 7}, 7),
    ],
)
def test_lengths_in_steps_and_in_epochs(length: dict[str, Any], steps: int):
    assert TrainConfig(**length).length(5, 3) == steps


def test_a_length_in_both_is_refused():
    with pytest.raises(PlanError, match="in steps or in epochs; both came"):
        TrainConfig(steps=1, epochs=1.0)


def test_a_training_free_method_is_not_trained(day: ImageSet, night: ImageSet, tmp_path: Path):
    with pytest.raises(PlanError, match="'gamma' is not trained"):
        train(TrainConfig(method="gamma", steps=1), day, night, tmp_path / "run")


def test_an_unknown_option_is_told_the_nearest(day: ImageSet, night: ImageSet, tmp_path: Path):
    wrong = config(options={"identity_wieght": 1})
    with pytest.raises(PlanError, match=r"\[cyclegan\] has no key 'identity_wieght'. Did you mean"):
        train(wrong, day, night, tmp_path / "run")


@pytest.mark.parametrize(
    ("method", "options", "words"),
    [
        ("cyclegan", {"width": 4, "blocks": 1, "replay": -1}, "replay buffer is 0 or more; -1"),
        ("cyclegan", {"width": 4, "blocks": 1, "learning_rate": -1}, "learning rate: -1"),
        ("adain", {"backbone": "squeezenet", "weights": "random", "styles": 0}, "1 or more; 0"),
    ],
)
def test_what_a_part_refuses_is_said_of_its_method(
    method: str,
    options: dict[str, Any],
    words: str,
    day: ImageSet,
    night: ImageSet,
    tmp_path: Path,
):
    wrong = TrainConfig(method=method, options=options, pairs=PAIRS, steps=1)
    with pytest.raises(PlanError, match=rf"^\[{method}\] .*{words}"):
        train(wrong, day, night, tmp_path / "run")
