"""An import of large files of frames: images one by one, boxes as columns."""

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from otherlight.datasets.bdd100k_columns import (
    Chunk,
    Kept,
    Kinds,
    UnusualError,
    keep,
    open_files,
    read_chunks,
)
from otherlight.datasets.bdd100k_frames import (
    Reading,
    Source,
    frames_of,
    read_frame,
    read_image,
    video_of,
)
from otherlight.datasets.bdd100k_pile import Pile
from otherlight.datasets.box_columns import BoxColumns
from otherlight.datasets.locating import drop_sample, note_unlabelled
from otherlight.datasets.samples import RawBox, Sample
from otherlight.datasets.tally import Tally

LARGE = 1 << 20
"""Bytes from which on a file is worth opening DuckDB for."""


def is_large(sources: Iterable[Source]) -> bool:
    """Say whether some of the label files are large."""
    return any(source.path.stat().st_size >= LARGE for source in sources)


class Bulk:
    """Reads frames, hands on their images, and keeps their boxes as columns until asked."""

    def __init__(
        self, sources: Sequence[Source], reading: Reading, there: set[str] | None, tally: Tally
    ) -> None:
        self._sources = sources
        self._reading, self._there, self._tally = reading, there, tally
        self._kinds = Kinds(classes=reading.classes)
        self._names: list[str] = []
        self._pile = Pile()

    def samples(self) -> Generator[Sample]:
        """Read all frames; images come without boxes.

        Raises:
            DatasetError: something is no frame; the message names the file, the frame, the label.
        """
        with closing(open_files([source.path for source in self._sources])) as connection:
            for source in self._sources:
                yield from self._file(source, connection)
        note_unlabelled(self._reading.root, self._there, self._names, self._tally)

    def columns(self, at: Callable[[int], str]) -> BoxColumns:
        """Hand out the boxes of all samples that have been read; ``at`` says where those stand."""
        return self._pile.columns(self._kinds.kinds, self._reading.classes, at)

    def _file(self, source: Source, connection: duckdb.DuckDBPyConnection) -> Generator[Sample]:
        done = 0
        try:
            for chunk in read_chunks(source.path, connection):
                yield from self._take(chunk, source)
                done += len(chunk.frames)
        except UnusualError:
            for frame in islice(frames_of(source.path), done, None):
                yield from self._take_one(frame, source)

    def _take(self, chunk: Chunk, source: Source) -> Generator[Sample]:
        tracked = [bool(video_of(frame, source)) for frame in chunk.frames]
        kept, dropped = keep(chunk, self._kinds, tracked)
        samples = [self._image(frame, source) for frame in chunk.frames]
        dropped.count(self._kinds, lambda frame: samples[frame].at, self._tally)
        there = np.array([self._is_there(sample) for sample in samples], bool)
        if not there.all():
            self._drop_missing(samples, there, kept)
            kept = _only(kept, there[kept.frame])
            samples = [sample for sample, stays in zip(samples, there, strict=True) if stays]
        self._pile.add_boxes(kept, np.cumsum(there) - 1)
        self._pile.add_images(len(samples))
        yield from samples

    def _image(self, frame: Mapping[str, Any], source: Source) -> Sample:
        sample = read_image(frame, source, self._reading, self._tally)
        return replace(sample, labelled=None) if frame["labels"] is None else sample

    def _is_there(self, sample: Sample) -> bool:
        if self._there is None:
            return True
        self._names.append(sample.image)
        return sample.image in self._there

    def _drop_missing(self, samples: Sequence[Sample], there: Any, kept: Kept) -> None:
        ends = np.searchsorted(kept.frame, np.arange(len(samples) + 1))
        names = [kind.name or "" for kind in self._kinds.kinds]
        for row in np.flatnonzero(~there).tolist():
            tally, name = self._tally, samples[row].image
            of = Counter(names[kind] for kind in kept.kind[ends[row] : ends[row + 1]])
            tally.images += 1
            tally.drop_images("labels without image file", name)
            tally.read_boxes(of)
            tally.drop_boxes("box of an image without file", name, of)

    def _take_one(self, frame: Any, source: Source) -> Generator[Sample]:
        sample = read_frame(frame, source, self._reading, self._tally)
        if not self._is_there(sample):
            drop_sample(sample, self._tally)
            return
        if sample.boxes:
            self._pile.add_boxes(self._kept(sample.boxes), np.zeros(1, np.int32))
        self._pile.add_images(1)
        yield replace(sample, boxes=())

    def _kept(self, boxes: Sequence[RawBox]) -> Kept:
        columns = [dict(box.columns) for box in boxes]
        tracks = [column.pop("track", None) for column in columns]
        codes = [
            self._kinds.add(box.label, column) for box, column in zip(boxes, columns, strict=True)
        ]
        return Kept(
            frame=np.zeros(len(boxes), np.int32),
            number=np.array([int(box.at.removeprefix("label ")) for box in boxes], np.int32),
            kind=np.array(codes, np.int32),
            edges=np.array([box.edges for box in boxes], np.float64),
            track=pa.array(tracks, pa.string()),
        )


def _only(kept: Kept, stays: Any) -> Kept:
    return Kept(
        frame=kept.frame[stays],
        number=kept.number[stays],
        kind=kept.kind[stays],
        edges=kept.edges[stays],
        track=kept.track.filter(pa.array(stays)),
    )
