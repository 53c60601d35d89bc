"""`otherlight demo`: the whole story on the built-in world, from nothing to a verdict."""

from pathlib import Path
from typing import Annotated

import typer

from otherlight.cli.show import print_json
from otherlight.cli.verdict_words import print_verdict
from otherlight.cli.words import AsJson


def demo(
    to: Annotated[Path, typer.Option(metavar="DIR", help="Where everything goes.")] = Path("demo"),
    quick: Annotated[
        bool, typer.Option("--quick", help="A smoke run of a minute or two; it says nothing.")
    ] = False,
    all_cheap: Annotated[
        bool, typer.Option("--all-cheap", help="Run every training-free arm for night, not one.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Render day and night, train a translator, compare arms, say whether it helped.

    Up to three quarters of an hour on two old cores. Stop it whenever you like: the same
    command goes on.
    """
    from otherlight.cli.verbs import VERBS
    from otherlight.experiment.plan import read_plan
    from otherlight.experiment.plan_run import run_steps
    from otherlight.experiment.shipped import shipped_plan
    from otherlight.records.files import read_json

    overlays = [
        shipped_plan(name)
        for name, wanted in (("demo-all-cheap", all_cheap), ("demo-quick", quick))
        if wanted
    ]
    plan = read_plan(shipped_plan("demo"), overlays, to=to, verbs=VERBS)
    outputs = run_steps(plan, VERBS)
    verdict = read_json(outputs["verdict"] / "verdict.json")
    if as_json:
        print_json(verdict)
    else:
        print_verdict(verdict, outputs["verdict"])
