"""The verdict: a pure function of what was fixed beforehand, the test sets and the predictions.

`compare` writes what it returns, `verify` computes it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from otherlight.experiment.figures import (
    Measured,
    RunKey,
    found_of,
    groups_of,
    measure,
    slices_of,
    whole_set_figures,
)
from otherlight.experiment.frozen import DOUBLE, Frozen, prediction_folder
from otherlight.experiment.predictions import read_predictions
from otherlight.metrics import Found
from otherlight.records.progress import task
from otherlight.records.seeds import numpy_generator
from otherlight.sets import ImageSet, read_set
from otherlight.statistics import (
    Figures,
    Question,
    Row,
    as_json,
    cautions,
    class_guards,
    decide,
    gap_closed,
    group_weights,
    non_inferiority,
    optimistic_effect,
    percentile_interval,
    with_holm,
    worth_its_cost,
)

METRIC = "AP50"


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


def judge(run: Path, frozen: Frozen) -> dict[str, Any]:
    """Compute every figure of the verdict from the files of a comparison."""
    target = _trial(run, frozen, "target", sliced=True)
    source = (
        _trial(run, frozen, "source", sliced=False) if (run / "tests" / "source").exists() else None
    )
    rows = _arm_rows(frozen, target)
    result: dict[str, Any] = {
        "rows": [as_json(row) for row in rows],
        "slices": _slice_rows(frozen, target),
        "classes": _class_rows(frozen, target),
        "guards": _class_guards(frozen, target),
        "figures": _plain_figures(run, frozen),
        "gap": _gaps(frozen, target),
        "worth": _worth(frozen, target),
        "cautions": _cautions(frozen, target),
        "given_these_models": _percentiles(frozen, target),
        "source_domain": _source_domain(frozen, source),
        "at_these_steps": _double(run, frozen),
    }
    control = target.figures(_source(frozen))
    result["optimistic_mde"] = (
        optimistic_effect(control, groups=target.groups(), family=max(1, len(frozen.plan.judged())))
        if len(control.whole) > 1 and target.groups() > 1
        else None
    )
    return result


def tested_arms(frozen: Frozen, test: str) -> tuple[str, ...]:
    """Name the arms with predictions on a test set."""
    if test == "source-val":
        return (_source(frozen), DOUBLE)
    return tuple(frozen.plan.arms)


def _source(frozen: Frozen) -> str:
    return next(name for name, arm in frozen.plan.arms.items() if arm.role == "source")


def _others(frozen: Frozen) -> list[str]:
    return [name for name, arm in frozen.plan.arms.items() if arm.role != "source"]


def _trial(run: Path, frozen: Frozen, name: str, *, sliced: bool) -> Trial:
    test = read_set(run / "tests" / name)
    found = _found(run, frozen, name, test)
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


def _found(run: Path, frozen: Frozen, name: str, test: ImageSet) -> dict[RunKey, Found]:
    return {
        (arm, seed): found_of(read_predictions(prediction_folder(run, arm, seed, name), test), test)
        for arm in tested_arms(frozen, name)
        for seed in frozen.plan.seeds
    }


def _arm_rows(frozen: Frozen, trial: Trial) -> list[Row]:
    headline = frozen.plan.judged()
    rows = [
        decide(
            Question(arm=arm, reference=_source(frozen), metric=METRIC),
            trial.figures(arm),
            trial.figures(_source(frozen)),
            groups=trial.groups(),
            family=len(headline) if arm in headline else 1,
        )
        for arm in _others(frozen)
    ]
    corrected = {row.arm: row for row in with_holm([row for row in rows if row.arm in headline])}
    return [corrected.get(row.arm, row) for row in rows]


def _slice_rows(frozen: Frozen, trial: Trial) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for part, measured in trial.slices.items():
        enough = [
            label for label in trial.classes if measured.truths[label] >= frozen.plan.min_truths
        ]
        if part == "all" or not enough:
            continue
        narrowed = Trial(test=trial.test, slices={part: measured}, classes=tuple(enough))
        truths = int(measured.truths[enough].sum())
        rows += [_beside(frozen, narrowed, arm, part, None, truths) for arm in _others(frozen)]
    return rows


def _class_rows(frozen: Frozen, trial: Trial) -> list[dict[str, Any]]:
    return [
        _beside(frozen, trial, arm, "all", label, int(trial.slices["all"].truths[label]))
        for label in trial.classes
        for arm in _others(frozen)
    ]


def _beside(
    frozen: Frozen, trial: Trial, arm: str, part: str, label: int | None, truths: int
) -> dict[str, Any]:
    after = trial.figures(arm, part, label)
    before = trial.figures(_source(frozen), part, label)
    name = part if label is None else f"class {trial.test.classes[label]}"
    question = Question(arm=arm, reference=_source(frozen), metric=METRIC, slice=name)
    row = decide(question, after, before, groups=trial.groups(part, label))
    return {
        **as_json(row),
        "truths": truths,
        "before": float(before.whole.mean()),
        "after": float(after.whole.mean()),
    }


def _class_guards(frozen: Frozen, trial: Trial) -> dict[str, dict[str, str]]:
    margin = frozen.plan.margin / 100
    guards: dict[str, dict[str, str]] = {}
    for arm in _others(frozen):
        rows = [
            decide(
                Question(arm=arm, reference=_source(frozen), slice=trial.test.classes[label]),
                trial.figures(arm, label=label),
                trial.figures(_source(frozen), label=label),
                groups=trial.groups(label=label),
            )
            for label in trial.classes
        ]
        guards[arm] = dict(class_guards(rows, margin))
    return guards


def _plain_figures(run: Path, frozen: Frozen) -> dict[str, Any]:
    """The whole-set figures of every arm and seed, by test set."""
    figures: dict[str, Any] = {}
    for name in ("target", "source"):
        folder = run / "tests" / name
        if not folder.exists():
            continue
        test = read_set(folder)
        classes = [test.classes.index(label) for label in frozen.judged]
        found = _found(run, frozen, name, test)
        per_seed: dict[str, list[dict[str, float]]] = {}
        for (arm, _), detections in found.items():
            row = whole_set_figures(test, detections, frozen.plan.ignore_below, classes)
            per_seed.setdefault(arm, []).append(row)
        figures[name] = {
            arm: {metric: [row[metric] for row in rows] for metric in rows[0]}
            for arm, rows in per_seed.items()
        }
    return figures


def _gaps(frozen: Frozen, trial: Trial) -> dict[str, Any]:
    oracle = frozen.plan.arm_of_role("oracle")
    if oracle is None:
        return {}
    gaps: dict[str, Any] = {}
    for arm in _others(frozen):
        if arm != oracle:
            found = gap_closed(
                trial.figures(arm),
                trial.figures(_source(frozen)),
                trial.figures(oracle),
                groups=trial.groups(),
            )
            gaps[arm] = _finite(vars(found))
    return gaps


def _worth(frozen: Frozen, trial: Trial) -> dict[str, Any]:
    cheap = {name: trial.figures(name) for name in frozen.plan.arms_of_role("cheap")}
    if not cheap:
        return {}
    worth: dict[str, Any] = {}
    for arm in frozen.plan.judged():
        question = Question(arm=arm, reference="", metric=METRIC)
        cost = worth_its_cost(question, trial.figures(arm), cheap, groups=trial.groups())
        worth[arm] = {"verdict": cost.verdict, "rows": [as_json(row) for row in cost.rows]}
    return worth


def _cautions(frozen: Frozen, trial: Trial) -> list[str]:
    known = any(sequence is not None for sequence in trial.test.column("sequence"))
    sentences: list[str] = []
    for arm in frozen.plan.judged() or _others(frozen):
        sentences += cautions(
            trial.figures(arm),
            trial.figures(_source(frozen)),
            groups=trial.groups(),
            sequences_known=known,
        )
    return list(dict.fromkeys(sentences))


def _percentiles(frozen: Frozen, trial: Trial) -> dict[str, list[float]]:
    control = trial.figures(_source(frozen))
    return {arm: list(percentile_interval(trial.figures(arm), control)) for arm in _others(frozen)}


def _source_domain(frozen: Frozen, trial: Trial | None) -> dict[str, Any]:
    if trial is None:
        return {}
    found: dict[str, Any] = {}
    for arm in _others(frozen):
        kept = non_inferiority(
            trial.figures(arm),
            trial.figures(_source(frozen)),
            groups=trial.groups(),
            margin=frozen.plan.margin / 100,
        )
        found[arm] = _finite(vars(kept))
    return found


def _double(run: Path, frozen: Frozen) -> dict[str, Any]:
    """Whether training the source arm twice as long beats it, on source validation."""
    if not frozen.plan.source_2x:
        return {}
    trial = _trial(run, frozen, "source-val", sliced=False)
    row = decide(
        Question(arm=DOUBLE, reference=_source(frozen), metric=METRIC, slice="source validation"),
        trial.figures(DOUBLE),
        trial.figures(_source(frozen)),
        groups=trial.groups(),
    )
    return as_json(row)


def _finite(values: Mapping[str, Any]) -> dict[str, Any]:
    """Not-a-number has no place in JSON: it becomes null."""
    return {
        k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in values.items()
    }
