"""Sets on disk: ``images.parquet``, ``boxes.parquet``, perhaps ``relevance.parquet``, ``set.json``.

The last is written last.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from otherlight.errors import BusyError, DatasetError
from otherlight.records.files import read_json, write_json, writing
from otherlight.sets.columns import BOXES, IMAGES, RELEVANCE, SCHEMA
from otherlight.sets.image_set import ImageSet
from otherlight.sets.memory import give_back
from otherlight.sets.places_on_disk import place_files

_ROWS = 1 << 17
"""Of a row group: what is held in memory while parquet is written."""
_FILES = ("file", "depth", "flow", "mask")


def write_set(images: ImageSet, to: Path) -> ImageSet:
    """Write a set, ``set.json`` last, so that a folder without it is not a set.

    Files under ``to`` are named relative to it, others absolutely. Writing the same set again does
    nothing.

    Raises:
        BusyError: the folder holds a different set; sets are immutable.
    """
    if (to / "set.json").exists():
        there = read_set(to)
        if there.hash != images.hash:
            raise BusyError(
                f"{to} must be empty or hold this very set; it holds {there.name!r} "
                f"({there.hash[:12]}, not {images.hash[:12]}). Give another folder."
            )
        return there
    placed = replace(images, images=_placed(images, to.resolve()), root=to)
    with ThreadPoolExecutor(1) as pool:
        # Hashing takes as long as writing does, and neither holds up the other.
        hashing = pool.submit(lambda: placed.hash)
        write_table(to / "images.parquet", placed.images)
        give_back()
        write_table(to / "boxes.parquet", placed.boxes)
        if len(placed.relevance):
            write_table(to / "relevance.parquet", placed.relevance)
        hashing.result()
    write_json(to / "set.json", _header(placed))
    return placed


def read_set(folder: Path) -> ImageSet:
    """Read a set's tables; no pixels.

    Raises:
        DatasetError: the folder is not a set, or a set of another schema.
    """
    folder = folder.parent if folder.name == "set.json" else folder
    if not (folder / "set.json").exists():
        raise DatasetError(
            f"An image set is a folder with set.json; {folder} has none. Point to a set, or make "
            f"one with: otherlight import FORMAT {folder} --to SET."
        )
    about = read_json(folder / "set.json")
    if about.get("schema") != SCHEMA:
        raise DatasetError(
            f"{folder / 'set.json'} must be of schema {SCHEMA}; it says {about.get('schema')!r}. "
            f"Import the set again with this version."
        )
    return ImageSet(
        name=about["name"],
        classes=tuple(about["classes"]),
        images=read_table(folder / "images.parquet", IMAGES),
        boxes=read_table(folder / "boxes.parquet", BOXES),
        relevance=_read_relevance(folder, about),
        root=folder,
        licence=about["licence"],
        parents=about["parents"],
        made_by=about["made_by"],
        counts=about["counts"],
    )


def _read_relevance(folder: Path, about: Mapping[str, Any]) -> pa.Table:
    """Read what relates images to queries; without it a set that had some is torn."""
    if not about.get("relevance"):
        return RELEVANCE.empty_table()
    return read_table(folder / "relevance.parquet", RELEVANCE)


def write_table(path: Path, table: pa.Table) -> None:
    """Write parquet whole or not at all; the same rows give the same bytes."""
    with writing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", row_group_size=_ROWS)


def read_table(path: Path, schema: pa.Schema) -> pa.Table:
    """Read parquet of a known schema."""
    try:
        table = pq.read_table(path)
        return table.select(schema.names).cast(schema)
    except FileNotFoundError as error:
        raise DatasetError(f"There must be a table {path}; there is none.") from error
    except (pa.ArrowInvalid, pa.ArrowTypeError, KeyError, ValueError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DatasetError(f"{path} must be a table of schema {SCHEMA}; {reason}") from error


def _header(images: ImageSet) -> dict[str, Any]:
    counts: Mapping[str, Any] = images.counts or {
        "read": len(images),
        "kept": len(images),
        "dropped": {},
    }
    return {
        "schema": SCHEMA,
        "name": images.name,
        "classes": list(images.classes),
        "licence": images.licence,
        "parents": [dict(parent) for parent in images.parents],
        "made_by": dict(images.made_by),
        "counts": dict(counts),
        **({"relevance": images.relevance.num_rows} if len(images.relevance) else {}),
        "hash": images.hash,
    }


def _placed(images: ImageSet, to: Path) -> pa.Table:
    table = images.images
    for name in _FILES:
        files = place_files(table[name].to_pylist(), images.root, to)
        index = table.column_names.index(name)
        table = table.set_column(index, IMAGES.field(name), pa.array(files, pa.string()))
    return table
