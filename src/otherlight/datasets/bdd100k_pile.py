"""Boxes of a large import, piled up as they come, until all are asked for."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Shaped

from otherlight.datasets.bdd100k_columns import Kept, Kind
from otherlight.datasets.box_columns import BoxColumns, words_of
from otherlight.sets.columns import BOXES

_OF_KIND = ("occlusion_level", "state", "ignore", "ignore_reason")


class Pile:
    """Each column grows in one piece of memory.

    Small objects for every chunk, living on among the many short-lived ones of its images, would
    keep Python from giving back any of that memory.
    """

    def __init__(self) -> None:
        self._image, self._number, self._kind = bytearray(), bytearray(), bytearray()
        self._edges = tuple(bytearray() for _ in range(4))
        self._track = bytearray()
        self._tracks: dict[str, int] = {}
        self._images = 0

    def add_images(self, count: int) -> None:
        """Count images whose boxes have been added."""
        self._images += count

    def add_boxes(self, kept: Kept, images: Shaped[np.ndarray, " frames"]) -> None:
        """Take boxes; ``images`` counts on from those that were added before."""
        self._image += (images[kept.frame] + self._images).astype(np.int32).tobytes()
        self._number += kept.number.astype(np.int32).tobytes()
        self._kind += kept.kind.astype(np.int32).tobytes()
        for edges, column in zip(self._edges, kept.edges.T, strict=True):
            edges += column.tobytes()
        if kept.track.null_count == len(kept.track):
            return
        self._track += np.full(len(self._kind) // 4 - len(self._track) // 4 - len(kept.kind), -1,
                               np.int32).tobytes()  # fmt: skip
        texts, tracks = kept.track.dictionary_encode(), self._tracks
        codes = [tracks.setdefault(text, len(tracks)) for text in texts.dictionary.to_pylist()]
        which = texts.indices.fill_null(len(codes)).to_numpy(zero_copy_only=False)
        self._track += np.array([*codes, -1], np.int32)[which].tobytes()

    def columns(
        self, kinds: Sequence[Kind], classes: Sequence[str], at: Callable[[int], str]
    ) -> BoxColumns:
        """Hand out all boxes; the pile is empty then. ``at`` says where an image stands."""
        image, number, kind, track = (
            _numbers(column, np.int32)
            for column in (self._image, self._number, self._kind, self._track)
        )
        # Each edge lies by itself: a set's table takes them over as they are.
        edges = np.empty((len(image), 4), order="F")
        for row, column in enumerate(self._edges):
            edges[:, row] = _numbers(column, np.float64)
        self._edges = ()
        code = pa.array(kind)
        further: dict[str, pa.Array] = {}
        for name in _OF_KIND:
            values = [each.columns.get(name) for each in kinds]
            if any(value is not None for value in values):
                further[name] = pa.array(values, BOXES.field(name).type).take(code)
        words = words_of([each.columns.get("attributes") or {} for each in kinds])
        further["attributes"] = pa.DictionaryArray.from_arrays(code, words)
        if self._tracks:
            track = np.concatenate([track, np.full(len(image) - len(track), -1, np.int32)])
            codes = pa.array(track, mask=track < 0)
            further["track"] = pa.array(list(self._tracks), pa.string()).take(codes)
        names = {name: code for code, name in enumerate(classes)}
        label = np.array([names.get(each.name or "", 0) for each in kinds] or [0], np.int16)
        return BoxColumns(
            names=tuple(classes),
            image=image,
            label=label[kind],
            edges=edges,
            further=further,
            at=lambda row: f"{at(int(image[row]))}, label {int(number[row])}",
        )


def _numbers(column: bytearray, kind: Any) -> Shaped[np.ndarray, " values"]:
    return np.frombuffer(column, kind)
