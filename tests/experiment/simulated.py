"""A comparison on disk whose detectors are simulated, so that judging needs no training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from otherlight.experiment.compare_plan import ComparePlan
from otherlight.experiment.frozen import Frozen, freeze, prediction_folder, write_frozen
from otherlight.experiment.predictions import Origin, write_predictions
from otherlight.experiment.trial import tested_arms
from otherlight.sets import ImageSet, build_set, write_set
from otherlight.sets.columns import PREDICTIONS

CLASSES = ("car", "sign")
SKILL = {"source": 0.5, "gamma": 0.52, "cyclegan": 0.7, "oracle": 0.85, "source_2x": 0.5}
"""How many of the objects an arm finds."""


def make_test(name: str, groups: int = 30, frames: int = 6, seed: int = 0) -> ImageSet:
    chance = np.random.default_rng(seed)
    images: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for group in range(groups):
        for frame in range(frames):
            key = f"{name}{group:03}_{frame}.png"
            images.append(
                {"image": key, "width": 256, "height": 144, "sequence": f"{name}{group}",
                 "frame": frame, "timeofday": ("day", "night")[group % 2]}
            )  # fmt: skip
            for box in range(4):
                left, top = chance.uniform(0, 180), chance.uniform(0, 90)
                size = chance.uniform(8, 50)
                boxes.append(
                    {"image": key, "box": box, "label": CLASSES[box % 2], "left": left, "top": top,
                     "right": left + size, "bottom": top + size,
                     "occlusion_level": int(chance.integers(3))}
                )  # fmt: skip
    return build_set(name, CLASSES, images, boxes, root=Path())


def detections(test: ImageSet, skill: float, chance: np.random.Generator) -> pa.Table:
    """Find a share of the boxes, a little displaced, and some that are not there."""
    boxes, names = test.boxes_of(), test.names()
    rows: list[dict[str, Any]] = []
    for image, name in enumerate(names):
        own = slice(boxes.offsets[image], boxes.offsets[image + 1])
        found = chance.random(own.stop - own.start) < skill
        kept = [(boxes.edges[own][i], int(boxes.label[own][i]), 0.5) for i in np.flatnonzero(found)]
        kept += [(boxes.edges[own][i] + 60, 0, 0.2) for i in np.flatnonzero(~found)]
        for rank, (edges, label, base) in enumerate(kept):
            left, top, right, bottom = (edges + chance.normal(0, 0.5, 4)).tolist()
            rows.append(
                {"image": name, "rank": rank, "label": CLASSES[label], "left": left, "top": top,
                 "right": right, "bottom": bottom, "score": base + 0.4 * chance.random()}
            )  # fmt: skip
    return pa.Table.from_pylist(rows, PREDICTIONS)


def simulated_plan(**changes: Any) -> ComparePlan:
    arms: dict[str, Any] = {
        "source": [{"set": "train"}],
        "gamma": {"role": "cheap", "ingredients": [{"set": "train", "with": "gamma"}]},
        "cyclegan": [{"set": "translated"}],
        "oracle": [{"set": "pool"}],
    }
    values: dict[str, Any] = {
        "source": {"train": "train", "val": "val", "test": "test"},
        "target": {"pool": "pool", "test": "night"},
        "arms": arms,
        "recogniser": {"name": "compact", "steps": 100},
        "resamples": 200,
    }
    return ComparePlan.model_validate({**values, **changes})


def simulate(
    run: Path, skill: Mapping[str, float] = SKILL, groups: int = 30, **changes: Any
) -> Frozen:
    """Write frozen plan, test sets and predictions as `compare` would."""
    tests = {
        "target": make_test("night", groups),
        "source": make_test("day", groups, seed=1),
        "source-val": make_test("val", groups, seed=2),
    }
    frozen = freeze("simulated", "", simulated_plan(**changes), tests["target"], tests["target"])
    write_frozen(run, frozen)
    for name, test in tests.items():
        kept = write_set(test, run / "tests" / name)
        for number, arm in enumerate(tested_arms(frozen, name)):
            for seed in frozen.plan.seeds:
                chance = np.random.default_rng([number, seed, len(name)])
                level = skill[arm] + 0.01 * float(chance.normal())
                origin = Origin(arm=arm, seed=seed, recogniser="simulated", run="")
                folder = prediction_folder(run, arm, seed, name)
                write_predictions(folder, detections(kept, level, chance), kept, origin)
    return frozen
