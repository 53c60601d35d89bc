"""Fits and predictions of a comparison, one after the other or side by side.

All that they need lies in the run's folder, so that another process can do any of them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from otherlight.config import build
from otherlight.experiment.arms import Ingredient
from otherlight.experiment.frozen import DOUBLE, Frozen, prediction_folder, read_frozen
from otherlight.experiment.predictions import Origin, has_predictions, write_predictions
from otherlight.recognisers import FitConfig, fit, predict
from otherlight.recognisers import Ingredient as Draw
from otherlight.records.crew import cores, share_out
from otherlight.records.files import read_json, write_json
from otherlight.records.progress import task
from otherlight.records.run import read_run
from otherlight.sets import ImageSet, read_set, write_set
from otherlight.training.devices import choose_device, threads

START = "start"
"""The folder of what all arms of a seed start from."""


def keep_recipes(arms: Mapping[str, Sequence[Ingredient]], to: Path) -> None:
    """Write down in ``arms.json`` which sets each arm draws from, as folders of the run."""
    recipes = {name: [_kept(one.images, to) for one in arm] for name, arm in arms.items()}
    write_json(to / "arms.json", recipes)


def fit_arms(frozen: Frozen, to: Path) -> None:
    """Fit every arm with every seed; all arms of a seed start from the same weights."""
    plan = frozen.plan
    jobs: list[dict[str, Any]] = []
    after: dict[int, int] = {}
    for seed in plan.seeds:
        first = len(jobs)
        if plan.warm_start:
            jobs.append({"fit": START, "seed": seed})
        for arm in (*plan.arms, *((DOUBLE,) if plan.source_2x else ())):
            if plan.warm_start:
                after[len(jobs)] = first
            jobs.append({"fit": arm, "seed": seed})
    with task("training the arms", len(jobs)) as advance:
        for _ in _done(jobs, frozen, to, after):
            advance(1)


def predict_all(looks: Sequence[tuple[str, int, str]], frozen: Frozen, to: Path) -> Iterator[None]:
    """Predict by arm, seed and test set, where it is not done; yield as each one is."""
    jobs = [
        {"predict": arm, "seed": seed, "test": test}
        for arm, seed, test in looks
        if not has_predictions(prediction_folder(to, arm, seed, test))
    ]
    for _ in range(len(looks) - len(jobs)):
        yield
    for _ in _done(jobs, frozen, to, {}):
        yield


def run_folder(to: Path, arm: str, seed: int) -> Path:
    """Say where the fit of one arm and seed lies."""
    return to / "runs" / arm / f"seed{seed}"


@dataclass(frozen=True)
class Bench:
    """Where one fit or prediction after the other is done, for the comparison in a folder."""

    to: Path
    frozen: Frozen
    val: ImageSet
    recipes: Mapping[str, Sequence[str]]

    def do(self, job: Mapping[str, Any]) -> None:
        """Do one job: ``{"fit": arm, "seed": 0}``, or ``{"predict": arm, ..., "test": name}``."""
        if "fit" in job:
            self._fit(job["fit"], job["seed"])
        else:
            self._predict(job["predict"], job["seed"], job["test"])

    def _fit(self, name: str, seed: int) -> None:
        arm = self.frozen.source if name in (START, DOUBLE) else name
        # Every image of an arm is drawn equally often.
        sets = [read_set(self.to / folder) for folder in self.recipes[arm]]
        recipe = [Draw(images=one, share=float(len(one))) for one in sets]
        fit(recipe, self.val, self._config(name, seed), seed, run_folder(self.to, name, seed))

    def _config(self, name: str, seed: int) -> FitConfig:
        plan = self.frozen.plan
        config = _recogniser(self.frozen)
        if plan.warm_start:
            if name == START:
                return replace(config, steps=plan.warm_start.steps)
            config = replace(config, init=run_folder(self.to, START, seed))
        return replace(config, steps=2 * config.steps) if name == DOUBLE else config

    def _predict(self, arm: str, seed: int, name: str) -> None:
        run, test = run_folder(self.to, arm, seed), read_set(self.to / "tests" / name)
        origin = Origin(
            arm=arm,
            seed=seed,
            recogniser=str(self.frozen.plan.recogniser.get("name", "compact")),
            run=read_run(run).hash,
        )
        with threads(_recogniser(self.frozen).threads):
            table = predict(run, test)
        write_predictions(prediction_folder(self.to, arm, seed, name), table, test, origin)


def bench(job: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], None]:
    """Make what does the jobs of the comparison in the folder ``job["to"]``."""
    to = Path(job["to"])
    return Bench(
        to=to,
        frozen=read_frozen(to),
        val=read_set(to / "tests" / "source-val"),
        recipes=read_json(to / "arms.json"),
    ).do


def side_by_side(frozen: Frozen, jobs: int) -> int:
    """Say how many jobs go at once: one on an accelerator, else what the plan says."""
    config, workers = _recogniser(frozen), frozen.plan.workers
    if workers == "auto":
        on_cpu = choose_device(config.device).type == "cpu"
        workers = cores() // config.threads if on_cpu and config.threads else 1
    return max(1, min(workers, jobs))


def _done(jobs: Sequence[Any], frozen: Frozen, to: Path, after: Mapping[int, int]) -> Iterator[int]:
    workers = side_by_side(frozen, len(jobs))
    return share_out(f"{__name__}:{bench.__name__}", {"to": str(to)}, jobs, workers, after)


def _recogniser(frozen: Frozen) -> FitConfig:
    plan = frozen.plan
    return replace(
        build(FitConfig, plan.recogniser, "recogniser"),
        classes=frozen.trained,
        ignore_below=plan.ignore_below or 0.0,
    )


def _kept(images: ImageSet, to: Path) -> str:
    """Name the folder of the run that holds a set; its tables are written where there is none."""
    if images.root.is_relative_to(to) and read_set(images.root).hash == images.hash:
        return str(images.root.relative_to(to))
    folder = Path("sets") / images.hash[:16]
    write_set(images, to / folder)
    return str(folder)
