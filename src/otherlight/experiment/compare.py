"""Arms x seeds to predictions to a verdict; the experiment in full view.

Everything is fixed before the test set is looked at, every step is skipped where it is done, and
the folder that results holds all that `verify` and the report need.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from otherlight.config import build
from otherlight.datasets import find_leaks
from otherlight.experiment.arms import Ingredient, count_labels, gather, only_classes
from otherlight.experiment.compare_plan import ComparePlan
from otherlight.experiment.context import describe_sets, spent, translator_runs
from otherlight.experiment.frozen import DOUBLE, Frozen, freeze, prediction_folder, write_frozen
from otherlight.experiment.honesty import check_leaks, used_sets
from otherlight.experiment.judge import judge
from otherlight.experiment.ledger import Look, enter, is_exploratory, read_looks
from otherlight.experiment.predictions import Origin, has_predictions, write_predictions
from otherlight.experiment.samples import write_samples
from otherlight.experiment.slices import slices_of
from otherlight.experiment.trial import tested_arms
from otherlight.experiment.words import summarise
from otherlight.recognisers import FitConfig, fit, predict
from otherlight.recognisers import Ingredient as Draw
from otherlight.records.files import holding, read_json, write_json
from otherlight.records.progress import task
from otherlight.records.run import RunRecord, begin_run, describe_run, finish_run, read_run
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
        _train(frozen, arms, tests["source-val"], to)
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


def _train(
    frozen: Frozen, arms: Mapping[str, Sequence[Ingredient]], val: ImageSet, to: Path
) -> None:
    """Fit every arm with every seed; all arms of a seed start from the same weights."""
    plan = frozen.plan
    cold = replace(
        build(FitConfig, plan.recogniser, "recogniser"),
        classes=frozen.trained,
        ignore_below=plan.ignore_below or 0.0,
    )
    recipes = {name: _draws(ingredients) for name, ingredients in arms.items()}
    total = len(plan.seeds) * (len(recipes) + bool(plan.warm_start) + plan.source_2x)
    with task("training the arms", total) as advance:
        for seed in plan.seeds:
            config = cold
            if plan.warm_start:
                start = _run_folder(to, "start", seed)
                warm = replace(cold, steps=plan.warm_start.steps)
                fit(recipes[frozen.source], val, warm, seed, start)
                config = replace(cold, init=start)
                advance(1)
            for name, recipe in recipes.items():
                fit(recipe, val, config, seed, _run_folder(to, name, seed))
                advance(1)
            if plan.source_2x:
                twice = replace(config, steps=2 * config.steps)
                fit(recipes[frozen.source], val, twice, seed, _run_folder(to, DOUBLE, seed))
                advance(1)


def _draws(ingredients: Sequence[Ingredient]) -> list[Draw]:
    """Let every image of an arm be drawn equally often."""
    return [Draw(images=one.images, share=float(len(one.images))) for one in ingredients]


def _look(frozen: Frozen, locked: ImageSet, tests: Mapping[str, ImageSet], to: Path) -> None:
    """Predict on the test sets, once all training is done; each look is entered first."""
    plan = frozen.plan
    jobs = [
        (arm, seed, test)
        for test in tests
        for arm in tested_arms(frozen, test)
        for seed in plan.seeds
    ]
    with task("predicting on the test sets", len(jobs)) as advance:
        for arm, seed, test in jobs:
            folder = prediction_folder(to, arm, seed, test)
            if test == "target":
                look = Look(
                    test=locked.hash, plan=frozen.name, frozen=frozen.hash, arm=arm, seed=seed
                )
                enter(locked, look)
            if not has_predictions(folder):
                run = _run_folder(to, arm, seed)
                origin = Origin(
                    arm=arm,
                    seed=seed,
                    recogniser=str(plan.recogniser.get("name", "compact")),
                    run=read_run(run).hash,
                )
                write_predictions(folder, predict(run, tests[test]), tests[test], origin)
            advance(1)


def _run_folder(to: Path, arm: str, seed: int) -> Path:
    return to / "runs" / arm / f"seed{seed}"


def _describe_test(images: ImageSet) -> dict[str, Any]:
    return {
        "name": images.name,
        "hash": images.hash,
        "images": len(images),
        "groups": len(set(images.column("group"))),
        "boxes": len(images.boxes_of()),
    }
