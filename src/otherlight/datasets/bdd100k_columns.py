"""Large files of frames, read as columns: DuckDB parses, and a label never becomes an object.

Whatever DuckDB refuses, or reads otherwise than `json` would, is an `UnusualError`: the frames from
there on are then read one by one, which tells what is wrong and where.
"""

import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from os import cpu_count
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float, Int

from otherlight.datasets.bdd100k_frames import class_of, kind_of, reason_without_box, spelling_of
from otherlight.datasets.tally import Tally
from otherlight.sets.arrow import compute as pc

_ROWS = 1024
_LONGEST = 1 << 22
"""Bytes of one frame; DuckDB's buffers are as large, and what is longer is unusual."""
_FRAME = ("name", "attributes", "timestamp", "videoName", "video_name", "frameIndex", "index")
_EDGES = ("x1", "y1", "x2", "y2")
_QUERY = f"""
    SELECT * FROM read_json($path, format = 'array', compression = 'uncompressed',
        maximum_object_size = {_LONGEST}, columns = {{
            {", ".join(f"{key}: 'JSON'" for key in _FRAME)},
            labels: 'STRUCT(category JSON, attributes JSON, id JSON,
                            box2d STRUCT({", ".join(f"{edge} JSON" for edge in _EDGES)}))[]'
        }})"""


class UnusualError(Exception):
    """Something that must be looked at frame by frame."""


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Some frames: what they say of their images, and their labels as columns of JSON texts."""

    frames: Sequence[dict[str, Any]]
    """As `json` would read them; ``labels`` is None or an empty list."""
    offsets: Int[np.ndarray, " frames_plus_1"]
    """The labels of frame ``i`` are the rows ``offsets[i]:offsets[i + 1]``."""
    category: pa.Array
    attributes: pa.Array
    id: pa.Array
    box: pa.StructArray


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The boxes of a chunk that are kept, as they came."""

    frame: Int[np.ndarray, " boxes"]
    number: Int[np.ndarray, " boxes"]
    """Of the label in its frame, from 1."""
    kind: Int[np.ndarray, " boxes"]
    edges: Float[np.ndarray, "boxes 4"]
    track: pa.Array


def open_files(paths: Sequence[Path]) -> duckdb.DuckDBPyConnection:
    """Open DuckDB so that it can read these files and nothing else: no other, no network.

    A DuckDB that cannot be locked so, or a name that it cannot take, leaves it able to read none.
    """
    connection = duckdb.connect(":memory:")
    allowed = ", ".join("'" + _absolute(path).replace("'", "''") + "'" for path in paths)
    with suppress(duckdb.Error, ValueError):
        connection.execute(f"SET allowed_paths = [{allowed}]")
    connection.execute(f"""
        SET autoinstall_known_extensions = false; SET autoload_known_extensions = false;
        SET temp_directory = ''; SET enable_progress_bar = false;
        SET streaming_buffer_size = '200KB'; SET allocator_flush_threshold = '8MB';
        SET allocator_bulk_deallocation_flush_threshold = '8MB';
        SET threads = {min(4, cpu_count() or 1)};
        SET enable_external_access = false; SET lock_configuration = true""")
    return connection


def _absolute(path: Path) -> str:
    return str(path.absolute())


def read_chunks(path: Path, connection: duckdb.DuckDBPyConnection) -> Generator[Chunk]:
    """Read the frames of a top-level array in their order.

    Raises:
        UnusualError: it is no array of frames, or not JSON; what came before stands.
    """
    name = _absolute(path)
    if set("*?[{") & set(name):
        raise UnusualError  # DuckDB would look for other files of such a name
    decode = _Decoder()
    try:
        reader = connection.sql(_QUERY, params={"path": name}).to_arrow_reader(_ROWS)
        for batch in _ahead(reader):
            yield _chunk(batch, decode)
    except (duckdb.Error, OSError, ValueError, RecursionError) as error:
        raise UnusualError from error


def _ahead(batches: Iterator[pa.RecordBatch]) -> Generator[pa.RecordBatch]:
    """Parse the next batch while this one is worked on."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, batches, None)
        while (batch := following.result()) is not None:
            following = pool.submit(next, batches, None)
            yield batch


class _Decoder:
    """Decodes JSON texts; those that come again and again only once."""

    def __init__(self) -> None:
        self._known: dict[str | None, Any] = {None: None}

    def all(self, texts: pa.Array, *, same: bool) -> list[Any]:
        if not same:
            return [json.loads(text) for text in texts.to_pylist()]
        return [self._one(text) for text in texts.to_pylist()]

    def _one(self, text: str | None) -> Any:
        if text not in self._known:
            if len(self._known) > 1 << 16:
                self._known = {None: None}
            self._known[text] = json.loads(text or "null")
        return self._known[text]


def _chunk(batch: pa.RecordBatch, decode: _Decoder) -> Chunk:
    if batch["name"].null_count:
        raise UnusualError
    labels = batch["labels"]
    columns = {key: decode.all(batch[key], same=key != "name") for key in _FRAME}
    columns["labels"] = [None if there is None else [] for there in _presence(labels)]
    rows = zip(*columns.values(), strict=True)
    lengths = pc.fill_null(pc.list_value_length(labels), 0).to_numpy(zero_copy_only=False)
    inner = labels.flatten()
    if inner.null_count:
        raise UnusualError
    category, attributes, number, box = inner.flatten()
    return Chunk(
        frames=[dict(zip(columns, row, strict=True)) for row in rows],
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        category=category,
        attributes=attributes,
        id=number,
        box=box,
    )


def _presence(column: pa.Array) -> list[Any]:
    return [True if valid else None for valid in column.is_valid().to_pylist()]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a category with its attributes stands for."""

    category: str
    name: str | None
    columns: Mapping[str, Any]


@dataclass(kw_only=True)
class Kinds:
    """The few kinds of label there are: category and attributes, told apart by their texts."""

    classes: Sequence[str]
    kinds: list[Kind] = field(default_factory=list[Kind])
    _codes: dict[tuple[str | None, str | None], int] = field(
        default_factory=dict[tuple[str | None, str | None], int]
    )

    def codes(self, chunk: Chunk) -> Int[np.ndarray, " labels"]:
        """Give each label the number of its kind."""
        category = pc.dictionary_encode(chunk.category, null_encoding="encode")
        attributes = pc.dictionary_encode(chunk.attributes, null_encoding="encode")
        count = max(1, len(attributes.dictionary))
        pairs = category.indices.to_numpy().astype(np.int64) * count
        pairs += attributes.indices.to_numpy()
        found, where = np.unique(pairs, return_inverse=True)
        names, words = category.dictionary.to_pylist(), attributes.dictionary.to_pylist()
        codes = [self._code(names[pair // count], words[pair % count]) for pair in found]
        return np.array(codes, np.int32)[where.reshape(-1)]

    def add(self, label: str, columns: Mapping[str, Any]) -> int:
        """Give a box that was read by itself the number of its kind."""
        key = (f"box {label}", json.dumps(columns, sort_keys=True))
        return self._put(key, Kind(category=label, name=label, columns=columns))

    def _put(self, key: tuple[str | None, str | None], kind: Kind) -> int:
        if key not in self._codes:
            self._codes[key] = len(self.kinds)
            self.kinds.append(kind)
        return self._codes[key]

    def _code(self, category: str | None, attributes: str | None) -> int:
        key = (category, attributes)
        if key not in self._codes:
            name, words = json.loads(category or "null"), json.loads(attributes or "null")
            if not isinstance(name, str) or not isinstance(words, dict | None):
                raise UnusualError
            known = class_of(name, self.classes)
            columns = kind_of(name, words or {}, known) if known else {}
            self._put(key, Kind(category=name, name=known, columns=columns))
        return self._codes[key]


def keep(chunk: Chunk, kinds: Kinds, tracked: Sequence[bool]) -> tuple[Kept, "Dropped"]:
    """Part the labels of a chunk into boxes and those that bring none.

    Raises:
        UnusualError: an edge is not a finite number, or a label is none.
    """
    try:
        return _keep(chunk, kinds, tracked)
    except (ValueError, RecursionError) as error:
        raise UnusualError from error


def _keep(chunk: Chunk, kinds: Kinds, tracked: Sequence[bool]) -> tuple[Kept, "Dropped"]:
    code = kinds.codes(chunk)
    known = np.array([kind.name is not None for kind in kinds.kinds], bool)
    stays = known[code] & chunk.box.is_valid().to_numpy(zero_copy_only=False)
    frame = np.repeat(np.arange(len(chunk.frames), dtype=np.int32), np.diff(chunk.offsets))
    number = np.arange(len(code)) - chunk.offsets[frame] + 1
    kept = Kept(
        frame=frame[stays],
        number=number[stays].astype(np.int32),
        kind=code[stays],
        edges=_edges(chunk.box.filter(pa.array(stays))),
        track=_tracks(chunk.id.filter(pa.array(stays)), np.array(tracked, bool)[frame[stays]]),
    )
    out = ~stays
    return kept, Dropped(frame=frame[out], number=number[out], kind=code[out])


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """The labels of a chunk that bring no box."""

    frame: Int[np.ndarray, " labels"]
    number: Int[np.ndarray, " labels"]
    kind: Int[np.ndarray, " labels"]

    def count(self, kinds: Kinds, at: Callable[[int], str], tally: Tally) -> None:
        """Count them by rule, each with its first place."""
        found, first, times = np.unique(self.kind, return_index=True, return_counts=True)
        for each in np.argsort(first):
            kind, row = kinds.kinds[found[each]], int(first[each])
            place = f"{at(int(self.frame[row]))}, label {self.number[row]}"
            rule = reason_without_box(kind.category, kind.name)
            label = kind.name or spelling_of(kind.category)
            tally.drop_box(rule, place, label, int(times[each]))


def _edges(box: pa.StructArray) -> Float[np.ndarray, "boxes 4"]:
    edges = np.empty((len(box), 4))
    for column, texts in enumerate(box.flatten()):
        if texts.null_count:
            raise UnusualError
        edges[:, column] = pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False)
    if not np.isfinite(edges).all():
        raise UnusualError
    return edges


def _tracks(ids: pa.Array, tracked: Bool[np.ndarray, " boxes"]) -> pa.Array:
    if not tracked.any():
        return pa.nulls(len(ids), pa.string())
    texts = pc.dictionary_encode(ids)
    words = [str(json.loads(text)) for text in texts.dictionary.to_pylist()]
    tracks = pa.array(words, pa.string()).take(texts.indices)
    return pc.if_else(pa.array(tracked), tracks, pa.scalar(None, pa.string()))
