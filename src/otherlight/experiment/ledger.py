"""The ledger of a test set: every look at it is an entry, and looks are counted.

It lies beside the set, since sets are immutable and it must outlive any one run:
``night-test`` has ``night-test.looks.jsonl``.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from otherlight.records.files import told_when_full
from otherlight.sets import ImageSet


@dataclass(frozen=True, kw_only=True)
class Look:
    """One evaluation of one model on one test set, under one plan."""

    test: str
    plan: str
    frozen: str
    arm: str
    seed: int


def ledger_path(test: ImageSet) -> Path:
    """Say where a set's ledger lies."""
    root = test.root.resolve()
    return root.with_name(f"{root.name}.looks.jsonl")


def read_looks(test: ImageSet) -> list[Look]:
    """Read the looks at this very set; looks at an earlier content of the folder do not count."""
    path = ledger_path(test)
    if not path.exists():
        return []
    rows = [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]
    return [look for row in rows if (look := Look(**row)).test == test.hash]


def enter(test: ImageSet, look: Look) -> None:
    """Enter a look, once: the same evaluation repeated after a kill is the same look."""
    if look not in read_looks(test):
        path = ledger_path(test)
        with told_when_full(path), path.open("a") as file:
            file.write(json.dumps(asdict(look)) + "\n")


def is_exploratory(test: ImageSet, plan: str, frozen: str) -> bool:
    """Say whether the test was looked at under this plan's name before the plan was changed."""
    return any(look.plan == plan and look.frozen != frozen for look in read_looks(test))
