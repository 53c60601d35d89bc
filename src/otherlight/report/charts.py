"""Charts as SVG text, for a page that needs no other file."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

INK, FAINT = "#1f2933", "#9aa5b1"
COLOURS = {
    "helps": "#15803d",
    "harms": "#b91c1c",
    "no_evidence": "#64748b",
    "cannot_say": "#a16207",
}
_LINES = ("#2563eb", "#d97706", "#059669", "#9333ea", "#dc2626", "#0891b2", "#65a30d", "#db2777")


def intervals(rows: Sequence[Mapping[str, Any]], unit: str = "AP50 points against source") -> str:
    """Draw estimates with their intervals, one row each; does an interval exclude the zero line?

    A row has label, estimate, low, high (in points, or None) and verdict.
    """
    figure = Figure(figsize=(7.4, 0.5 + 0.34 * len(rows)))
    axes = figure.add_subplot()
    for place, row in enumerate(rows):
        colour = COLOURS[row["verdict"]]
        if row["low"] is not None:
            axes.plot([row["low"], row["high"]], [place, place], color=colour, lw=2.2)
        if row["estimate"] is not None:
            axes.plot(row["estimate"], place, "o", color=colour, ms=6)
    axes.axvline(0.0, color=INK, lw=0.8)
    axes.set_yticks(range(len(rows)), [row["label"] for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel(unit)
    axes.grid(axis="x", color="#e4e7eb", lw=0.6)
    return _svg(figure)


def seeds(values: Mapping[str, Sequence[float]], unit: str) -> str:
    """Draw one dot a seed and one bar at the mean, an arm a row; values are points."""
    figure = Figure(figsize=(7.4, 0.5 + 0.34 * len(values)))
    axes = figure.add_subplot()
    for place, dots in enumerate(values.values()):
        axes.barh(place, sum(dots) / len(dots), color="#cbd5e1", height=0.55)
        axes.plot(dots, [place] * len(dots), "o", color="#1d4ed8", ms=4, alpha=0.8)
    axes.set_yticks(range(len(values)), list(values))
    axes.set_ylim(len(values) - 0.5, -0.5)
    axes.set_xlim(left=0.0)
    axes.set_xlabel(unit)
    axes.grid(axis="x", color="#e4e7eb", lw=0.6)
    return _svg(figure)


def curves(logs: Mapping[str, Sequence[Mapping[str, Any]]], names: Sequence[str]) -> str:
    """Draw logged figures over the steps, one panel a name, one line a log."""
    figure = Figure(figsize=(7.4, 2.1 * len(names)))
    for place, name in enumerate(names, start=1):
        axes = figure.add_subplot(len(names), 1, place)
        for number, (label, rows) in enumerate(logs.items()):
            points = [(row["step"], row[name]) for row in rows if name in row]
            if points:
                steps, values = zip(*points, strict=True)
                alone = "o" if len(points) == 1 else ""
                colour = _LINES[number % len(_LINES)]
                axes.plot(steps, values, color=colour, lw=1.1, marker=alone, label=label)
        axes.set_ylabel(name.replace("_", " "))
        axes.grid(color="#e4e7eb", lw=0.6)
        if place == 1 and len(logs) > 1:
            axes.legend(frameon=False, fontsize=7, ncol=min(4, len(logs)))
    figure.axes[-1].set_xlabel("step")
    return _svg(figure)


def _svg(figure: Figure) -> str:
    settings = {
        "svg.hashsalt": "otherlight",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
    }
    with mpl.rc_context(settings):  # pyright: ignore[reportArgumentType]
        for axes in figure.axes:
            axes.spines[["top", "right"]].set_visible(False)
            axes.tick_params(colors=INK, labelsize=9)
            axes.xaxis.label.set_fontsize(9)
        figure.set_layout_engine("constrained")
        canvas, page = FigureCanvasSVG(figure), io.StringIO()
        canvas.print_svg(page, metadata={"Date": None, "Creator": None})
    text = page.getvalue()
    return text[text.index("<svg") :]
