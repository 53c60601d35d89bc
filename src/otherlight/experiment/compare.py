"""Arms x seeds to predictions to a verdict; the experiment in full view.

Everything is fixed before the test set is looked at, every step is skipped where it is done, and
the folder that results holds all that `verify` and the report need.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from otherlight.datasets import find_leaks
from otherlight.experiment.arms import count_labels, gather, only_classes
from otherlight.experiment.compare_plan import ComparePlan
from otherlight.experiment.context import describe_sets, spent, translator_runs
from otherlight.experiment.fitting import fit_arms, keep_recipes, predict_all
from otherlight.experiment.frozen import Frozen, freeze, write_frozen
from otherlight.experiment.honesty import check_leaks, used_sets
from otherlight.experiment.judge import judge
from otherlight.experiment.ledger import Look, enter, is_exploratory, read_looks
from otherlight.experiment.samples import write_samples
from otherlight.experiment.slices import slices_of
from otherlight.experiment.trial import tested_arms
from otherlight.experiment.words import summarise
from otherlight.records.files import holding, read_json, write_json
from otherlight.records.progress import task
from otherlight.records.run import RunRecord, begin_run, describe_run, finish_run
from otherlight.sets import ImageSet, read_set, write_set
from otherlight.training.devices import instruction_set


def compare(plan: ComparePlan, to: Path, *, name: str, about: str = "") -> dict[str, Any]:
    """Run a comparison, or go on with one, and return its verdict (also in ``verdict.json``).

    Raises:
        LeakError: a test set shares images, near duplicates or sequences with a used set.
        PlanError: sets, classes or arms do not fit together.
    """
    with holding(to):
        train, test = read_set(plan.source.train), read_set(plan.target.test)
        frozen = freeze(name, about, plan, train, test, count_labels(plan))
        record = begin_run(to, _describe(frozen, plan))
        if record.done:
            return read_json(to / "verdict.json")
        used = used_sets(plan)
        leaks = check_leaks(plan, used, find_leaks)
        exploratory = is_exploratory(test, name, frozen.hash)
        write_frozen(to, frozen)
        tests = _keep_tests(plan, frozen, to)
        slices_of(tests["target"], plan.slices)  # one that cannot be made is told before hours pass
        arms = gather(plan.arms, frozen.trained, to / "translated")
        keep_recipes(arms, to)
        fit_arms(frozen, to)
        _look(frozen, test, tests, to)
        verdict = judge(to, frozen)
        pool = read_set(plan.target.pool)
        verdict |= {
            "schema": 1,
            "name": name,
            "about": about,
            "frozen": frozen.as_json(),
            "hash": record.hash,
            "exploratory": exploratory,
            "leaks": leaks,
            "looks": len(read_looks(test)),
            "tests": {key: _describe_test(images) for key, images in tests.items()},
            "sets": describe_sets(used, arms),
            "versions": record.versions,
            "instruction_set": record.instruction_set,
            "translators": [str(folder) for folder in translator_runs(arms)],
            "samples": write_samples(arms, pool, plan.samples, to),
        }
        verdict["summary"] = summarise(verdict, frozen)
        write_json(to / "costs.json", spent(to, arms))
        write_json(to / "verdict.json", verdict)
        finish_run(to, record, frozen.steps, {"headline": verdict["summary"]["word"]})
        return verdict


def _describe(frozen: Frozen, plan: ComparePlan) -> RunRecord:
    inputs = {role: images.hash for role, images in used_sets(plan).items()}
    inputs["target.test"] = read_set(plan.target.test).hash
    return describe_run(
        "comparison", frozen.as_json(), 0, inputs, instruction_set=instruction_set()
    )


def _keep_tests(plan: ComparePlan, frozen: Frozen, to: Path) -> dict[str, ImageSet]:
    """Copy the tables of the test sets into the run, so that it can be verified by itself."""
    folders = {
        "target": plan.target.test,
        "source": plan.source.test,
        "source-val": plan.source.val,
    }
    return {
        name: write_set(only_classes(read_set(folder), frozen.trained), to / "tests" / name)
        for name, folder in folders.items()
        if folder is not None
    }


def _look(frozen: Frozen, locked: ImageSet, tests: Mapping[str, ImageSet], to: Path) -> None:
    """Predict on the test sets, once all training is done; looks are entered first."""
    plan = frozen.plan
    jobs = [
        (arm, seed, test)
        for test in tests
        for arm in tested_arms(frozen, test)
        for seed in plan.seeds
    ]
    for arm, seed, test in jobs:
        if test == "target":
            look = Look(test=locked.hash, plan=frozen.name, frozen=frozen.hash, arm=arm, seed=seed)
            enter(locked, look)
    with task("predicting on the test sets", len(jobs)) as advance:
        for _ in predict_all(jobs, frozen, to):
            advance(1)


def _describe_test(images: ImageSet) -> dict[str, Any]:
    return {
        "name": images.name,
        "hash": images.hash,
        "images": len(images),
        "groups": len(set(images.column("group"))),
        "boxes": len(images.boxes_of()),
    }
