"""Recompute every figure of a verdict from the stored predictions."""

import math
from pathlib import Path
from typing import Any

from otherlight.errors import VerifyError
from otherlight.experiment.frozen import read_frozen
from otherlight.experiment.judge import judge
from otherlight.experiment.words import summarise
from otherlight.records.files import read_json

_TOLERANCE = 1e-9


def verify(run: Path) -> int:
    """Recompute a comparison's verdict; return how many values were found equal.

    Raises:
        VerifyError: a prediction was changed, or a figure differs from the printed one.
    """
    if not (run / "verdict.json").exists():
        raise VerifyError(
            f"A comparison's folder holds verdict.json; {run} does not. Point to the folder that "
            f"otherlight compare wrote."
        )
    printed, frozen = read_json(run / "verdict.json"), read_frozen(run)
    if printed["frozen"] != frozen.as_json():
        raise VerifyError(
            f"{run / 'frozen.json'} must be what the verdict was computed with; it differs."
        )
    again = judge(run, frozen)
    again["summary"] = summarise({**printed, **again}, frozen)
    return sum(_same(printed.get(key), value, key) for key, value in again.items())


def _same(printed: Any, again: Any, where: str) -> int:
    """Count equal values, or name the first that is not."""
    if isinstance(again, dict) and isinstance(printed, dict) and printed.keys() == again.keys():
        return sum(_same(printed[key], value, f"{where}.{key}") for key, value in again.items())
    if isinstance(again, list) and isinstance(printed, list) and len(printed) == len(again):
        pairs = zip(printed, again, strict=True)
        return sum(_same(*pair, f"{where}[{place}]") for place, pair in enumerate(pairs))
    if printed == again or _close(printed, again):
        return 1
    raise VerifyError(
        f"Every figure must follow from the stored predictions; {where} is {printed!r} in "
        f"verdict.json and {again!r} when computed again."
    )


def _close(one: Any, other: Any) -> bool:
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return numbers and math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=1e-12)
