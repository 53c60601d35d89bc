"""Evaluation of one run on one labelled set, by itself: predictions, figures and a picture.

A comparison of arms is not made here; the experiment floor writes its own predictions.
"""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from otherlight.metrics import operating_curve
from otherlight.recognisers.predict import predict
from otherlight.recognisers.protocols import MAX_PER_IMAGE, SCORE_FLOOR
from otherlight.recognisers.score import Score, score
from otherlight.recognisers.weights import About, read_weights, weights_file
from otherlight.records.files import digest, holding, sha256_of, write_json, writing
from otherlight.records.run import begin_run, describe_run, finish_run
from otherlight.sets import ImageSet, write_table

_RECALLS = np.linspace(0.0, 1.0, 101)


def evaluate(
    run: Path,
    images: ImageSet,
    to: Path,
    *,
    ignore_below: float = 0.0,
    device: str = "auto",
) -> dict[str, Any]:
    """Predict on a labelled set and judge it; returns what ``metrics.json`` holds.

    Writes ``predictions.parquet`` with ``predictions.json``, ``metrics.json`` (AP50, AP, both of
    each class, precision at 101 recalls) and ``precision_recall.png``. Done once, it is not done
    again.
    """
    _, about = read_weights(run)
    weights = sha256_of(weights_file(run))
    inputs = {"run": weights, "set": images.hash}
    with holding(to):
        wanted = describe_run("evaluation", {"ignore_below": ignore_below}, 0, inputs)
        record = begin_run(to, wanted)
        if record.done:
            return record.results
        table = predict(run, images, device=device)
        write_table(to / "predictions.parquet", table)
        write_json(to / "predictions.json", _origin(about, weights, images))
        found = score(table, images, about.classes, ignore_below)
        curves = _curves(found)
        figures = {**found.plain(), "images": len(images), "precision_at_recall": {
            name: [None if np.isnan(value) else round(float(value), 4) for value in curve]
            for name, curve in curves.items()
        }}  # fmt: skip
        write_json(to / "metrics.json", figures)
        _draw(found, curves, to / "precision_recall.png")
        finish_run(to, record, 0, figures)
    return figures


def _origin(about: About, weights: str, images: ImageSet) -> dict[str, Any]:
    return {
        "arm": None,
        "seed": None,
        "recogniser": about.name,
        "run": weights,
        "set": images.hash,
        "classes": digest(list(about.classes)),
        "images": digest(images.names()),
        "score_floor": SCORE_FLOOR,
        "max_per_image": MAX_PER_IMAGE,
    }


def _curves(found: Score) -> dict[str, Float[np.ndarray, " recalls"]]:
    """The best precision at each of 101 recalls or beyond, by class, at an overlap of .5."""
    curves: dict[str, Float[np.ndarray, " recalls"]] = {}
    for index, name in enumerate(found.classes):
        curve = operating_curve(found.matches, index)
        best = np.maximum.accumulate(curve.precision[::-1])[::-1]
        place = np.searchsorted(curve.recall, _RECALLS)
        curves[name] = np.append(best, 0.0)[place]
        if not found.matches.truths[:, index].any():
            curves[name] = np.full(len(_RECALLS), np.nan)
    return curves


def _draw(found: Score, curves: dict[str, Float[np.ndarray, " recalls"]], to: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    axes = figure.add_subplot()
    for index, (name, curve) in enumerate(curves.items()):
        if not np.isnan(curve).any():
            axes.plot(_RECALLS, curve, label=f"{name} {found.ap50[index]:.2f}")
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    axes.set_title(f"AP50 {found.mean_ap50:.3f}")
    axes.legend(fontsize="small")
    with writing(to) as temporary:
        figure.savefig(temporary, format="png", dpi=120)
