"""Scores of predictions on a labelled set: COCO's AP of each class, and the mean over classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float, Int

from otherlight.errors import DatasetError
from otherlight.metrics import (
    Found,
    Matches,
    MatchRules,
    Truths,
    average_precision,
    match,
    mean_average_precision,
)
from otherlight.sets import ImageSet
from otherlight.sets.arrow import compute as pc


@dataclass(frozen=True, kw_only=True)
class Score:
    """AP (0..1) at an overlap of .5 and over COCO's ten; nan for a class without truth."""

    classes: tuple[str, ...]
    matches: Matches
    ap50: Float[np.ndarray, " classes"]
    ap: Float[np.ndarray, " classes"]
    mean_ap50: float
    mean_ap: float

    def plain(self) -> dict[str, Any]:
        """As JSON: nan becomes null."""
        return {
            "ap50": _number(self.mean_ap50),
            "ap": _number(self.mean_ap),
            "classes": {
                name: {
                    "ap50": _number(self.ap50[index]),
                    "ap": _number(self.ap[index]),
                    "truths": int(self.matches.truths[:, index].sum()),
                }
                for index, name in enumerate(self.classes)
            },
        }


def score(
    predictions: pa.Table, images: ImageSet, classes: Sequence[str], ignore_below: float = 0.0
) -> Score:
    """Judge predictions on a set by COCO's rules, over the classes that the recogniser knows.

    Truth of other classes does not count. ``ignore_below`` is the share of the image's height
    under which neither truth nor detections count.
    """
    unlabelled = images.column("labelled").count(False)
    if unlabelled:
        raise DatasetError(
            f"Images to score on must be labelled; {unlabelled} of {len(images)} in "
            f"{images.name!r} are not. Filter them out: where: labelled."
        )
    least = np.array(images.column("height"), np.float64) * ignore_below if ignore_below else None
    matches = match(
        truths_of(images, classes),
        found_of(predictions, images, classes),
        MatchRules(),
        minimum_height=least,
    )
    values = average_precision(matches, np.ones((len(images), 1)))
    return Score(
        classes=tuple(classes),
        matches=matches,
        ap50=values[0, :, 0],
        ap=values[0].mean(-1),
        mean_ap50=float(mean_average_precision(values[:, :, :1])[0]),
        mean_ap=float(mean_average_precision(values)[0]),
    )


def truths_of(images: ImageSet, classes: Sequence[str]) -> Truths:
    """The boxes of a set as metrics take them; those of other classes are left out."""
    boxes = images.boxes_of()
    number = {name: index for index, name in enumerate(classes)}
    label = np.array([number.get(name, -1) for name in images.classes] or [-1])[boxes.label]
    known = label >= 0
    left, top, right, bottom = boxes.edges[known].T
    return Truths(
        images=len(images),
        classes=len(classes),
        image=boxes.image[known],
        label=label[known],
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        ignore=boxes.ignore[known],
    )


def found_of(predictions: pa.Table, images: ImageSet, classes: Sequence[str]) -> Found:
    """Predictions on a set as metrics take them."""
    sides = {side: _column(predictions, side) for side in ("left", "top", "right", "bottom")}
    return Found(
        image=_numbers(predictions["image"], images.names()),
        label=_numbers(predictions["label"], classes),
        score=_column(predictions, "score"),
        rank=predictions["rank"].to_numpy().astype(np.int64),
        **sides,
    )


def _column(table: pa.Table, name: str) -> Float[np.ndarray, " rows"]:
    return table[name].to_numpy().astype(np.float64)


def _numbers(column: pa.ChunkedArray, names: Sequence[str]) -> Int[np.ndarray, " rows"]:
    found = pc.index_in(column, pa.array(list(names), pa.string()))
    return np.asarray(found.to_numpy(), np.int64)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)
