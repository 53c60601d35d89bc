"""Fitting: goes on, stops, refuses, starts from weights, and says why."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from scenes import CLASSES, OVERFIT

from otherlight.errors import BusyError, CheckpointError, DatasetError, DivergedError, PlanError
from otherlight.recognisers import Ingredient, Run, fit, load_detector
from otherlight.recognisers.weights import load_weights, read_weights
from otherlight.sets import ImageSet, build_set
from otherlight.training.runlog import read_log

TINY = replace(OVERFIT, options={"width": 8, "neck": 16}, batch=2, steps=4, log_every=1)


def learn(images: ImageSet, to: Path, **changes: object) -> Run:
    return fit([Ingredient(images=images)], images, replace(TINY, **changes), 0, to)


def test_what_is_done_is_not_done_again(eight: ImageSet, tmp_path: Path):
    first = learn(eight, tmp_path)
    before = (tmp_path / "model.safetensors").stat().st_mtime_ns
    assert learn(eight, tmp_path).record == first.record
    assert (tmp_path / "model.safetensors").stat().st_mtime_ns == before
    assert first.record.done
    assert first.record.steps == 4
    assert first.record.licences == ["Apache-2.0"]
    assert set(first.record.results["classes"]) == set(CLASSES)


def test_another_run_is_not_written_over(eight: ImageSet, tmp_path: Path):
    learn(eight, tmp_path)
    with pytest.raises(BusyError, match="steps = 4, not 5"):
        learn(eight, tmp_path, steps=5)


def test_every_step_is_logged_with_its_losses(eight: ImageSet, tmp_path: Path):
    learn(eight, tmp_path)
    rows = read_log(tmp_path)
    assert [row["step"] for row in rows] == [1, 2, 3, 4]
    assert set(rows[0]) == {"step", "class", "box", "gradient", "seconds"}


def test_a_loss_that_is_not_finite_stops_the_run_with_a_sentence(eight: ImageSet, tmp_path: Path):
    def spoil(images: torch.Tensor, names: Sequence[str]) -> torch.Tensor:
        del names
        return images * float("nan")

    with pytest.raises(DivergedError, match="became nan by step 1 of"):
        fit([Ingredient(images=eight)], eight, TINY, 0, tmp_path, spoil)
    assert not (tmp_path / "model.safetensors").exists()


def test_a_view_sees_every_image_with_its_name_before_chance_moves_it(
    eight: ImageSet, tmp_path: Path
):
    seen: list[str] = []

    def look(images: torch.Tensor, names: Sequence[str]) -> torch.Tensor:
        assert len(images) == len(names)
        seen.extend(names)
        return images

    fit([Ingredient(images=eight)], eight, TINY, 0, tmp_path / "one", look)
    assert sorted(seen) == eight.names()
    learn(eight, tmp_path / "two")
    one, two = (tmp_path / name / "model.safetensors" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_an_interrupt_keeps_a_checkpoint_and_the_same_command_ends_alike(
    eight: ImageSet, tmp_path: Path
):
    import os
    import signal

    def stop(images: torch.Tensor, names: Sequence[str]) -> torch.Tensor:
        del names
        os.kill(os.getpid(), signal.SIGINT)
        return images

    ingredients = [Ingredient(images=eight)]
    with pytest.raises(KeyboardInterrupt):
        fit(ingredients, eight, TINY, 0, tmp_path / "stopped", stop)
    assert (tmp_path / "stopped" / "state.safetensors").exists()
    learn(eight, tmp_path / "stopped")
    learn(eight, tmp_path / "whole")
    files = [tmp_path / name / "model.safetensors" for name in ("stopped", "whole")]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert [row["step"] for row in read_log(tmp_path / "stopped")] == [1, 2, 3, 4]


def test_a_run_can_start_from_the_weights_of_another(eight: ImageSet, fitted: Run, tmp_path: Path):
    warm = replace(
        OVERFIT, steps=1, warmup=1, learning_rate=0.0, matrix_rate=0.0, init=fitted.folder
    )
    run = fit([Ingredient(images=eight)], eight, warm, 0, tmp_path / "warm")
    theirs, _ = read_weights(fitted.folder)
    ours, _ = read_weights(run.folder)
    name = "network.stem.0.0.weight"
    torch.testing.assert_close(ours[name], theirs[name])
    assert {"role": "init"}.items() <= run.record.inputs[-1].items()


def test_weights_for_other_classes_are_refused_with_both_counts(fitted: Run):
    detector, _ = load_detector(fitted.folder)
    with pytest.raises(CheckpointError, match=r"has 2 \(car, pedestrian\), the images have 3"):
        load_weights(fitted.folder, detector.network, ("car", "pedestrian", "bus"))


def test_weights_of_another_width_are_refused(eight: ImageSet, fitted: Run, tmp_path: Path):
    with pytest.raises(CheckpointError, match="do not fit this network"):
        learn(eight, tmp_path, init=fitted.folder)


def test_weights_that_are_not_there_or_not_ours_are_named(tmp_path: Path):
    from otherlight.training.checkpoint import save_state

    with pytest.raises(CheckpointError, match=r"nowhere\.safetensors is not there"):
        read_weights(tmp_path / "nowhere.safetensors")
    save_state(tmp_path / "foreign.safetensors", {"w": torch.zeros(1)}, {})
    with pytest.raises(CheckpointError, match="must say which recogniser"):
        read_weights(tmp_path / "foreign.safetensors")


def test_names_and_options_that_nobody_reads_are_answered(eight: ImageSet, tmp_path: Path):
    with pytest.raises(PlanError, match=r"no recogniser 'compac'. Did you mean 'compact'\?"):
        learn(eight, tmp_path / "a", name="compac")
    with pytest.raises(PlanError, match=r"has no key 'widht'. Did you mean 'width'\?"):
        learn(eight, tmp_path / "b", options={"widht": 8})


def test_sets_that_do_not_fit_together_are_refused(eight: ImageSet, tmp_path: Path):
    other = build_set("other", ["bus"], [{"image": "a.png"}], [], root=tmp_path)
    nothing = build_set("nothing", CLASSES, [], [], root=tmp_path)
    with pytest.raises(DatasetError, match="must know the same classes; 'scenes' has car"):
        fit([Ingredient(images=eight), Ingredient(images=other)], eight, TINY, 0, tmp_path)
    with pytest.raises(DatasetError, match="'nothing' is empty"):
        fit([Ingredient(images=eight), Ingredient(images=nothing)], eight, TINY, 0, tmp_path)
    with pytest.raises(DatasetError, match="must be images to learn from"):
        fit([], eight, TINY, 0, tmp_path)


def test_bf16_and_adamw_learn_too(eight: ImageSet, tmp_path: Path):
    for name, change in (("bf16", {"precision": "bf16"}), ("adamw", {"optimiser": "adamw"})):
        learn(eight, tmp_path / name, steps=30, batch=4, **change)
        rows = read_log(tmp_path / name)
        first, last = (
            sum(row["class"] + row["box"] for row in part) for part in (rows[:3], rows[-3:])
        )
        assert last < first
