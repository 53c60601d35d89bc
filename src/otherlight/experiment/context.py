"""What stands around a verdict: which sets, made from what, and what it cost."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from otherlight.experiment.arms import Ingredient
from otherlight.sets import ImageSet
from otherlight.training.runlog import read_log


def describe_sets(
    used: Mapping[str, ImageSet], arms: Mapping[str, Sequence[Ingredient]]
) -> list[dict[str, Any]]:
    """One line for every set used, and for every translation made for an arm."""
    rows = [_line(role, images) for role, images in used.items()]
    rows += [
        _line(f"arm {name}", ingredient.images)
        for name, ingredients in arms.items()
        for ingredient in ingredients
        if ingredient.images is not ingredient.origin or "audit" in ingredient.images.counts
    ]
    return rows


def _line(role: str, images: ImageSet) -> dict[str, Any]:
    made_by = images.made_by.get("command", "")
    parents = ", ".join(parent["name"] for parent in images.parents)
    return {
        "role": role,
        "name": images.name,
        "images": len(images),
        "made_from": " of ".join(part for part in (str(made_by), parents) if part) + _audit(images),
        "licence": images.licence,
        "hash": images.hash,
    }


def _audit(images: ImageSet) -> str:
    """Say what an audit took away."""
    decided = images.counts.get("audit")
    if not decided:
        return ""
    return f"; audit: {decided['ignored']} boxes ignored, {decided['dropped']} dropped"


def spent(run: Path, arms: Mapping[str, Sequence[Ingredient]]) -> list[dict[str, Any]]:
    """Seconds of training: a translator's cost is reported, not equalised."""
    rows = [
        {"what": f"translator {folder.name}", "seconds": _seconds(folder)}
        for folder in translator_runs(arms)
    ]
    for arm in sorted((run / "runs").iterdir()) if (run / "runs").is_dir() else []:
        seconds = [_seconds(seed) for seed in sorted(arm.iterdir()) if seed.is_dir()]
        rows.append({"what": f"recogniser, arm {arm.name}, all seeds", "seconds": sum(seconds)})
    return rows


def translator_runs(arms: Mapping[str, Sequence[Ingredient]]) -> list[Path]:
    """Find the run folders of the trained translators that the arms' images went through."""
    named = [
        str(ingredient.images.made_by.get("config", {}).get("with", ""))
        for ingredients in arms.values()
        for ingredient in ingredients
        if ingredient.images.made_by.get("command") == "translate"
    ]
    return [Path(name) for name in dict.fromkeys(named) if (Path(name) / "run.json").exists()]


def _seconds(folder: Path) -> float:
    rows = read_log(folder)
    return float(rows[-1]["seconds"]) if rows else 0.0
