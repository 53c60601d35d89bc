"""What is fixed before any test evaluation, and where a comparison keeps what it made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from otherlight.errors import PlanError
from otherlight.experiment.compare_plan import ComparePlan
from otherlight.records.files import digest, read_json, write_json
from otherlight.sets import ImageSet

DOUBLE = "source_2x"
"""The control that trains twice as long, judged on source validation only."""


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """The plan, and what reading the sets made of it, before a test image was predicted on."""

    name: str
    about: str
    plan: ComparePlan
    trained: tuple[str, ...]
    """Classes that recognisers learn."""
    judged: tuple[str, ...]
    """Classes that count: those with enough truths in the target test set."""
    steps: int
    labels: Mapping[str, int] = field(default_factory=dict[str, int])
    """Labelled target images of every arm of role labelled and of the oracle: the curve."""

    @property
    def source(self) -> str:
        """The arm of role source, the equal-compute control."""
        return next(name for name, arm in self.plan.arms.items() if arm.role == "source")

    @property
    def hash(self) -> str:
        """One hash of all of it."""
        return digest(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {
            "name": self.name,
            "about": self.about,
            "plan": self.plan.model_dump(mode="json", by_alias=True, exclude={"workers"}),
            "trained": list(self.trained),
            "judged": list(self.judged),
            "steps": self.steps,
            "labels": dict(self.labels),
        }


def freeze(
    name: str,
    about: str,
    plan: ComparePlan,
    train: ImageSet,
    test: ImageSet,
    labels: Mapping[str, int] | None = None,
) -> Frozen:
    """Fix the class list; classes with too few truths in the test are trained but not judged."""
    trained = plan.classes or train.classes
    for images in (train, test):
        if missing := sorted(set(trained) - set(images.classes)):
            raise PlanError(
                f"Every compared class must be in every set; {images.name} has no {missing[0]!r}. "
                f"Map it when importing, or name the classes that both have under classes:."
            )
    counts = dict.fromkeys(trained, 0)
    heights = np.array(test.column("height"), dtype=object)
    boxes = test.boxes_of()
    for box in np.flatnonzero(~boxes.ignore):
        label = test.classes[boxes.label[box]]
        tall = boxes.edges[box, 3] - boxes.edges[box, 1]
        if label in counts and tall >= (plan.ignore_below or 0.0) * (
            heights[boxes.image[box]] or 0
        ):
            counts[label] += 1
    judged = tuple(label for label, count in counts.items() if count >= plan.min_truths)
    if not judged:
        raise PlanError(
            f"At least one class needs {plan.min_truths} truths in {test.name}; the most is "
            f"{max(counts.values(), default=0)}. Label more, or lower min_truths."
        )
    return Frozen(
        name=name,
        about=about,
        plan=plan,
        trained=tuple(trained),
        judged=judged,
        steps=int(plan.recogniser.get("steps", 0)),
        labels=labels or {},
    )


def write_frozen(to: Path, frozen: Frozen) -> None:
    """Write ``frozen.json``."""
    write_json(to / "frozen.json", frozen.as_json())


def read_frozen(run: Path) -> Frozen:
    """Read ``frozen.json`` of a comparison."""
    values = read_json(run / "frozen.json")
    return Frozen(
        name=values["name"],
        about=values["about"],
        plan=ComparePlan.model_validate(values["plan"]),
        trained=tuple(values["trained"]),
        judged=tuple(values["judged"]),
        steps=values["steps"],
        labels=values.get("labels", {}),
    )


def prediction_folder(run: Path, arm: str, seed: int, test: str) -> Path:
    """Say where the predictions of one arm, seed and test set lie."""
    return run / "predictions" / arm / f"seed{seed}" / test
