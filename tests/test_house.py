"""The house keeps its own rules: small files, true front doors, nothing undocumented."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "src").rglob("*.py"))
PAGES = "\n".join(page.read_text() for page in sorted((ROOT / "docs").glob("*.md")))


def names_a_user_can_type() -> list[str]:
    from otherlight.datasets import FORMATS
    from otherlight.experiment.verbs import VERBS
    from otherlight.recognisers import RECOGNISERS
    from otherlight.translators import TRANSLATORS
    from otherlight.world import CONDITIONS

    return sorted({*TRANSLATORS, *FORMATS, *RECOGNISERS, *CONDITIONS, *VERBS})


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT / "src")))
def test_a_file_is_read_in_one_sitting(file: Path):
    lines = len(file.read_text().splitlines())
    assert lines <= 300, f"{file.name} has {lines} lines; split it by subject."


def test_every_name_a_user_can_type_is_documented():
    missing = [name for name in names_a_user_can_type() if f"`{name}`" not in PAGES]
    assert not missing


def test_every_column_is_documented():
    from otherlight.sets.columns import MEANINGS

    missing = [c for table in MEANINGS.values() for c in table if f"`{c}`" not in PAGES]
    assert not missing


@pytest.mark.parametrize(
    "module",
    [
        "sets",
        "datasets",
        "translators",
        "recognisers",
        "world",
        "metrics",
        "statistics",
        "experiment",
    ],
)
def test_front_doors_name_what_they_have(module: str):
    door = importlib.import_module(f"otherlight.{module}")
    assert all(hasattr(door, name) for name in door.__all__)


@pytest.mark.parametrize("plan", sorted(ROOT.glob("plans/*.yaml")), ids=lambda plan: plan.stem)
def test_every_shipped_plan_parses(plan: Path):
    from otherlight.experiment.plan import read_plan

    assert read_plan(plan).steps


@pytest.mark.parametrize(
    "module", ["otherlight", "otherlight.cli", "otherlight.datasets", "otherlight.view.server"]
)
def test_the_front_of_the_house_loads_no_torch(module: str):
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
