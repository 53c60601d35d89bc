"""`otherlight run`, and how plans stand on a command line."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from otherlight.cli.show import print_json, print_rows
from otherlight.config import nearest

if TYPE_CHECKING:
    from otherlight.experiment.plan import Plan

PlanFile = Annotated[Path, typer.Argument(metavar="PLAN", help="A plan file; see docs/plans.md.")]
Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[OVERLAY.yaml | KEY=VALUE]...",
        help="Files laid over the plan, later wins; then values, such as seed=3 or "
        "translator.train.steps=500.",
    ),
]


def run(
    plan: PlanFile,
    words: Words = None,
    part: Annotated[str | None, typer.Option(help="Run the steps of one named part.")] = None,
    only: Annotated[str | None, typer.Option(metavar="STEP", help="Run one step.")] = None,
    to: Annotated[Path | None, typer.Option(help="Output folder, instead of the plan's.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="Name the steps and stop.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Check every key and stop.")] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Print the plan, variables filled in, and stop.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Run a plan: its steps in written order. What is done is skipped; run it again to continue."""
    from otherlight.cli.verbs import VERBS
    from otherlight.experiment.plan import read_plan
    from otherlight.experiment.plan_check import check_plan
    from otherlight.experiment.plan_run import as_yaml, run_steps

    overlays, overrides = sorted_words(words or ())
    read = read_plan(plan, overlays, overrides, to=to, verbs=VERBS)
    if list_:
        _list(read, part, only, as_json)
        return
    check_plan(read, VERBS)
    if show:
        print_json(read.shown()) if as_json else print(as_yaml(read), end="")
        return
    if check:
        steps = read.select(part, only)
        print(f"{read.name}: {len(steps)} steps; every key is read, every value fits.")
        return
    outputs = run_steps(read, VERBS, part=part, only=only)
    if as_json:
        print_json({name: str(output) for name, output in outputs.items()})
    else:
        print_rows([(name, str(output)) for name, output in outputs.items()])


def sorted_words(words: Sequence[str]) -> tuple[list[Path], list[str]]:
    """Tell overlay files from ``key=value``."""
    overlays: list[Path] = []
    overrides: list[str] = []
    for word in words:
        if word.endswith((".yaml", ".yml")) and (Path(word).exists() or "=" not in word):
            overlays.append(Path(word))
        elif "=" in word:
            overrides.append(word)
        else:
            raise typer.BadParameter(f"{word!r} is neither an overlay (.yaml) nor KEY=VALUE.")
    return overlays, overrides


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


def choose(word: str, known: Sequence[str], what: str) -> str:
    """Take one of a few words, or say which are near."""
    if word not in known:
        raise typer.BadParameter(f"There is no {what} {word!r}. {nearest(word, known)}")
    return word
