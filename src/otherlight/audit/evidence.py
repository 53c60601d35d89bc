"""What is known of every labelled box after a translation, and what it comes to.

One row a box: found before and after, edges and contrast kept, the colour of a traffic light.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float

from otherlight.audit.colours import known_state, shown_state
from otherlight.audit.config import AuditConfig
from otherlight.audit.structure import Kept, kept
from otherlight.errors import ImageError
from otherlight.images.files import read_pixels
from otherlight.metrics import AREA_RANGES
from otherlight.records.progress import track
from otherlight.sets import ImageSet
from otherlight.training.prefetch import prefetch

Decision = Literal["keep", "ignore", "drop"]
Answers = Bool[np.ndarray, " boxes"]

EVIDENCE = pa.schema(
    [
        pa.field("image", pa.string(), nullable=False),
        pa.field("box", pa.int32(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("size", pa.string(), nullable=False),
        pa.field("occlusion_level", pa.int8()),
        pa.field("found_before", pa.bool_()),
        pa.field("found_after", pa.bool_()),
        pa.field("edge_kept", pa.float32(), nullable=False),
        pa.field("contrast_kept", pa.float32(), nullable=False),
        pa.field("state", pa.string()),
        pa.field("state_before", pa.string()),
        pa.field("state_after", pa.string()),
        pa.field("decision", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)
"""Columns of ``evidence.parquet``; not-a-number is what could not be measured."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the pixels of one box say."""

    kept: Kept
    state_before: str | None = None
    state_after: str | None = None


def look_at_boxes(before: ImageSet, after: ImageSet, config: AuditConfig) -> list[Look]:
    """Compare the pixels of every box, image by image, in the order of the boxes.

    Raises:
        ImageError: an image cannot be read, or a translation has not its source's size.
    """
    boxes = after.boxes_of()
    states: list[str | None] = after.boxes["state"].to_pylist()
    files = list(zip(before.files(), after.files(), strict=True))

    def look(row: int) -> list[Look]:
        own = range(boxes.offsets[row], boxes.offsets[row + 1])
        if not own:
            return []
        old, new = (read_pixels(file) for file in files[row])
        if old.shape != new.shape:
            raise ImageError(
                f"A translation must have its source's size; {files[row][1]} is "
                f"{new.shape[1]} x {new.shape[0]} and its source {old.shape[1]} x {old.shape[0]}. "
                f"Translate again."
            )
        return [
            Look(
                kept=kept(old, new, boxes.edges[box], config.margin),
                **_states(old, new, boxes.edges[box]) if known_state(states[box]) else {},
            )
            for box in own
        ]

    looks = prefetch(look, range(len(after)), threads=2, ahead=16)
    return [one for part in track(looks, "comparing boxes", len(after)) for one in part]


def _states(old: Any, new: Any, edges: Float[np.ndarray, " 4"]) -> dict[str, str | None]:
    return {"state_before": shown_state(old, edges), "state_after": shown_state(new, edges)}


def gather_evidence(
    images: ImageSet,
    looks: Sequence[Look],
    found: tuple[Sequence[bool | None], Sequence[bool | None]],
    config: AuditConfig,
) -> pa.Table:
    """Lay it all side by side and decide; boxes that are ignored already are left out."""
    rows: list[dict[str, Any]] = []
    columns = images.boxes.to_pylist()
    for row, look, before, after in zip(columns, looks, *found, strict=True):
        if row["ignore"]:
            continue
        decision, reason = decide(look, row["state"], before, after, config)
        rows.append(
            {
                **{name: row[name] for name in ("image", "box", "label", "occlusion_level")},
                "size": size_of(row),
                "found_before": before,
                "found_after": after,
                "edge_kept": look.kept.edges,
                "contrast_kept": look.kept.contrast,
                "state": known_state(row["state"]),
                "state_before": look.state_before,
                "state_after": look.state_after,
                "decision": decision,
                "reason": reason,
            }
        )
    return pa.Table.from_pylist(rows, EVIDENCE)


def decide(
    look: Look, state: str | None, before: bool | None, after: bool | None, config: AuditConfig
) -> tuple[Decision, str]:
    """Keep, ignore or drop a box, and why.

    A detector that found the box before and finds it after speaks for it, one that lost it
    against it; one that did not find it before has no say.
    """
    edges, contrast = look.kept.edges, look.kept.contrast
    says = after if before else None
    if says is not True and edges < config.gone:
        return "drop", "nothing is left of its edges"
    least = {True: config.gone, False: config.lost, None: config.edges}[says]
    if edges < least:
        lost = " and the detector lost it" if says is False else ""
        return "ignore", f"its edges are damaged{lost}"
    if says is not True and contrast < config.contrast:
        return "ignore", "it no longer stands out from what is around it"
    if changed(look, state):
        return "ignore", f"it turned from {look.state_before} to {look.state_after}"
    return "keep", ""


def changed(look: Look, state: str | None) -> bool:
    """Say whether a traffic light shows another colour than before, when it showed its label's."""
    return (
        look.state_after is not None
        and look.state_before == known_state(state)
        and look.state_after != look.state_before
    )


def size_of(box: dict[str, Any]) -> str:
    """Name COCO's size of a box: small, medium or large."""
    area = (box["right"] - box["left"]) * (box["bottom"] - box["top"])
    return next(name for name, (_, most) in AREA_RANGES.items() if area <= most)
