"""What a comparison used, and that none of it touches a test set; the check fails closed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from otherlight.errors import LeakError
from otherlight.experiment.compare_plan import ComparePlan
from otherlight.records.run import read_run
from otherlight.sets import ImageSet, read_set

_NAMED = 5


class FoundLeak(Protocol):
    """One image on both sides."""

    def sentence(self) -> str:
        """Name both images and what they share."""
        ...


Finder = Callable[[Mapping[str, ImageSet], Mapping[str, ImageSet]], list[Any]]


def used_sets(plan: ComparePlan) -> dict[str, ImageSet]:
    """Every set that training, validation, translator, reference or oracle may learn from."""
    folders: dict[str, Path | None] = {
        "source.train": plan.source.train,
        "source.val": plan.source.val,
        "target.pool": plan.target.pool,
        "target.val": plan.target.val,
    }
    folders |= {f"also_used.{number}": folder for number, folder in enumerate(plan.also_used)}
    for arm, recipe in plan.arms.items():
        for number, portion in enumerate(recipe.ingredients):
            folders[f"{arm}.{number}"] = portion.set
            folders[f"{arm}.{number}.reference"] = portion.reference
    seen: set[Path] = set()
    used: dict[str, ImageSet] = {}
    for role, folder in folders.items():
        if folder is not None and folder.resolve() not in seen:
            seen.add(folder.resolve())
            used[role] = read_set(folder)
    return used


def check_leaks(plan: ComparePlan, used: Mapping[str, ImageSet], find: Finder) -> dict[str, Any]:
    """Refuse a comparison whose test sets leak, or let it run without a verdict for a reason.

    Raises:
        LeakError: a leak was found, or a translator saw a set that the plan does not name.
    """
    tests = {"target.test": read_set(plan.target.test)}
    if plan.source.test is not None:
        tests["source.test"] = read_set(plan.source.test)
    _check_translators(plan, used)
    leaks = find(used, tests)
    pairs = [leak.sentence() for leak in leaks]
    images = sum(len(images) for images in used.values())
    if leaks and plan.allow_leaks is None:
        named = "; ".join(pairs[:_NAMED])
        more = f"; and {len(pairs) - _NAMED} more" if len(pairs) > _NAMED else ""
        raise LeakError(
            f"No test set may share images, near duplicates or sequences with a used set; "
            f"{len(pairs)} pairs do: {named}{more}. Split by sequence, or say allow_leaks: "
            f"REASON and get no verdict."
        )
    sentence = (
        f"{images} used images in {len(used)} sets were compared with "
        f"{sum(len(test) for test in tests.values())} test images: no exact copy, no near "
        f"duplicate, no shared sequence."
        if not leaks
        else f"{len(pairs)} pairs leak and were allowed: {plan.allow_leaks}."
    )
    return {"pairs": pairs, "allowed": plan.allow_leaks, "sentence": sentence}


def _check_translators(plan: ComparePlan, used: Mapping[str, ImageSet]) -> None:
    """A translator's training sets must be among those that are checked."""
    known = {images.hash for images in used.values()} | {
        parent["hash"] for images in used.values() for parent in images.parents
    }
    for run in _translator_runs(plan, used):
        for entry in read_run(run).inputs:
            if entry["hash"] not in known:
                raise LeakError(
                    f"Every set that a translator saw must be checked for leaks; {run} saw a "
                    f"{entry['role']} set ({entry['hash'][:12]}) that the plan does not name. "
                    f"Name it under also_used:."
                )


def _translator_runs(plan: ComparePlan, used: Mapping[str, ImageSet]) -> list[Path]:
    named = [p.translator for arm in plan.arms.values() for p in arm.ingredients if p.translator]
    named += [
        str(images.made_by.get("config", {}).get("with", ""))
        for images in used.values()
        if images.made_by.get("command") == "translate"
    ]
    return [Path(name) for name in dict.fromkeys(named) if (Path(name) / "run.json").exists()]
