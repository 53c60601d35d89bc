"""A made-up source: images and boxes as a test writes them, imported as any format is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from otherlight.datasets import FORMATS, Format, ImportConfig, import_set
from otherlight.datasets.samples import Content, RawBox, Sample
from otherlight.sets import ImageSet


def box(label: str = "car", *edges: float, **columns: Any) -> RawBox:
    """One box, of 20 x 20 pixels at (10, 10) unless edges say otherwise."""
    left, top, right, bottom = edges or (10.0, 10.0, 30.0, 30.0)
    sides = (float(left), float(top), float(right), float(bottom))
    return RawBox(label=label, edges=sides, at="a box", columns=columns)


def made_up(
    to: Path,
    images: Mapping[str, Sequence[RawBox] | None],
    columns: Mapping[str, Mapping[str, Any]] | None = None,
    known: Sequence[str] = ("car", "van", "person"),
    **options: Any,
) -> ImageSet:
    """Import labels without pixels; images are 100 x 50, None stands for no labels."""
    samples = [
        Sample(
            image=name, file=Path("/nowhere") / name, at=name, boxes=boxes or (),
            labelled=None if boxes is None else True,
            columns={"width": 100, "height": 50, **(columns or {}).get(name, {})},
        )
        for name, boxes in images.items()
    ]  # fmt: skip
    content = Content(classes=tuple(known), samples=samples, count=len(samples))
    made = Format(about="made up", read=lambda *_: content)
    with patch.dict(FORMATS, {"made": made}):
        config = ImportConfig(pixels=False, **options)
        return import_set("made", Path("/nowhere"), to, config=config)
