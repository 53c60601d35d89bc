"""Run a plan's steps in written order; each verb skips or continues what is there."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from otherlight.config import nearest
from otherlight.errors import PlanError
from otherlight.experiment.plan import Plan, Step, read_plan
from otherlight.experiment.plan_check import Verb, check_plan, check_step
from otherlight.experiment.plan_files import Places
from otherlight.records.files import holding, read_json, write_bytes
from otherlight.records.progress import task


def run_plan(
    path: Path,
    overlays: Sequence[Path] = (),
    overrides: Sequence[str] = (),
    *,
    part: str | None = None,
    only: str | None = None,
    to: Path | None = None,
) -> dict[str, Path]:
    """Read, check and run a plan; hand out the outputs of the steps that ran, by name."""
    from otherlight.experiment.verbs import VERBS

    return run_steps(read_plan(path, overlays, overrides, to=to), VERBS, part=part, only=only)


def run_steps(
    plan: Plan, verbs: Mapping[str, Verb], *, part: str | None = None, only: str | None = None
) -> dict[str, Path]:
    """Run the chosen steps; the whole plan is checked first, and kept as ``plan.yaml``.

    Raises:
        PlanError: the plan asks for what cannot be run, or a step needs one that has not run.
        BusyError: another run writes to the plan's folder.
    """
    chosen = plan.select(part, only)
    ready = check_plan(plan, verbs)
    with holding(plan.to), task(plan.name, len(chosen)) as advance:
        write_bytes(plan.to / "plan.yaml", as_yaml(plan).encode())
        for step in chosen:
            _refuse_missing(plan, step)
            with task(f"{step.name}: {step.verb}", None):
                verbs[step.verb].run(ready[step.name])
            advance(1)
    return {step.name: step.output for step in chosen}


def run_one(plan: Plan, verbs: Mapping[str, Verb], verb: str, step: str | None, to: Path) -> Any:
    """Run one step of a verb alone, its output to a folder of its own.

    Raises:
        PlanError: the plan has no step of that verb, or several and none was named.
    """
    names = [each.name for each in plan.steps.values() if each.verb == verb]
    if not names:
        raise PlanError(f"The plan {plan.name!r} must have a step that says {verb}; it has none.")
    if step is None and len(names) > 1:
        raise PlanError(
            f"The plan {plan.name!r} has several steps that say {verb}: {', '.join(names)}. "
            f"Name one: --step {names[0]}."
        )
    step = names[0] if step is None else step
    if step not in names:
        raise PlanError(
            f"The plan {plan.name!r} has no step {step!r} that says {verb}. {nearest(step, names)}"
        )
    chosen = plan.steps[step]
    _refuse_missing(plan, chosen)
    return verbs[verb].run(replace(check_plan(plan, verbs)[step], to=to))


def run_verb(verb: str, verbs: Mapping[str, Verb], options: dict[str, Any], to: Path) -> Any:
    """Run one verb with options given as a plan would give them; hand on what it returns."""
    step = Step(name=to.name, verb=verb, options=options, output=to, uses=())
    plan = Plan(
        name=verb,
        about="",
        to=to,
        seed=0,
        parts={},
        steps={step.name: step},
        places=Places({(): "the command line"}),
    )
    return verbs[verb].run(check_step(plan, step, verbs[verb]))


def is_done(output: Path) -> bool:
    """Say whether a step's output is whole."""
    if (output / "set.json").exists():
        return True
    for name, key in (("run.json", "done"), ("export.json", "counts")):
        if (output / name).exists():
            return bool(read_json(output / name).get(key))
    return False


def as_yaml(plan: Plan) -> str:
    """Write a plan with its variables filled in."""
    from omegaconf import OmegaConf

    return OmegaConf.to_yaml(OmegaConf.create(plan.shown()))


def _refuse_missing(plan: Plan, step: Step) -> None:
    for name in step.uses:
        output = plan.steps[name].output
        if not output.exists():
            raise PlanError(
                f"The step {step.name!r} needs the output of {name!r}, and {output} is not there. "
                f"Run that step first: --only {name}."
            )
