"""Commands about verdicts: demo, compare, report, verify."""

from pathlib import Path
from typing import Annotated

import typer

from otherlight.cli.plans import run_plan_step
from otherlight.cli.show import print_json
from otherlight.cli.verdict_words import print_verdict
from otherlight.cli.words import AsJson, PlanFile, PlanWords, StepName

NewRun = Annotated[Path, typer.Option(metavar="RUN", help="The folder of the run.")]
Comparison = Annotated[
    Path, typer.Argument(metavar="RUN", help="A folder that otherlight compare wrote.")
]


def compare(
    plan: PlanFile,
    to: NewRun,
    words: PlanWords = None,
    step: StepName = None,
    as_json: AsJson = False,
) -> None:
    """Train arms x seeds, predict, decide: verdict.json and report.html."""
    verdict = run_plan_step("compare", plan, words, step, to)
    if as_json:
        print_json(verdict)
    else:
        print_verdict(verdict, to)


def report(run: Comparison) -> None:
    """Write report.html again from verdict.json."""
    from otherlight.report import write_report

    print(write_report(run))


def verify(run: Comparison, as_json: AsJson = False) -> None:
    """Recompute every figure of a verdict from the stored predictions."""
    from otherlight.experiment.verify import verify as recompute

    count = recompute(run)
    if as_json:
        print_json({"run": str(run), "recomputed": count, "equal": True})
    else:
        print(f"{run}: {count} figures were computed again from the predictions; all are equal.")
