"""The verbs of a plan as the command line runs them: those of the experiment, and the page."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from otherlight.experiment.plan_check import ReadyStep, Verb
from otherlight.experiment.verbs import VERBS as BELOW
from otherlight.records.files import write_bytes


class ReportOptions(BaseModel):
    """A page over a comparison made elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    run: Path


def compare_and_report(step: ReadyStep) -> Any:
    """Compare, then write the page beside the verdict: the report's floor lies above the verb's."""
    from otherlight.report import write_report

    verdict = BELOW["compare"].run(step)
    write_report(step.to)
    return verdict


def audit_and_show(step: ReadyStep) -> Any:
    """Audit, then write the page of the worst beside it."""
    from otherlight.report import write_audit

    facts = BELOW["audit"].run(step)
    write_audit(step.to)
    return facts


def report(step: ReadyStep) -> Path:
    """Write the page of a comparison, and a copy of it as the step's own output."""
    from otherlight.report import write_report

    page = write_report(step.options.run)
    write_bytes(step.to / page.name, page.read_bytes())
    return page


VERBS: dict[str, Verb] = {
    **BELOW,
    "compare": replace(BELOW["compare"], run=compare_and_report),
    "audit": replace(BELOW["audit"], run=audit_and_show),
    "report": Verb(options=ReportOptions, run=report),
}
