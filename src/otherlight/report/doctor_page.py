"""One self-contained page of what doctor found, with the pairs side by side."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from otherlight.datasets import Diagnosis, Finding
from otherlight.datasets.findings import GRADES, RULES, Pair
from otherlight.errors import ImageError
from otherlight.images.files import read_pixels, resize
from otherlight.records.files import write_bytes

PAIRS = 12
"""Pairs of a finding that are shown; all are in the JSON."""
_WIDTH = 480
_QUALITY = 80


def write_diagnosis(diagnosis: Diagnosis, to: Path) -> Path:
    """Write the page, pictures inside; a picture that cannot be read leaves a blank."""
    environment = Environment(
        loader=PackageLoader("otherlight.report", "."), autoescape=True, undefined=StrictUndefined
    )
    grades = [finding.grade for finding in diagnosis.findings]
    page = environment.get_template("doctor.html.j2").render(
        sets=[{"name": name, **facts} for name, facts in diagnosis.sets.items()],
        findings=[_shown(finding) for finding in diagnosis.findings],
        counts={grade: grades.count(grade) for grade in GRADES},
        bars={name: _bars(facts["classes"]) for name, facts in diagnosis.sets.items()},
    )
    write_bytes(to, page.encode())
    return to


def _shown(finding: Finding) -> dict[str, Any]:
    pairs = _spread(finding.pairs)
    return {
        "rule": finding.rule,
        "about": RULES[finding.rule],
        "grade": finding.grade,
        "sets": " and ".join(finding.sets),
        "what": finding.what,
        "example": finding.example,
        "mend": finding.mend,
        "pairs": [_pair(pair, len(finding.sets) > 1) for pair in pairs],
        "more": len(finding.pairs) - len(pairs),
    }


def _spread(pairs: Sequence[Pair]) -> list[Pair]:
    """Choose pairs evenly from first to last, so that not one drive fills the page."""
    if len(pairs) <= PAIRS:
        return list(pairs)
    return [pairs[row] for row in np.linspace(0, len(pairs) - 1, PAIRS).round().astype(int)]


def _pair(pair: Pair, two: bool) -> dict[str, Any]:
    sides = ((pair.file, pair.image, pair.set), (pair.other_file, pair.other_image, pair.other_set))
    turned = "mirrored, " if pair.mirrored else ""
    return {
        "evidence": f"{turned}{pair.evidence}",
        "images": [
            {"name": name, "set": of if two else "", "data": _inline(file)}
            for file, name, of in sides
        ],
    }


def _inline(file: Path) -> str:
    import cv2

    try:
        pixels = read_pixels(file)
    except ImageError:
        return ""
    width = min(_WIDTH, pixels.shape[1])
    small = resize(pixels, width, max(1, round(width * pixels.shape[0] / pixels.shape[1])))
    _, data = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()


def _bars(classes: dict[str, int]) -> list[dict[str, Any]]:
    most = max(classes.values(), default=0)
    return [
        {"name": name, "count": count, "share": 100 * count / most if most else 0}
        for name, count in classes.items()
    ]
