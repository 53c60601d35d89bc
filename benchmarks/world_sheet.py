"""Draw docs/pictures/world.png: scenes in every condition side by side, boxes on the first row.

python benchmarks/world_sheet.py [--to docs/pictures/world.png] [--seed 7]
"""

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from otherlight.world import CONDITIONS, WorldConfig
from otherlight.world.labels import label_frame
from otherlight.world.sequence import Shot, shoot

ROWS = 4


def main() -> None:
    """Render a few scenes and lay them out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=Path("docs/pictures/world.png"))
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    config = WorldConfig(seed=given.seed, pool="sheet", width=304, height=171)
    rows: list[np.ndarray] = []
    for sequence in range(ROWS):
        shots = [
            next(iter(shoot(replace(config, condition=name), sequence))) for name in CONDITIONS
        ]
        rows.append(np.hstack([_tile(shot, boxes=sequence == 0) for shot in shots]))
    given.to.parent.mkdir(parents=True, exist_ok=True)
    # 8-bit colour with few levels keeps the page light; noise does not compress.
    sheet = np.asarray(cv2.bilateralFilter(np.vstack(rows), 3, 12, 3), np.uint8) & 0xF8
    cv2.imwrite(str(given.to), sheet[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])


def _tile(shot: Shot, *, boxes: bool) -> np.ndarray:
    pixels = np.ascontiguousarray(shot.pixels)
    for row in label_frame(shot.packed, shot.view) if boxes else ():
        if not row["ignore"]:
            corners = [round(row[edge]) for edge in ("left", "top", "right", "bottom")]
            cv2.rectangle(pixels, corners[:2], corners[2:], (80, 255, 120), 1)
    return cv2.copyMakeBorder(pixels, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=(255, 255, 255))


if __name__ == "__main__":
    main()
