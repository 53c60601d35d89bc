"""A test set with every run on it, measured slice by slice."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from otherlight.experiment.figures import (
    Measured,
    RunKey,
    found_of,
    groups_of,
    measure,
)
from otherlight.experiment.frozen import DOUBLE, Frozen, prediction_folder
from otherlight.experiment.predictions import read_predictions
from otherlight.experiment.slices import slices_of
from otherlight.metrics import Found
from otherlight.records.progress import task
from otherlight.records.seeds import numpy_generator
from otherlight.sets import ImageSet, read_set
from otherlight.statistics import Figures, group_weights


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One test set, all runs on it, measured slice by slice."""

    test: ImageSet
    slices: dict[str, Measured]
    classes: tuple[int, ...]

    def figures(self, arm: str, part: str = "all", label: int | None = None) -> Figures:
        """One arm's runs in one slice, as the mean over the judged classes or for one class."""
        measured = self.slices[part]
        classes = self.classes if label is None else (label,)
        rows = measured.of_arm(measured.mean_over(classes), arm)
        return Figures(whole=rows[:, 0], resampled=rows[:, 1:])

    def groups(self, part: str = "all", label: int | None = None) -> int:
        """Number of groups that hold truth of a slice or class."""
        if label is None:
            return self.slices[part].groups
        boxes = self.test.boxes_of()
        images = np.unique(boxes.image[(boxes.label == label) & ~boxes.ignore])
        return len(np.unique(groups_of(self.test)[images]))


def tested_arms(frozen: Frozen, test: str) -> tuple[str, ...]:
    """Name the arms with predictions on a test set."""
    if test == "source-val":
        return (frozen.source, DOUBLE) if frozen.plan.source_2x else ()
    return tuple(frozen.plan.arms)


def read_trial(run: Path, frozen: Frozen, name: str, *, sliced: bool) -> Trial:
    """Read a test set and all predictions on it, and measure them."""
    test = read_set(run / "tests" / name)
    found = read_found(run, frozen, name, test)
    plan = frozen.plan
    weights = group_weights(
        groups_of(test), plan.resamples, numpy_generator(0, "bootstrap", test.hash)
    )
    slices = slices_of(test, plan.slices if sliced else {})
    slices = slices if sliced else {"all": slices["all"]}
    measured: dict[str, Measured] = {}
    with task(f"judging on {test.name}", len(slices)) as advance:
        for part, cut in slices.items():
            measured[part] = measure(test, found, cut, weights, plan.ignore_below)
            advance(1)
    classes = tuple(test.classes.index(label) for label in frozen.judged)
    return Trial(test=test, slices=measured, classes=classes)


def read_found(run: Path, frozen: Frozen, name: str, test: ImageSet) -> dict[RunKey, Found]:
    """Read the predictions of every arm and seed on a test set."""
    return {
        (arm, seed): found_of(read_predictions(prediction_folder(run, arm, seed, name), test), test)
        for arm in tested_arms(frozen, name)
        for seed in frozen.plan.seeds
    }
