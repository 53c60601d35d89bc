"""One self-contained page: verdict first, then everything it rests on."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from otherlight.errors import VerifyError
from otherlight.experiment.words import WORDS, points
from otherlight.records.files import read_json, write_bytes
from otherlight.report.charts import curves, intervals, seeds
from otherlight.training.alarms import raised
from otherlight.training.runlog import read_log

_TRANSLATOR_CURVES = ("adversarial", "cycle", "identity", "discriminator")
_RECOGNISER_CURVES = ("class", "box")
_COPIED = "alarms/copied.png"


def write_report(run: Path) -> Path:
    """Write ``report.html`` of a comparison from its ``verdict.json``; return its path."""
    if not (run / "verdict.json").exists():
        raise VerifyError(
            f"A report needs the folder that otherlight compare wrote; {run} has no verdict.json."
        )
    verdict = read_json(run / "verdict.json")
    frozen = verdict["frozen"]
    environment = Environment(
        loader=PackageLoader("otherlight.report", "."), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template("page.html.j2").render(
        v=_shown(verdict, run),
        arms=_arm_rows(verdict),
        slices=_slice_blocks(verdict),
        samples=_samples(verdict, run),
        alarms=_alarms(verdict),
        charts={
            "arms": intervals([_bar(row, row["arm"]) for row in verdict["rows"]]),
            "seeds": seeds(_seed_points(verdict), "AP50, points"),
            "training": _training_charts(verdict, run),
        },
        settings=yaml.safe_dump(frozen, sort_keys=False, allow_unicode=True),
        level=_level(verdict),
        run_name=run.name,
    )
    write_bytes(run / "report.html", page.encode())
    return run / "report.html"


def _shown(verdict: Mapping[str, Any], run: Path) -> dict[str, Any]:
    """The verdict with its sentences in place of the bare figures of the same name."""
    summary = verdict["summary"]
    further = {"settings": _settings(verdict), "costs": read_json(run / "costs.json")}
    return {**verdict, **summary, "headline": summary, **further}


def _settings(verdict: Mapping[str, Any]) -> dict[str, Any]:
    frozen = verdict["frozen"]
    arms = frozen["plan"]["arms"]
    source = next(name for name, arm in arms.items() if arm["role"] == "source")
    metric = verdict["rows"][0]["metric"] if verdict["rows"] else "AP50"
    return {
        "steps": frozen["steps"],
        "source": source,
        "metric": metric,
        "seeds": frozen["plan"]["seeds"],
    }


def _level(verdict: Mapping[str, Any]) -> str:
    family = max((row["family"] for row in verdict["rows"]), default=1)
    return "95 %" if family == 1 else f"95 % (Bonferroni over {family} headline arms)"


def _arm_rows(verdict: Mapping[str, Any]) -> list[dict[str, Any]]:
    by_arm = {row["arm"]: row for row in verdict["rows"]}
    lines: list[dict[str, Any]] = []
    for name, values in _seed_points(verdict).items():
        row = by_arm.get(name)
        line = {
            "name": name,
            "role": verdict["frozen"]["plan"]["arms"][name]["role"],
            "mean": f"{sum(values) / len(values):.1f}",
            "seeds": " · ".join(f"{value:.1f}" for value in values),
        }
        lines.append({**line, **(_in_words(row) if row else _CONTROL)})
    return lines


_CONTROL = {
    "estimate": "",
    "interval": "",
    "p": "",
    "mde": "",
    "verdict": "",
    "word": "the control",
}


def _in_words(row: Mapping[str, Any]) -> dict[str, Any]:
    known = row["low"] is not None
    return {
        "estimate": points(row["estimate"]),
        "interval": f"{points(row['low'])} to {points(row['high'])}" if known else "unknown",
        "p": "" if row["p"] is None else f"{row['p']:.3f}" if row["p"] >= 0.0005 else "< 0.001",
        "mde": points(row["mde"], False),
        "verdict": row["verdict"],
        "word": WORDS[row["verdict"]].lower(),
    }


def _bar(row: Mapping[str, Any], label: str) -> dict[str, Any]:
    scaled = {k: None if row[k] is None else 100 * row[k] for k in ("estimate", "low", "high")}
    return {"label": label, "verdict": row["verdict"], **scaled}


def _seed_points(verdict: Mapping[str, Any]) -> dict[str, list[float]]:
    arms = verdict["figures"]["target"]
    return {arm: [100 * value for value in figures["AP50"]] for arm, figures in arms.items()}


def _slice_blocks(verdict: Mapping[str, Any]) -> list[dict[str, Any]]:
    plan = verdict["frozen"]["plan"]
    shown = plan["headline"] or [a for a, arm in plan["arms"].items() if arm["role"] == "learned"]
    blocks: list[dict[str, Any]] = []
    for arm in shown:
        rows = [row for row in (*verdict["classes"], *verdict["slices"]) if row["arm"] == arm]
        if rows:
            chart = intervals([_bar(row, f"{row['slice']} ({row['truths']})") for row in rows])
            lines = [
                {
                    **row,
                    "label": row["slice"],
                    "before": points(row["before"], False),
                    "after": points(row["after"], False),
                    **{
                        ("estimate_text" if k == "estimate" else k): v
                        for k, v in _in_words(row).items()
                    },
                }
                for row in rows
            ]
            blocks.append({"arm": arm, "chart": chart, "rows": lines})
    return blocks


def _samples(verdict: Mapping[str, Any], run: Path) -> list[list[dict[str, str]]]:
    rows: list[list[dict[str, str]]] = []
    for row in verdict["samples"]:
        pictures = [(name, file) for name, file in row.items() if name != "image"]
        rows.append([{"name": name, "data": _inline(run / file)} for name, file in pictures])
    return rows


def _inline(file: Path, kind: str = "jpeg") -> str:
    return f"data:image/{kind};base64," + base64.b64encode(file.read_bytes()).decode()


def _alarms(verdict: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the translators' trainings complained of, with the picture of what was copied."""
    rows: list[dict[str, Any]] = []
    for folder in map(Path, verdict["translators"]):
        for alarm in raised(read_log(folder)):
            picture = folder / _COPIED
            shown = alarm["alarm"] == "copied" and picture.exists()
            data = _inline(picture, "png") if shown else ""
            rows.append({**alarm, "translator": folder.name, "picture": data})
    return rows


def _training_charts(verdict: Mapping[str, Any], run: Path) -> list[dict[str, str]]:
    charts: list[dict[str, str]] = []
    for row in verdict["translators"]:
        log = read_log(Path(row))
        names = [name for name in _TRANSLATOR_CURVES if any(name in line for line in log)]
        if names:
            charts.append(
                {"title": f"Translator {Path(row).name}", "svg": curves({"": log}, names)}
            )
        if (drawn := Path(row) / "tradeoff.svg").exists():
            title = f"Checkpoints of translator {Path(row).name}"
            charts.append({"title": title, "svg": drawn.read_text()})
    logs: dict[str, Sequence[Mapping[str, Any]]] = {}
    for arm in verdict["frozen"]["plan"]["arms"]:
        for folder in sorted((run / "runs" / arm).glob("seed*"))[:1]:
            logs[arm] = read_log(folder)
    names = [
        name for name in _RECOGNISER_CURVES if any(name in r for log in logs.values() for r in log)
    ]
    if names:
        svg = curves(logs, names)
        charts.append({"title": "Recognisers, first seed of every arm", "svg": svg})
    return charts
