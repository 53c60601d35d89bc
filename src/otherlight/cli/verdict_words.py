"""A verdict in the terminal: the sentence first, then arms with intervals, then what to mind."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from otherlight.cli.show import print_rows


def print_verdict(verdict: Mapping[str, Any], run: Path) -> None:
    """Print what the page says first, and where the page is."""
    summary = verdict["summary"]
    print(f"\n{summary['word']}. {summary['sentence']}\n")
    print_rows([("arm", "AP50 against source", "interval", "verdict"), *map(_row, verdict["rows"])])
    said = [
        *(each["text"] for each in summary["gap"]),
        *(each["text"] for each in summary["worth"]),
        *summary["guards"],
    ]
    if said:
        print("\n" + "\n".join(said))
    for warning in summary["warnings"]:
        print(f"Note: {warning}")
    page = run / "report.html"
    if page.exists():
        print(f"\nThe page: {page}")


def _row(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    from otherlight.experiment.words import points

    interval = f"{points(row['low'])} to {points(row['high'])}"
    return row["arm"], points(row["estimate"]), interval, str(row["verdict"]).replace("_", " ")
