"""ImageSet: images and whatever is known of them, as two tables in memory; pixels stay on disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float, Float32, Int, Shaped

from otherlight.sets.arrow import compute as pc
from otherlight.sets.canonical import hash_of
from otherlight.sets.columns import RELEVANCE
from otherlight.sets.queries import choose_boxes, choose_images
from otherlight.sets.relevance import kept_relevance


@dataclass(frozen=True, kw_only=True)
class Boxes:
    """The boxes of a set as arrays, in the order of its images.

    Boxes of image ``i`` are the rows ``offsets[i]:offsets[i + 1]``. A level of -1 and a share of
    nan stand for unknown.
    """

    offsets: Int[np.ndarray, " images_plus_1"]
    image: Int[np.ndarray, " boxes"]
    label: Int[np.ndarray, " boxes"]
    edges: Float[np.ndarray, "boxes 4"]
    ignore: Bool[np.ndarray, " boxes"]
    occlusion: Float32[np.ndarray, " boxes"]
    occlusion_level: Int[np.ndarray, " boxes"]
    truncation: Float32[np.ndarray, " boxes"]

    def __len__(self) -> int:
        return len(self.label)


@dataclass(frozen=True, kw_only=True)
class ImageSet:
    """Images with their labels, attributes and lineage; immutable.

    ``images`` is sorted by key, ``boxes`` by (image, box) and ``relevance``, which most sets lack,
    by (query, image); see `otherlight.sets.columns`. Relative files lie under ``root``.
    """

    name: str
    classes: tuple[str, ...]
    images: pa.Table
    boxes: pa.Table
    root: Path
    relevance: pa.Table = field(default_factory=RELEVANCE.empty_table)
    licence: str = "unknown"
    parents: Sequence[Mapping[str, str]] = ()
    made_by: Mapping[str, Any] = field(default_factory=dict[str, Any])
    counts: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __len__(self) -> int:
        return self.images.num_rows

    @cached_property
    def hash(self) -> str:
        """sha256 of the canonical rows."""
        return hash_of(self.classes, self.images, self.boxes, self.relevance)

    def names(self) -> list[str]:
        """The keys, sorted."""
        return self.images["image"].to_pylist()

    def files(self) -> list[Path]:
        """Where the pixels are, in the order of the images."""
        return [self.root / file for file in self.images["file"].to_pylist()]

    def column(self, name: str) -> list[Any]:
        """One column of the images."""
        return self.images[name].to_pylist()

    def boxes_of(self) -> Boxes:
        """All boxes as arrays."""
        table = self.boxes
        image = _numbers(pc.index_in(table["image"], self.images["image"]), 0, np.int64)
        label = _numbers(
            pc.index_in(table["label"], pa.array(self.classes, pa.string())), 0, np.int64
        )
        edges = [
            _numbers(table[name], 0.0, np.float64) for name in ("left", "top", "right", "bottom")
        ]
        return Boxes(
            offsets=np.searchsorted(image, np.arange(len(self) + 1)),
            image=image,
            label=label,
            edges=np.stack(edges, axis=1),
            ignore=_numbers(table["ignore"], False, np.bool_),
            occlusion=_numbers(table["occlusion"], np.nan, np.float32),
            occlusion_level=_numbers(table["occlusion_level"], -1, np.int8),
            truncation=_numbers(table["truncation"], np.nan, np.float32),
        )

    def where(self, images: str | None = None, boxes: str | None = None) -> "ImageSet":
        """Keep the images and boxes that two SQL expressions choose.

        Relevance of images that are left out goes with them; `made_by` counts it.

        Raises:
            QueryError: an expression is more than that, or names what is not there.
        """
        if images is None and boxes is None:
            return self
        kept = self if images is None else self.take(
            choose_images(self.images, self.boxes, self.classes, images)
        )  # fmt: skip
        if boxes is not None:
            chosen = choose_boxes(kept.images, kept.boxes, boxes)
            kept = replace(kept, boxes=kept.boxes.filter(pa.array(chosen)))
        gone = self.relevance.num_rows - kept.relevance.num_rows
        return replace(
            kept,
            parents=({"name": self.name, "hash": self.hash},),
            made_by={
                "command": "where",
                "config": {"images": images, "boxes": boxes},
                **({"relevance_left_out": gone} if gone else {}),
            },
        )

    def take(self, chosen: Bool[np.ndarray, " images"]) -> "ImageSet":
        """Keep the images that a mask chooses, with their boxes and what relates them."""
        images = self.images.filter(pa.array(chosen))
        inside = pc.is_in(self.boxes["image"], images["image"].combine_chunks())
        return replace(
            self,
            images=images,
            boxes=self.boxes.filter(inside),
            relevance=kept_relevance(self.relevance, images),
        )


def _numbers(
    column: pa.ChunkedArray | pa.Array, null: Any, kind: Any
) -> Shaped[np.ndarray, " rows"]:
    filled = pc.fill_null(column, pa.scalar(null, column.type))
    return np.asarray(filled.to_numpy(), dtype=kind)
