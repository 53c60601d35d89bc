"""How many boxes survived, by class, size and occlusion, in numbers and in sentences."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from otherlight.sets import ImageSet

DECISIONS = ("keep", "ignore", "drop")
_OCCLUSION = {0: "not occluded", 1: "partly occluded", 2: "largely occluded"}
_SIZES = ("small", "medium", "large")

Row = Mapping[str, Any]


def survival(evidence: pa.Table) -> dict[str, Any]:
    """Count boxes, those that could be judged and those that survived, whole and in parts.

    Judged are the boxes that the detector found before; survived are those of them that it finds
    after. Both are None where no detector could be asked.
    """
    rows = evidence.to_pylist()
    return {
        **_count(rows),
        "by_class": _parts(rows, lambda row: row["label"]),
        "by_size": _ordered(_parts(rows, lambda row: row["size"]), _SIZES),
        "by_occlusion": _ordered(
            _parts(rows, lambda row: _OCCLUSION.get(row["occlusion_level"], "unknown")),
            (*_OCCLUSION.values(), "unknown"),
        ),
    }


def colours(evidence: pa.Table) -> dict[str, Any]:
    """Count the traffic lights that showed their label's colour before, and what became of it."""
    rows = [
        row for row in evidence.to_pylist() if row["state"] and row["state"] == row["state_before"]
    ]
    seen = [row for row in rows if row["state_after"]]
    turned = [f"{r['state']} to {r['state_after']}" for r in seen if r["state"] != r["state_after"]]
    return {
        "judged": len(rows),
        "kept": len(seen) - len(turned),
        "unseen": len(rows) - len(seen),
        "changed": dict(Counter(turned).most_common()),
    }


def invented(seen: pa.Table, images: ImageSet) -> dict[str, Any]:
    """Count hallucinations in labelled images: all, by image and by class."""
    labels = Counter(seen["label"].to_pylist())
    return {
        "boxes": seen.num_rows,
        "images": len(set(seen["image"].to_pylist())),
        "of": len(images),
        "per_image": seen.num_rows / len(images) if len(images) else 0.0,
        "by_class": dict(labels.most_common()),
    }


def sentences(facts: Mapping[str, Any]) -> list[str]:
    """Say an audit in words: the detector first, then boxes, colours and hallucinations."""
    whole = facts["survival"]
    said = [_of_detector(facts)]
    if whole["judged"]:
        said.append(
            f"Of {whole['judged']:,} boxes that it found before, it finds {whole['survived']:,} "
            f"after ({100 * whole['survived'] / whole['judged']:.1f} %)."
        )
    counts = whole["decisions"]
    edges, contrast = whole["edge_kept"], whole["contrast_kept"]
    said.append(
        f"Of {whole['boxes']:,} labelled boxes {counts['keep']:,} are kept, {counts['ignore']:,} "
        f"become ignored regions and {counts['drop']:,} are dropped; the median box keeps "
        f"{_percent(edges)} of its edges and {_percent(contrast)} of its contrast."
    )
    lights = facts["colours"]
    if lights["judged"]:
        changed = lights["changed"]
        turned = ", ".join(f"{name} {count}" for name, count in changed.items()) or "none"
        said.append(
            f"Of {lights['judged']:,} traffic lights whose colour was seen before, "
            f"{sum(changed.values()):,} changed it ({turned}); in {lights['unseen']:,} none is "
            f"seen any more."
        )
    found = facts["hallucinations"]
    if found is not None:
        said.append(
            f"It sees {found['boxes']:,} objects after that nobody labelled and that it did not "
            f"see before, in {found['images']:,} of {found['of']:,} images."
        )
    return said


def _of_detector(facts: Mapping[str, Any]) -> str:
    ability = facts["ability"]
    frames = f"{ability['images']:,} {ability['on']} frames"
    recall = "is unknown" if ability["recall"] is None else f"is {ability['recall']:.2f}"
    begin = f"The detector's recall on {frames} ({ability['boxes']:,} boxes) {recall}"
    if facts["judges"] and facts["hallucinations"] is not None:
        return f"{begin}: it can judge."
    if facts["judges"]:
        return (
            f"{begin}: it can judge. At no score is {facts['config']['precision']:.0%} of what it "
            f"sees there right, so hallucinations are not looked for; say hallucination=SCORE to "
            f"look for them all the same."
        )
    return (
        f"{begin}; {facts['config']['recall']:g} is needed: detector cannot judge. Edges and "
        f"contrast alone decide, and hallucinations are not looked for."
    )


def _percent(share: float | None) -> str:
    return "an unknown share" if share is None else f"{100 * share:.0f} %"


def _parts(rows: Sequence[Row], part: Callable[[Row], str]) -> dict[str, Any]:
    names = Counter(part(row) for row in rows)
    return {
        name: _count([row for row in rows if part(row) == name]) for name, _ in names.most_common()
    }


def _ordered(parts: Mapping[str, Any], order: Sequence[str]) -> dict[str, Any]:
    return {name: parts[name] for name in order if name in parts}


def _count(rows: Sequence[Row]) -> dict[str, Any]:
    judged = [row for row in rows if row["found_before"]]
    asked = any(row["found_before"] is not None for row in rows)
    decisions = Counter(row["decision"] for row in rows)
    return {
        "boxes": len(rows),
        "judged": len(judged) if asked else None,
        "survived": sum(bool(row["found_after"]) for row in judged) if asked else None,
        "decisions": {name: decisions[name] for name in DECISIONS},
        "edge_kept": _median([row["edge_kept"] for row in rows]),
        "contrast_kept": _median([row["contrast_kept"] for row in rows]),
    }


def _median(values: Sequence[float]) -> float | None:
    known = np.array(values, np.float64)
    known = known[np.isfinite(known)]
    return round(float(np.median(known)), 4) if len(known) else None
