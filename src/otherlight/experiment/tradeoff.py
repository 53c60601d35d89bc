"""The picture of a choice: survival against distance to the target, a dot a checkpoint."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

_INK, _DOT, _CHOSEN = "#1f2933", "#64748b", "#15803d"


def draw_tradeoff(rows: Sequence[Mapping[str, Any]], chosen: str) -> str:
    """Draw an SVG; up is more of the objects, left is nearer to the target."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.4, 3.6), layout="constrained")
    axes = figure.add_subplot()
    along = [row for row in rows if row["checkpoint"].isdigit()]
    axes.plot(
        [row["distance"] for row in along], [row["survival"] for row in along],
        color="#cbd5e1", lw=1.0, zorder=1,
    )  # fmt: skip
    for row in rows:
        best = row["checkpoint"] == chosen
        label = row["checkpoint"].lstrip("0") + (" (chosen)" if best else "")
        axes.plot(row["distance"], row["survival"], "o", color=_CHOSEN if best else _DOT, ms=6)
        axes.annotate(
            label, (row["distance"], row["survival"]), xytext=(5, 4),
            textcoords="offset points", fontsize=8, color=_CHOSEN if best else _INK,
        )  # fmt: skip
    axes.set_xlabel("distance of object crops to the target (squared MMD); less is nearer")
    axes.set_ylabel("survival of objects")
    axes.margins(0.15)
    axes.grid(color="#e4e7eb", lw=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    page = io.StringIO()
    settings: Any = {"svg.hashsalt": "otherlight", "svg.fonttype": "none"}
    with mpl.rc_context(settings):
        FigureCanvasSVG(figure).print_svg(page, metadata={"Date": None, "Creator": None})
    text = page.getvalue()
    return text[text.index("<svg") :]
