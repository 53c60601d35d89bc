"""`otherlight audit`: did every labelled object survive translation, and what was invented?"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from otherlight.cli.show import print_json, print_table
from otherlight.cli.words import AsJson, SetFolder, Settings, read_settings


def audit(
    images: SetFolder,
    detector: Annotated[
        Path, typer.Option(metavar="RUN|FILE", help="A detector of otherlight fit, or its weights.")
    ],
    to: Annotated[Path, typer.Option(metavar="DIR", help="The folder for what is found.")],
    settings: Settings = None,
    source: Annotated[
        Path | None,
        typer.Option(metavar="SET", help="The set that was translated, if it was moved."),
    ] = None,
    target_like: Annotated[
        Path | None,
        typer.Option(metavar="SET", help="A labelled sample of the target's own frames."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what became of every labelled box of a translated set, and show the worst."""
    from otherlight.cli.verbs import VERBS
    from otherlight.experiment.plan_run import run_verb

    options = read_settings(
        settings,
        set=str(images),
        detector=str(detector),
        source=None if source is None else str(source),
        target_like=None if target_like is None else str(target_like),
    )
    facts: dict[str, Any] = run_verb("audit", VERBS, options, to)
    print_json(facts) if as_json else _print(facts, to)


def _print(facts: Mapping[str, Any], to: Path) -> None:
    for sentence in (*facts["sentences"], *facts["cautions"]):
        print(sentence)
    print()
    whole = facts["survival"]
    rows: list[tuple[str, ...]] = [
        ("", "boxes", "found before", "and after", "edges", "contrast", "keep", "ignore", "drop"),
        _row("all", whole),
    ]
    for part in ("by_class", "by_size", "by_occlusion"):
        rows.append((part.replace("_", " "),))
        rows += [_row(f"  {name}", counts) for name, counts in whole[part].items()]
    print_table(rows)
    print(f"\nThe worst, before and after: {to / 'audit.html'}")


def _row(name: str, counts: Mapping[str, Any]) -> tuple[str, ...]:
    numbers = [counts["boxes"], counts["judged"], counts["survived"]]
    shares = [counts["edge_kept"], counts["contrast_kept"]]
    return (
        name,
        *("-" if number is None else f"{number:,}" for number in numbers),
        *("-" if share is None else f"{share:.2f}" for share in shares),
        *(f"{count:,}" for count in counts["decisions"].values()),
    )
