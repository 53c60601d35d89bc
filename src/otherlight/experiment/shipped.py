"""The plans that come with the package."""

from pathlib import Path

from otherlight.config import nearest
from otherlight.errors import PlanError

FOLDER = Path(__file__).parent / "plans"


def shipped_plan(name: str) -> Path:
    """Find a shipped plan by its name."""
    path = FOLDER / f"{name}.yaml"
    if not path.exists():
        names = [file.stem for file in FOLDER.glob("*.yaml")]
        raise PlanError(f"No plan named {name!r} is shipped. {nearest(name, names)}")
    return path
