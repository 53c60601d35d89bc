"""Raw predictions on disk: one table an arm, seed and test set, with what it must fit to."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from otherlight.errors import VerifyError
from otherlight.records.files import digest, read_json, sha256_of, write_json
from otherlight.sets import ImageSet, read_table, write_table
from otherlight.sets.columns import PREDICTIONS

SCORE_FLOOR = 0.001
MAX_PER_IMAGE = 100


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Which model made predictions, and with what settings."""

    arm: str
    seed: int
    recogniser: str
    run: str


def write_predictions(folder: Path, table: pa.Table, test: ImageSet, origin: Origin) -> None:
    """Write ``predictions.parquet`` and, last, ``predictions.json``."""
    write_table(folder / "predictions.parquet", table.cast(PREDICTIONS))
    about: dict[str, Any] = {
        "arm": origin.arm,
        "seed": origin.seed,
        "recogniser": origin.recogniser,
        "run": origin.run,
        "set": test.hash,
        "classes": digest(list(test.classes)),
        "images": digest(test.names()),
        "score_floor": SCORE_FLOOR,
        "max_per_image": MAX_PER_IMAGE,
        "sha256": sha256_of(folder / "predictions.parquet"),
    }
    write_json(folder / "predictions.json", about)


def has_predictions(folder: Path) -> bool:
    """Say whether a folder's predictions are complete."""
    return (folder / "predictions.json").exists()


def read_predictions(folder: Path, test: ImageSet) -> pa.Table:
    """Read predictions and check that they are whole, untouched and made on this very test set.

    Raises:
        VerifyError: a byte was changed, or they were made on other images, labels or classes.
    """
    if not has_predictions(folder):
        raise VerifyError(f"Predictions must lie in {folder}; there are none. Run compare again.")
    about = read_json(folder / "predictions.json")
    found = sha256_of(folder / "predictions.parquet")
    if found != about["sha256"]:
        raise VerifyError(
            f"{folder / 'predictions.parquet'} must have the hash {about['sha256'][:12]} that it "
            f"was written with; it has {found[:12]}. It was changed since: run compare again in a "
            f"new folder."
        )
    wanted = {
        "set": test.hash,
        "classes": digest(list(test.classes)),
        "images": digest(test.names()),
    }
    for what, value in wanted.items():
        if about[what] != value:
            raise VerifyError(
                f"The predictions in {folder} must have been made on {test.name!r}; their hash of "
                f"its {what} is {about[what][:12]}, not {value[:12]}."
            )
    return read_table(folder / "predictions.parquet", PREDICTIONS)
