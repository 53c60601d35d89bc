"""One self-contained page of an audit: what it says, and the worst boxes, before and after."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from otherlight.errors import DatasetError
from otherlight.records.files import read_json, write_bytes

_GALLERIES = (
    ("worst", "Boxes, worst first", "Dropped before ignored before kept; within each, those with "
     "the fewest edges left come first."),
    ("colours", "Traffic lights that changed colour", "What shone in the box before, and after."),
    ("hallucinations", "Seen after, labelled by nobody, not seen before", "The surest first."),
)  # fmt: skip
_TABLES = (("by_class", "class"), ("by_size", "size"), ("by_occlusion", "occlusion"))


def write_audit(folder: Path) -> Path:
    """Write ``audit.html`` into the folder of an audit, pictures inside."""
    if not (folder / "audit.json").exists():
        raise DatasetError(
            f"The page of an audit is made of audit.json; {folder} holds none. Run otherlight "
            f"audit first."
        )
    facts = read_json(folder / "audit.json")
    environment = Environment(
        loader=PackageLoader("otherlight.report", "."), autoescape=True, undefined=StrictUndefined
    )
    whole = facts["survival"]
    page = environment.get_template("audit.html.j2").render(
        name=facts["set"]["name"],
        headline=_headline(facts),
        sentences=facts["sentences"],
        cautions=facts["cautions"],
        tables=[
            {"of": word, "rows": [_row(name, counts) for name, counts in whole[part].items()]}
            for part, word in _TABLES
        ],
        galleries=[
            {"title": title, "about": about, "items": _items(facts["gallery"][part], folder)}
            for part, title, about in _GALLERIES
            if facts["gallery"][part]
        ],
        facts=facts,
    )
    to = folder / "audit.html"
    write_bytes(to, page.encode())
    return to


def _headline(facts: Mapping[str, Any]) -> str:
    whole = facts["survival"]
    if whole["judged"]:
        return f"{100 * whole['survived'] / whole['judged']:.1f} % of the objects survived"
    kept = whole["decisions"]["keep"]
    return f"{kept:,} of {whole['boxes']:,} boxes are kept"


def _row(name: str, counts: Mapping[str, Any]) -> dict[str, str]:
    judged = counts["judged"]
    decisions = counts["decisions"]
    share = f"{100 * counts['survived'] / judged:.0f} % of {judged:,}" if judged else "-"
    return {
        "name": name,
        "boxes": f"{counts['boxes']:,}",
        "survived": share,
        "edges": _share(counts["edge_kept"]),
        "contrast": _share(counts["contrast_kept"]),
        **{word: f"{count:,}" for word, count in decisions.items()},
    }


def _items(shown: Sequence[Mapping[str, Any]], folder: Path) -> list[dict[str, Any]]:
    return [
        {
            "title": f"{row['label']} · {row['image']}",
            "decision": row.get("decision", ""),
            "words": _words(row),
            **{when: _inline(folder / row[when]) for when in ("before", "after")},
        }
        for row in shown
    ]


def _words(row: Mapping[str, Any]) -> str:
    if "score" in row:
        return f"score {row['score']:.2f}"
    if row["found_before"]:
        found = "found" if row["found_after"] else "lost"
    else:
        found = "not asked" if row["found_before"] is None else "not found before"
    measured = f"edges {_share(row['edge_kept'])}, contrast {_share(row['contrast_kept'])}, {found}"
    return f"{row['reason']}; {measured}" if row["reason"] else measured


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{max(value, 0.0):.2f}"


def _inline(picture: Path) -> str:
    data = picture.read_bytes() if picture.exists() else b""
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()
