"""`otherlight run`: a plan from the command line."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from otherlight.cli.show import print_json, print_rows
from otherlight.cli.words import AsJson, PlanFile, PlanWords, sort_words

if TYPE_CHECKING:
    from otherlight.experiment.plan import Plan


def run(
    plan: PlanFile,
    words: PlanWords = None,
    part: Annotated[
        str | None, typer.Option(metavar="NAME", help="Run the steps of one named part.")
    ] = None,
    only: Annotated[str | None, typer.Option(metavar="STEP", help="Run one step.")] = None,
    to: Annotated[Path | None, typer.Option(help="Output folder, instead of the plan's.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="Name the steps and stop.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Check every key and stop.")] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Print the plan, variables filled in, and stop.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run a plan: its steps in written order. What is done is skipped; run it again to continue."""
    from otherlight.cli.verbs import VERBS
    from otherlight.experiment.plan import read_plan
    from otherlight.experiment.plan_check import check_plan
    from otherlight.experiment.plan_run import as_yaml, run_steps

    overlays, overrides = sort_words(words)
    read = read_plan(plan, overlays, overrides, to=to, verbs=VERBS)
    if list_:
        _list(read, part, only, as_json)
        return
    if check or show:
        check_plan(read, VERBS)
        if show and as_json:
            print_json(read.shown())
        elif show:
            print(as_yaml(read), end="")
        else:
            count = len(read.select(part, only))
            print(f"{read.name}: steps to run: {count}; every key is read, every value fits.")
        return
    outputs = run_steps(read, VERBS, part=part, only=only)
    if as_json:
        print_json({name: str(output) for name, output in outputs.items()})
    else:
        print_rows((name, str(output)) for name, output in outputs.items())


def run_plan_step(
    verb: str, plan: Path, words: list[str] | None, step: str | None, to: Path
) -> Any:
    """Run the step of a verb that a plan holds, into a folder of its own."""
    from otherlight.cli.verbs import VERBS
    from otherlight.experiment.plan import read_plan
    from otherlight.experiment.plan_run import run_one

    overlays, overrides = sort_words(words)
    return run_one(read_plan(plan, overlays, overrides, verbs=VERBS), VERBS, verb, step, to)


def _list(plan: "Plan", part: str | None, only: str | None, as_json: bool) -> None:
    from otherlight.experiment.plan_run import is_done

    steps = plan.select(part, only)
    parts = {
        step.name: [name for name, members in plan.parts.items() if step.name in members]
        for step in steps
    }
    if as_json:
        print_json(
            [
                {
                    "step": step.name,
                    "verb": step.verb,
                    "parts": parts[step.name],
                    "output": str(step.output),
                    "done": is_done(step.output),
                }
                for step in steps
            ]
        )
        return
    print_rows(
        (
            step.name,
            step.verb,
            ", ".join(parts[step.name]),
            str(step.output),
            "done" if is_done(step.output) else "",
        )
        for step in steps
    )
