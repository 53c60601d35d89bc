"""`otherlight doctor`: what is wrong in sets, and what leaks between them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from otherlight.cli.show import print_facts, print_json
from otherlight.cli.words import AsJson
from otherlight.errors import DatasetError

if TYPE_CHECKING:
    from otherlight.datasets import Diagnosis

SetFolders = Annotated[list[Path], typer.Argument(metavar="SET...", help="Folders of image sets.")]


def doctor(
    sets: SetFolders,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write a page with pairs.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong in sets and what leaks between them; exit 1 if anything is an error."""
    from otherlight.datasets import examine
    from otherlight.sets import read_set

    diagnosis = examine({str(folder): read_set(folder) for folder in dict.fromkeys(sets)})
    if html is not None:
        from otherlight.report import write_diagnosis

        write_diagnosis(diagnosis, html)
    print_json(diagnosis.as_json()) if as_json else _print(diagnosis, html)
    if diagnosis.errors:
        raise DatasetError(
            f"A set must be free of errors before figures on it mean anything; "
            f"{_findings(diagnosis.errors)} of that grade came. Mend the first, then ask again."
        )


def _print(diagnosis: "Diagnosis", html: Path | None) -> None:
    for name, facts in diagnosis.sets.items():
        print_facts({"set": name, **facts})
        print()
    for finding in diagnosis.findings:
        print(f"{finding.grade}: {finding.rule} in {' and '.join(finding.sets)}: {finding.what}")
        print(f"  such as {finding.example}")
        print(f"  {finding.mend}")
    if not diagnosis.findings:
        print("Nothing was found.")
    if html is not None:
        print(f"\nThe page: {html}")


def _findings(count: int) -> str:
    return "1 finding" if count == 1 else f"{count} findings"
