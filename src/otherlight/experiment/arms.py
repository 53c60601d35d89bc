"""From an arm's recipe to the sets that its recogniser draws from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from otherlight.audit import respect
from otherlight.errors import PlanError
from otherlight.experiment.compare_plan import Arm, ComparePlan, Portion
from otherlight.records.files import digest
from otherlight.records.seeds import seed_of
from otherlight.sets import ImageSet, read_set
from otherlight.translate import translate


@dataclass(frozen=True, kw_only=True)
class Ingredient:
    """One set of an arm after filters, share and translation."""

    images: ImageSet
    origin: ImageSet
    """The labelled set that the images came from; itself where nothing was translated."""


def gather(
    arms: Mapping[str, Arm], classes: Sequence[str], to: Path
) -> dict[str, list[Ingredient]]:
    """Read, filter, translate (under ``to``) and share out the ingredients of every arm."""
    return {name: _gather_arm(name, arm, classes, to) for name, arm in arms.items()}


def _gather_arm(name: str, arm: Arm, classes: Sequence[str], to: Path) -> list[Ingredient]:
    ingredients = [_portion(portion, classes, to) for portion in arm.ingredients]
    replaced = {
        key
        for portion, ingredient in zip(arm.ingredients, ingredients, strict=True)
        if portion.mode == "replace"
        for key in ingredient.images.names()
    }
    kept: list[Ingredient] = []
    for portion, ingredient in zip(arm.ingredients, ingredients, strict=True):
        if portion.mode == "add" and replaced:
            left = np.array([key not in replaced for key in ingredient.images.names()], bool)
            ingredient = replace(ingredient, images=ingredient.images.take(left))
        if len(ingredient.images):
            kept.append(ingredient)
    if not kept:
        raise PlanError(f"The arm {name!r} must hold images; its filters leave none.")
    return kept


def count_labels(plan: ComparePlan) -> dict[str, int]:
    """Count the images of the arms that make the labelled-target curve; none, if it has no point.

    Those are the arms of role labelled and, as the last point, the oracle.
    """
    labelled = plan.arms_of_role("labelled")
    names = (*labelled, *plan.arms_of_role("oracle")) if labelled else ()
    return {
        name: sum(len(_chosen(portion)) for portion in plan.arms[name].ingredients)
        for name in names
    }


def _chosen(portion: Portion) -> ImageSet:
    images = read_audited(portion.set, portion.audit)
    return _share(images.where(portion.where, portion.where_boxes), portion.share)


def read_audited(folder: Path, audit: Path | None) -> ImageSet:
    """Read a set; an audit, where one is named, ignores and drops boxes of it."""
    return read_set(folder) if audit is None else respect(read_set(folder), audit)


def _portion(portion: Portion, classes: Sequence[str], to: Path) -> Ingredient:
    chosen = only_classes(_chosen(portion), classes)
    if portion.translator is None:
        return Ingredient(images=chosen, origin=chosen)
    reference = None if portion.reference is None else read_set(portion.reference)
    about = {
        "set": chosen.hash,
        "with": portion.translator,
        "options": portion.options,
        "reverse": portion.reverse,
        "reference": reference.hash if reference else None,
    }
    translated = translate(
        chosen,
        portion.translator,
        to / f"{Path(portion.translator).name}-{digest(about)[:8]}",
        options=portion.options,
        reference=reference,
        reverse=portion.reverse,
    )
    return Ingredient(images=translated, origin=chosen)


def only_classes(images: ImageSet, classes: Sequence[str]) -> ImageSet:
    """Keep the boxes of the classes that are compared, and their order."""
    if images.classes == tuple(classes):
        return images
    inside = np.isin(np.array(images.boxes["label"].to_pylist(), dtype=str), list(classes))
    return replace(images, classes=tuple(classes), boxes=images.boxes.filter(pa.array(inside)))


def _share(images: ImageSet, share: float) -> ImageSet:
    """Choose a share of the images by a hash of each key: the same ones for every seed and arm."""
    if share >= 1.0:
        return images
    order = np.argsort([seed_of(0, "share", key) for key in images.names()], kind="stable")
    chosen = np.zeros(len(images), bool)
    chosen[order[: max(1, round(share * len(images)))]] = True
    return images.take(chosen)
