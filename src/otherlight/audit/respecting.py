"""Training that respects an audit: ignored boxes become regions, dropped ones go."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import Int

from otherlight.errors import DatasetError
from otherlight.records.run import read_run
from otherlight.sets import ImageSet, read_table
from otherlight.sets.columns import AUDIT, BOXES

REASON = "audit"
"""What ``ignore_reason`` says of a box that an audit ignored."""


def respect(images: ImageSet, folder: Path) -> ImageSet:
    """Apply the decisions of an audit to the set that it judged; `counts` says how many.

    Raises:
        DatasetError: the folder holds no finished audit, or one of another set.
    """
    judged = _judged(folder)
    if judged != images.hash:
        raise DatasetError(
            f"An audit holds for the set that it judged alone; {folder} judged one with the hash "
            f"{judged[:12]}, and {images.name!r} has {images.hash[:12]}. Audit this set, or name "
            f"the other."
        )
    table = read_table(folder / "audit.parquet", AUDIT)
    ignore = _rows(images, table, "ignore")
    drop = _rows(images, table, "drop")
    kept = np.ones(images.boxes.num_rows, np.bool_)
    kept[drop] = False
    boxes = _ignored(images.boxes, ignore).filter(pa.array(kept))
    decided = {"audit": judged, "ignored": len(ignore), "dropped": len(drop)}
    return replace(images, boxes=boxes, counts={**images.counts, "audit": decided})


def _judged(folder: Path) -> str:
    """The hash of the set that an audit judged."""
    if not (folder / "run.json").exists():
        raise DatasetError(
            f"An audit is a folder with audit.parquet and run.json; {folder} is none. Make one "
            f"with: otherlight audit SET --detector RUN --to {folder}."
        )
    record = read_run(folder)
    if record.kind != "audit" or not record.done:
        what = f"of kind {record.kind!r}" if record.kind != "audit" else "not finished"
        raise DatasetError(
            f"Decisions come from a finished audit; the run in {folder} is {what}. Run: otherlight "
            f"audit SET --detector RUN --to {folder}."
        )
    return next(entry["hash"] for entry in record.inputs if entry["role"] == "set")


def _rows(images: ImageSet, table: pa.Table, decision: str) -> Int[np.ndarray, " rows"]:
    """Find the rows of a set's boxes that were decided so."""
    decided = {
        (row["image"], row["box"]) for row in table.to_pylist() if row["decision"] == decision
    }
    keys = zip(images.boxes["image"].to_pylist(), images.boxes["box"].to_pylist(), strict=True)
    return np.array([row for row, key in enumerate(keys) if key in decided], np.int64)


def _ignored(boxes: pa.Table, rows: Int[np.ndarray, " rows"]) -> pa.Table:
    ignore = np.array(boxes["ignore"].to_pylist(), np.bool_)
    reasons: list[str | None] = boxes["ignore_reason"].to_pylist()
    ignore[rows] = True
    for row in rows.tolist():
        reasons[row] = REASON
    columns: tuple[tuple[str, object], ...] = (
        ("ignore", pa.array(ignore)),
        ("ignore_reason", pa.array(reasons, pa.string())),
    )
    for name, column in columns:
        place = BOXES.get_field_index(name)
        boxes = boxes.set_column(place, BOXES.field(name), column)
    return boxes
