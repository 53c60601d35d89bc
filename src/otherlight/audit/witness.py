"""The detector that an audit asks: which it is, what it sees, and whether it can judge at all.

A plain day detector is blind at night, so that everything seems lost. One that learnt from
translated images knows what its translator does to things, so that nothing does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import pyarrow as pa
import torch
from jaxtyping import Bool

from otherlight.audit.config import AuditConfig
from otherlight.audit.lineage import Lineage
from otherlight.errors import CheckpointError, PlanError
from otherlight.images.tensors import Images
from otherlight.metrics import (
    Found,
    MatchRules,
    OperatingCurve,
    Truths,
    found_truths,
    match,
    operating_curve,
)
from otherlight.recognisers import predict
from otherlight.recognisers.score import found_of, truths_of
from otherlight.recognisers.weights import FILE, read_weights, weights_file
from otherlight.records.files import sha256_of
from otherlight.records.run import RunRecord, read_run
from otherlight.records.seeds import seed_of
from otherlight.sets import ImageSet
from otherlight.sets.arrow import compute as pc

T = TypeVar("T", Truths, Found)

_LIGHT, _GRAIN = 0.2, 0.02
"""What is left of the light of darkened frames, and the deviation of their noise."""


@dataclass(frozen=True, kw_only=True)
class Witness:
    """A detector: where it lies, the classes it knows, its weights' hash, what it learnt from."""

    path: Path
    name: str
    classes: tuple[str, ...]
    hash: str
    record: RunRecord | None


@dataclass(frozen=True, kw_only=True)
class Ability:
    """Share of labelled boxes that a detector finds in frames like the target's.

    ``on`` says which frames: a labelled sample of the target, or source frames darkened to a
    fifth; ``recall`` is None where they hold no box that it knows. From the score ``sure`` on, the
    share ``config.precision`` of what it sees in them is right; 1 where there is no such score.
    """

    on: Literal["target-like", "darkened source"]
    name: str
    images: int
    boxes: int
    recall: float | None
    sure: float = 1.0

    def judges(self, least: float) -> bool:
        """Say whether its answers count."""
        return self.recall is not None and self.recall >= least


def call(path: Path, lineage: Lineage) -> Witness:
    """Read what a detector is, and refuse one that cannot be impartial or knows no class.

    Raises:
        PlanError: it learnt from this translation, or knows none of the set's classes.
    """
    _, about = read_weights(path)
    file = weights_file(path)
    record = _record_of(file)
    translated = lineage.after
    if not set(about.classes) & set(translated.classes):
        raise PlanError(
            f"A detector must know classes of the set; {path} knows {', '.join(about.classes)}, "
            f"and {translated.name!r} has {', '.join(translated.classes) or 'none'}. Give another "
            f"detector, or map the classes when importing."
        )
    if record is not None and translated.hash in {entry["hash"] for entry in record.inputs}:
        raise PlanError(
            f"A detector that learnt from a translation confirms it; {path} learnt from "
            f"{translated.name!r} itself. Give one that learnt from captured images alone, such "
            f"as the source with photometric: {{share: 0.7}}."
        )
    return Witness(
        path=path, name=about.name, classes=about.classes, hash=sha256_of(file), record=record
    )


def _record_of(file: Path) -> RunRecord | None:
    if file.name != FILE or not (file.parent / "run.json").exists():
        return None
    try:
        return read_run(file.parent)
    except CheckpointError:
        return None


def cautions(witness: Witness, lineage: Lineage, frames: ImageSet | None = None) -> list[str]:
    """Say what speaks against a detector's answers, short of refusing it.

    ``frames`` are those of the target that it was tried on; without them it was tried on the
    source's.
    """
    said: list[str] = []
    if witness.record is None:
        said.append("What the detector learnt from cannot be told: no run.json lies beside it.")
    elif taught := {e["hash"] for e in witness.record.inputs if e["role"].startswith("light ")}:
        same = taught & set(lineage.translators)
        which = "the translator that is audited" if same else "another translator"
        said.append(f"The detector learnt from images made by {which}: it may confirm what it saw.")
    if witness.record is not None:
        parents = {parent["hash"] for parent in lineage.after.parents}
        tried = parents if frames is None else {frames.hash}
        learnt = [e["hash"] for e in witness.record.inputs if e["role"].startswith("train ")]
        if tried.intersection(learnt):
            said.append(
                "The detector learnt from the very frames that its recall is measured on, which "
                "flatters it: name labelled frames of the target that it has not seen."
            )
    if unknown := [name for name in lineage.after.classes if name not in witness.classes]:
        said.append(f"The detector does not know {', '.join(unknown)}: their boxes have no answer.")
    return said


def ask(witness: Witness, images: ImageSet, device: str, *, dark: bool = False) -> pa.Table:
    """Let it look at images, or at the same darkened: columns of ``predictions.parquet``."""
    return predict(witness.path, images, device=device, view=_darkened if dark else None)


def answers(
    seen: pa.Table, images: ImageSet, witness: Witness, score: float, iou: float
) -> Bool[np.ndarray, " boxes"]:
    """Say which boxes of known classes were found, in the order of `known_boxes`."""
    kept = seen.filter(pa.array(seen["score"].to_numpy() >= score))
    truth, found = truths_of(images, witness.classes), found_of(kept, images, witness.classes)
    return found_truths(truth, found, MatchRules(ious=(iou,)))[0]


def known_boxes(images: ImageSet, classes: Sequence[str]) -> Bool[np.ndarray, " boxes"]:
    """Say which rows of the boxes are of classes that a detector knows."""
    return np.isin(np.array(images.boxes["label"].to_pylist(), dtype=str), list(classes))


def best_score(seen: pa.Table, images: ImageSet, witness: Witness) -> float:
    """The score of best F1 on labelled images, whatever the class; halfway to the next one below.

    Between the two no detection would change, so that what scores a little less in other light is
    not lost at once.
    """
    curve = _curve(seen, images, witness)
    if not len(curve.scores):
        return 1.0
    best = int(curve.f1.argmax())
    return float(np.append(curve.scores, 0.0)[best : best + 2].mean())


def sure_score(seen: pa.Table, images: ImageSet, witness: Witness, precision: float) -> float:
    """The least score from which so much of what it sees is right, whatever the class; else 1."""
    curve = _curve(seen, images, witness)
    sure = np.flatnonzero(curve.precision >= precision)
    return float(curve.scores[sure[-1]]) if len(sure) else 1.0


def _curve(seen: pa.Table, images: ImageSet, witness: Witness) -> OperatingCurve:
    images = labelled(images)
    seen = seen.filter(pc.is_in(seen["image"], images.images["image"].combine_chunks()))
    truth, found = truths_of(images, witness.classes), found_of(seen, images, witness.classes)
    matches = match(_of_one_class(truth), _of_one_class(found), MatchRules(ious=(0.5,)))
    return operating_curve(matches, 0)


def labelled(images: ImageSet) -> ImageSet:
    """Leave out images whose boxes are unknown: what is seen there is neither right nor wrong."""
    known = np.array(images.column("labelled"), np.bool_)
    return images if known.all() else images.take(known)


def _of_one_class(boxes: T) -> T:
    one = np.zeros_like(boxes.label)
    if isinstance(boxes, Truths):
        return replace(boxes, label=one, classes=1)
    return replace(boxes, label=one)


def measure(
    witness: Witness,
    frames: ImageSet,
    config: AuditConfig,
    score: float,
    *,
    dark: bool,
) -> Ability:
    """Measure recall on labelled frames like the target's; ``config.frames`` at most, by name."""
    sample = _sample(frames, config.frames)
    seen = ask(witness, sample, config.device, dark=dark)
    found = answers(seen, sample, witness, score, config.iou)
    counted = ~truths_of(sample, witness.classes).ignore
    boxes = int(counted.sum())
    return Ability(
        on="darkened source" if dark else "target-like",
        name=frames.name,
        images=len(sample),
        boxes=boxes,
        recall=float(found[counted].mean()) if boxes else None,
        sure=sure_score(seen, sample, witness, config.precision),
    )


def _sample(frames: ImageSet, most: int) -> ImageSet:
    frames = labelled(frames)
    order = np.argsort([seed_of(0, "frames", name) for name in frames.names()], kind="stable")
    chosen = np.zeros(len(frames), np.bool_)
    chosen[order[:most]] = True
    return frames.take(chosen)


def _darkened(images: Images, names: Sequence[str]) -> Images:
    """A fifth of the light, with the noise that darkness brings; by name, whatever the batch."""
    dark = (images + 1) * _LIGHT - 1
    for row, name in enumerate(names):
        generator = torch.Generator().manual_seed(seed_of(0, "grain", name))
        grain = torch.randn(images.shape[1:], generator=generator)
        dark[row] += 2 * _GRAIN * grain.to(images)
    return dark.clamp(-1, 1)
