"""Draw docs/pictures/conditions.jpg: scenes in every condition side by side, one with its boxes.

python benchmarks/world_sheet.py [--to FILE] [--seed 7] [--scenes 1 3 0] [--width 304]
                                 [--conditions day rain]
"""

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from otherlight.world import CONDITIONS, WorldConfig
from otherlight.world.labels import label_frame
from otherlight.world.sequence import Shot, shoot

COLUMNS = 4


def main() -> None:
    """Render a few scenes and lay them out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=Path("docs/pictures/conditions.jpg"))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--scenes", type=int, nargs="*", default=[1, 3, 0])
    parser.add_argument("--width", type=int, default=304)
    parser.add_argument("--conditions", nargs="*", default=list(CONDITIONS))
    given = parser.parse_args()
    config = WorldConfig(
        seed=given.seed, pool="sheet", width=given.width, height=given.width * 9 // 16
    )
    rows: list[np.ndarray] = []
    for scene in given.scenes:
        tiles = [
            _tile(
                next(iter(shoot(replace(config, condition=name), scene))), name,
                boxes=scene == given.scenes[-1],
            )
            for name in given.conditions
        ]  # fmt: skip
        tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % COLUMNS)
        rows += [np.hstack(tiles[at : at + COLUMNS]) for at in range(0, len(tiles), COLUMNS)]
    given.to.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(given.to), np.vstack(rows)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])


def _tile(shot: Shot, name: str, *, boxes: bool) -> np.ndarray:
    pixels = np.ascontiguousarray(shot.pixels)
    for row in label_frame(shot.packed, shot.view) if boxes else ():
        if not row["ignore"]:
            corners = [round(row[edge]) for edge in ("left", "top", "right", "bottom")]
            cv2.rectangle(pixels, corners[:2], corners[2:], (80, 255, 120), 1)
    cv2.rectangle(pixels, (0, 0), (8 + 8 * len(name), 18), (30, 30, 30), cv2.FILLED)
    cv2.putText(pixels, name, (5, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1,
                cv2.LINE_AA)  # fmt: skip
    return cv2.copyMakeBorder(pixels, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=(255, 255, 255))


if __name__ == "__main__":
    main()
