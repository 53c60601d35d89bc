"""Choose a translator's checkpoint by what it is for, on validation sets alone.

Two things are wanted, and each is cheap to have without the other: objects must survive, and must
look like the target's. Among the checkpoints whose survival is near the best, the one nearest to
the target is chosen. Target labels are not read, and no test set is let in.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor
from torch.nn import functional as F

from otherlight.audit.structure import kept
from otherlight.errors import CheckpointError, DatasetError, LeakError
from otherlight.experiment.choose_plan import ChoosePlan
from otherlight.experiment.inception import inception_distances
from otherlight.experiment.tradeoff import draw_tradeoff
from otherlight.images.files import read_pixels
from otherlight.images.tensors import Pixels, stack, to_array, to_images, to_pixels
from otherlight.metrics.distances import discrepancy, look_of
from otherlight.records.files import holding, read_json, sha256_of, write_bytes, write_json
from otherlight.records.progress import task
from otherlight.records.run import RunRecord, begin_run, describe_run, finish_run, read_run
from otherlight.records.seeds import seed_of
from otherlight.sets import ImageSet, read_set
from otherlight.training.devices import choose_device, instruction_set
from otherlight.training.seeding import torch_generator
from otherlight.translators import context_for
from otherlight.translators.model_file import load_translator

_LEAST_SIDE = 8.0
"""Pixels of a box under which its edges say nothing."""
_MOST_CROPS = 400
UNTRANSLATED = "untranslated"

Share = tuple[float, float, float, float]
"""Left, top, right, bottom, as shares of an image's width and height."""
Crop = UInt8[Tensor, "batch 3 rows columns"]


@dataclass(frozen=True)
class _Sight:
    """Images, and where the source's objects stand, as shares of width and height."""

    names: tuple[str, ...]
    pixels: tuple[Pixels, ...]
    boxes: tuple[tuple[Share, ...], ...]


def choose(plan: ChoosePlan, to: Path) -> dict[str, Any]:
    """Score the kept checkpoints of a training and copy the best to ``to``; return the choice.

    ``to`` then is a translator's run folder: ``model.safetensors``, ``run.json``, ``choice.json``
    with every score, and ``tradeoff.svg``.

    Raises:
        CheckpointError: the run is not done, or kept fewer than two checkpoints.
        LeakError: one of the sets holds test images.
    """
    trained, files = read_run(plan.run), _checkpoints(plan.run)
    source, target = _validation(plan.source), _validation(plan.target)
    with holding(to):
        record = begin_run(to, _describe(plan, trained, files, source, target))
        if record.done:
            return read_json(to / "choice.json")
        seen = _sight(source, plan.images)
        wanted = _sight(target, plan.images, seen)
        rows: list[dict[str, Any]] = []
        looks = _looks(seen.pixels, seen.boxes), _looks(wanted.pixels, wanted.boxes)
        with task("scoring checkpoints", len(files) + 1) as advance:
            for file in (None, *files):
                rows.append(_score(file, seen, wanted, looks, plan))
                advance(1)
        choice: dict[str, Any] = {**pick(rows, plan.survival), "rows": rows, "of": str(plan.run)}
        write_json(to / "choice.json", choice)
        write_bytes(to / "tradeoff.svg", draw_tradeoff(rows, choice["chosen"]).encode())
        write_bytes(to / "log.jsonl", (plan.run / "log.jsonl").read_bytes())
        chosen = plan.run / "checkpoints" / f"{choice['chosen']}.safetensors"
        write_bytes(to / "model.safetensors", chosen.read_bytes())
        results = {key: choice[key] for key in ("chosen", "last", "because")}
        finish_run(to, record, int(choice["chosen"]), {**trained.results, **results})
        return choice


def pick(rows: Sequence[dict[str, Any]], survival: float) -> dict[str, Any]:
    """Take the least distance among those near the best survival; the last stands beside it."""
    trained = [row for row in rows if row["checkpoint"] != UNTRANSLATED]
    best = max(row["survival"] for row in trained)
    able = [row for row in trained if row["survival"] >= survival * best]
    chosen = min(able, key=lambda row: (row["distance"], -int(row["checkpoint"])))
    return {
        "chosen": chosen["checkpoint"],
        "last": trained[-1]["checkpoint"],
        "because": f"{len(able)} of {len(trained)} checkpoints keep at least {survival:.0%} of the "
        f"best survival ({best:.3f}); of these it is nearest to the target "
        f"({chosen['distance']:.4f}; the last: {trained[-1]['distance']:.4f}).",
    }


def _checkpoints(run: Path) -> list[Path]:
    files = sorted((run / "checkpoints").glob("*.safetensors"))
    if not read_run(run).done or len(files) < 2:
        raise CheckpointError(
            f"A choice needs a finished training with at least two checkpoints; {run} has "
            f"{len(files)}. Say keep: 5 in its train step, and train into another folder."
        )
    return files


def _validation(folder: Path) -> ImageSet:
    images = read_set(folder)
    tests = sum(split == "test" for split in images.column("split"))
    if tests:
        raise LeakError(
            f"A checkpoint is chosen on validation sets; {images.name} holds {tests} images of the "
            f"split test. Give another set."
        )
    if not len(images):
        raise DatasetError(
            f"A checkpoint is chosen on images; {images.name} is empty. Check its filter."
        )
    return images


def _describe(
    plan: ChoosePlan, trained: RunRecord, files: Sequence[Path], source: ImageSet, target: ImageSet
) -> RunRecord:
    """The inputs are those of the training, and what the choice looked at."""
    inputs = {entry["role"]: entry["hash"] for entry in trained.inputs}
    inputs |= {"source.val": source.hash, "target.val": target.hash}
    config = {
        "images": plan.images,
        "survival": plan.survival,
        "permutations": plan.permutations,
        "inception": None if plan.inception is None else _hash_of(plan.inception),
        "checkpoints": {file.stem: sha256_of(file) for file in files},
    }
    licences = tuple(dict.fromkeys((*trained.licences, source.licence, target.licence)))
    return describe_run("translator", config, plan.seed, inputs, licences, instruction_set())


def _hash_of(weights: Path) -> str:
    if not weights.is_file():
        raise CheckpointError(
            f"inception must be a file with the weights of FID's network; {weights} is none. Look "
            f"for the file, or leave inception out."
        )
    return sha256_of(weights)


def _sight(images: ImageSet, count: int, at: _Sight | None = None) -> _Sight:
    """Read a few images with their boxes, or with the boxes of others in their places."""
    names, files = images.names(), images.files()
    rows = sorted(range(len(names)), key=lambda row: seed_of(0, "choose", names[row]))[:count]
    pixels = tuple(stack([read_pixels(files[row])]) for row in rows)
    if at is None:
        boxes = images.boxes_of()
        places = [
            tuple(
                _share(boxes.edges[box], pixel.shape)
                for box in range(boxes.offsets[row], boxes.offsets[row + 1])
                if not boxes.ignore[box] and _sides(boxes.edges[box]).min() >= _LEAST_SIDE
            )
            for row, pixel in zip(rows, pixels, strict=True)
        ]
    else:
        places = [at.boxes[place % len(at.boxes)] for place in range(len(rows))]
    return _Sight(tuple(names[row] for row in rows), pixels, tuple(places))


def _sides(edges: Any) -> Any:
    return np.asarray(edges[2:] - edges[:2])


def _share(edges: Any, shape: torch.Size) -> Share:
    height, width = shape[-2:]
    left, top, right, bottom = (float(value) for value in edges)
    return left / width, top / height, right / width, bottom / height


def _score(
    file: Path | None,
    seen: _Sight,
    wanted: _Sight,
    looks: tuple[Tensor, Tensor],
    plan: ChoosePlan,
) -> dict[str, Any]:
    """Score one checkpoint; ``looks`` are those of the untranslated source and of the target.

    They are the ruler for every checkpoint alike: one of its own would stretch with what went
    wrong in it.
    """
    shown = seen.pixels if file is None else _translated(file, seen, plan)
    left = [
        value
        for old, new, boxes in zip(seen.pixels, shown, seen.boxes, strict=True)
        for box in boxes
        if (value := _left(old, new, box)) is not None
    ]
    made = _looks(shown, seen.boxes)
    chance = torch_generator(plan.seed, "permutations")
    distance, p = discrepancy(made, looks[1], plan.permutations, chance, torch.cat(looks))
    row: dict[str, Any] = {
        "checkpoint": UNTRANSLATED if file is None else file.stem,
        "survival": fmean(left) if left else 0.0,
        "objects": len(left),
        "distance": distance,
        "p": p,
    }
    if plan.inception is not None:
        row |= inception_distances(shown, wanted.pixels, plan.inception, plan.device)
    return row


def _translated(file: Path, seen: _Sight, plan: ChoosePlan) -> tuple[Pixels, ...]:
    device = choose_device(plan.device)
    translator = load_translator(file, {}, device, plan.seed).translator
    return tuple(
        to_pixels(
            translator.translate(to_images(each).to(device), context_for(plan.seed, [name])).cpu()
        )
        for name, each in zip(seen.names, seen.pixels, strict=True)
    )


def _looks(pixels: Sequence[Pixels], boxes: Sequence[Sequence[Share]]) -> Tensor:
    """Colour and texture of the objects' places, a little wider than their boxes."""
    crops = [_cut(each, box) for each, places in zip(pixels, boxes, strict=True) for box in places][
        :_MOST_CROPS
    ]
    alike = [F.interpolate(to_images(crop), (32, 32), mode="area") for crop in crops]
    if len(alike) < 2:
        raise CheckpointError(
            f"A choice needs labelled objects of at least {_LEAST_SIDE:.0f} pixels in source "
            f"validation; there are {len(alike)}. Give more images, or larger ones."
        )
    return look_of(torch.cat(alike))


def _left(old: Pixels, new: Pixels, box: Share) -> float | None:
    """How much of an object is left, 0 to 1, by edges and by contrast; None if it had none."""
    height, width = old.shape[-2:]
    edges = np.array(box) * (width, height, width, height)
    found = kept(to_array(old[0]), to_array(new[0]), edges)
    if math.isnan(found.edges):
        return None
    contrast = 1.0 if math.isnan(found.contrast) else found.contrast
    return max(0.0, min(found.edges, contrast, 1.0))


def _cut(pixels: Pixels, box: Share) -> Crop:
    """Cut out a box and a tenth of its size around it; two pixels at least."""
    height, width = pixels.shape[-2:]
    left, top, right, bottom = box
    wide, high = 0.1 * (right - left), 0.1 * (bottom - top)
    x0, x1 = max(0, int((left - wide) * width)), min(width, int((right + wide) * width) + 1)
    y0, y1 = max(0, int((top - high) * height)), min(height, int((bottom + high) * height) + 1)
    x0, y0 = min(x0, width - 2), min(y0, height - 2)
    return pixels[..., y0 : max(y1, y0 + 2), x0 : max(x1, x0 + 2)]
