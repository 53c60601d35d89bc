"""The verdict: a pure function of what was fixed beforehand, the test sets and the predictions.

`compare` writes what it returns, `verify` computes it again.
"""

from pathlib import Path
from typing import Any

import numpy as np

from otherlight.experiment.figures import whole_set_figures
from otherlight.experiment.frozen import DOUBLE, Frozen
from otherlight.experiment.trial import Trial, read_found, read_trial
from otherlight.sets import read_set
from otherlight.statistics import (
    Question,
    Row,
    as_json,
    cautions,
    class_guards,
    decide,
    gap_closed,
    label_equivalence,
    non_inferiority,
    optimistic_effect,
    percentile_interval,
    with_holm,
    worth_its_cost,
)

METRIC = "AP50"


def judge(run: Path, frozen: Frozen) -> dict[str, Any]:
    """Compute every figure of the verdict from the files of a comparison."""
    target = read_trial(run, frozen, "target", sliced=True)
    source = (
        read_trial(run, frozen, "source", sliced=False)
        if (run / "tests" / "source").exists()
        else None
    )
    rows = _arm_rows(frozen, target)
    result: dict[str, Any] = {
        "rows": [as_json(row) for row in rows],
        "slices": _slice_rows(frozen, target),
        "classes": _class_rows(frozen, target),
        "guards": _class_guards(frozen, target),
        "figures": _plain_figures(run, frozen),
        "gap": _gaps(frozen, target),
        "labels": _label_equivalences(frozen, target),
        "worth": _worth(frozen, target),
        "cautions": _cautions(frozen, target),
        "given_these_models": _percentiles(frozen, target),
        "source_domain": _source_domain(frozen, source),
        "at_these_steps": _double(run, frozen),
    }
    control = target.figures(frozen.source)
    result["optimistic_mde"] = (
        optimistic_effect(control, groups=target.groups(), family=max(1, len(frozen.plan.judged())))
        if len(control.whole) > 1 and target.groups() > 1
        else None
    )
    return _finite(result)


def _others(frozen: Frozen) -> list[str]:
    return [name for name, arm in frozen.plan.arms.items() if arm.role != "source"]


def _arm_rows(frozen: Frozen, trial: Trial) -> list[Row]:
    headline = frozen.plan.judged()
    rows = [
        decide(
            Question(arm=arm, reference=frozen.source, metric=METRIC),
            trial.figures(arm),
            trial.figures(frozen.source),
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
    before = trial.figures(frozen.source, part, label)
    name = part if label is None else f"class {trial.test.classes[label]}"
    question = Question(arm=arm, reference=frozen.source, metric=METRIC, slice=name)
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
                Question(arm=arm, reference=frozen.source, slice=trial.test.classes[label]),
                trial.figures(arm, label=label),
                trial.figures(frozen.source, label=label),
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
        found = read_found(run, frozen, name, test)
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
                trial.figures(frozen.source),
                trial.figures(oracle),
                groups=trial.groups(),
            )
            gaps[arm] = dict(vars(found))
    return gaps


def _label_equivalences(frozen: Frozen, trial: Trial) -> dict[str, Any]:
    """How many labelled target images each other arm is worth, where a curve was asked for."""
    if len(frozen.labels) < 2:
        return {}
    curve = [(images, trial.figures(arm)) for arm, images in frozen.labels.items()]
    return {
        arm: {
            **vars(label_equivalence(trial.figures(arm), curve, groups=trial.groups())),
            "least": min(frozen.labels.values()),
            "most": max(frozen.labels.values()),
        }
        for arm in _others(frozen)
        if arm not in frozen.labels
    }


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
            trial.figures(frozen.source),
            groups=trial.groups(),
            sequences_known=known,
        )
    return list(dict.fromkeys(sentences))


def _percentiles(frozen: Frozen, trial: Trial) -> dict[str, list[float]]:
    control = trial.figures(frozen.source)
    return {arm: list(percentile_interval(trial.figures(arm), control)) for arm in _others(frozen)}


def _source_domain(frozen: Frozen, trial: Trial | None) -> dict[str, Any]:
    if trial is None:
        return {}
    found: dict[str, Any] = {}
    for arm in _others(frozen):
        kept = non_inferiority(
            trial.figures(arm),
            trial.figures(frozen.source),
            groups=trial.groups(),
            margin=frozen.plan.margin / 100,
        )
        found[arm] = dict(vars(kept))
    return found


def _double(run: Path, frozen: Frozen) -> dict[str, Any]:
    """Whether training the source arm twice as long beats it, on source validation."""
    if not frozen.plan.source_2x:
        return {}
    trial = read_trial(run, frozen, "source-val", sliced=False)
    row = decide(
        Question(arm=DOUBLE, reference=frozen.source, metric=METRIC, slice="source validation"),
        trial.figures(DOUBLE),
        trial.figures(frozen.source),
        groups=trial.groups(),
    )
    return as_json(row)


def _finite(value: Any) -> Any:
    """Not-a-number has no place in JSON: it becomes null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
