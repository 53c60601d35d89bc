"""Pictures of the worst boxes, before and after, for a page: worst first."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
from jaxtyping import Float, UInt8

from otherlight.audit.lineage import Lineage
from otherlight.audit.survival import DECISIONS
from otherlight.images.files import Array, encode, read_pixels
from otherlight.records.files import write_bytes

_AROUND = 0.75
"""Share of a box's size that is shown on every side of it."""
_LEAST, _SIDE = 24, 220
"""Pixels of the image that are shown at least; pixels of the longer side of a picture."""
_SIDES = ("left", "top", "right", "bottom")
_MARK = {"before": (255, 196, 0), "after": (255, 196, 0), "hallucination": (255, 64, 96)}

Picture = UInt8[np.ndarray, "tall wide 3"]
Edges = Float[np.ndarray, " 4"]


def draw_gallery(
    lineage: Lineage, evidence: pa.Table, invented: pa.Table, count: int, to: Path
) -> dict[str, list[dict[str, Any]]]:
    """Write pictures of the worst boxes, of lights that changed and of hallucinations.

    Answers what is shown in each of the three, worst first, with where its pictures lie.
    """
    edges = {
        (row["image"], row["box"]): np.array([row[side] for side in _SIDES])
        for row in lineage.after.boxes.select(["image", "box", *_SIDES]).to_pylist()
    }
    files = dict(
        zip(
            lineage.after.names(),
            zip(lineage.before.files(), lineage.after.files(), strict=True),
            strict=True,
        )
    )
    rows = evidence.to_pylist()
    turned = [row for row in rows if row["reason"].startswith("it turned")]
    worst = sorted((row for row in rows if row not in turned), key=_badness)
    parts = {
        "worst": [(row, edges[row["image"], row["box"]], "after") for row in worst[:count]],
        "colours": [(row, edges[row["image"], row["box"]], "after") for row in turned[:count]],
        "hallucinations": [
            (row, np.array([row[side] for side in _SIDES]), "hallucination")
            for row in sorted(invented.to_pylist(), key=_score, reverse=True)[:count]
        ],
    }
    return {
        part: [
            _drawn(row, place, mark, files[row["image"]], to / "gallery" / f"{part}-{number:03}")
            for number, (row, place, mark) in enumerate(chosen)
        ]
        for part, chosen in parts.items()
    }


def _badness(row: Mapping[str, Any]) -> tuple[int, float]:
    """Dropped before ignored before kept; within each, those with the fewest edges left first."""
    edges = row["edge_kept"]
    return -DECISIONS.index(row["decision"]), edges if np.isfinite(edges) else np.inf


def _score(row: Mapping[str, Any]) -> float:
    return float(row["score"])


def _drawn(
    row: Mapping[str, Any], edges: Edges, mark: str, files: Sequence[Path], stem: Path
) -> dict[str, Any]:
    shown = {key: _plain(value) for key, value in row.items() if key not in _SIDES}
    for when, file in zip(("before", "after"), files, strict=True):
        picture = stem.with_name(f"{stem.name}-{when}.jpg")
        write_bytes(picture, encode(_crop(read_pixels(file), edges, _MARK[mark]), ".jpg"))
        shown[when] = f"{picture.parent.name}/{picture.name}"
    return shown


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _crop(pixels: Array, edges: Edges, colour: tuple[int, int, int]) -> Picture:
    """A box and what is around it, enlarged, its corners marked so that nothing is hidden."""
    middle, size = (edges[:2] + edges[2:]) / 2, edges[2:] - edges[:2]
    half = np.maximum(size * (0.5 + _AROUND), _LEAST / 2).max()
    limit = np.array([pixels.shape[1], pixels.shape[0]])
    side = np.minimum(np.ceil(2 * half).astype(int), limit)
    low = np.rint(middle - side / 2).astype(int).clip(0, limit - side)
    high = low + side
    part = pixels[low[1] : high[1], low[0] : high[0]]
    scale = _SIDE / max(part.shape[:2])
    wanted = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    how = cv2.INTER_NEAREST if scale > 1 else cv2.INTER_AREA
    picture = np.ascontiguousarray(cv2.resize(part, wanted, interpolation=how), np.uint8)
    left, top, right, bottom = np.rint((edges - np.tile(low, 2)) * scale).astype(int).tolist()
    arm = max(4, min(right - left, bottom - top) // 4)
    for x, inward in ((left, 1), (right, -1)):
        for y, down in ((top, 1), (bottom, -1)):
            cv2.line(picture, (x, y), (x + inward * arm, y), colour, 2)
            cv2.line(picture, (x, y), (x, y + down * arm), colour, 2)
    return picture
