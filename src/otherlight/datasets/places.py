"""A CSV of images and where they were taken: columns file, and place, or segment and frame.

Further columns: domain (a time of day, where it is one), traverse (which becomes the sequence),
frame; all others are kept as words.
"""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from otherlight.datasets.config import ImportConfig
from otherlight.datasets.listing import key_of, read_text, there_is
from otherlight.datasets.samples import Content, Sample, Tally
from otherlight.datasets.words import TIMEOFDAY, as_words
from otherlight.errors import DatasetError

_READ = ("file", "place")
_DIGITS = 10  # so that every frame fits its column


def read_places(source: Path, images: Path | None, config: ImportConfig, tally: Tally) -> Content:
    """Read the CSV, or places.csv of a folder; files are relative to it, or to ``images``."""
    path = source / "places.csv" if source.is_dir() else source
    if not path.is_file():
        raise DatasetError(f"Expected a CSV of places at {path}; there is none.")
    root = (images or path.parent).resolve()
    kept: list[Sample] = []
    for name, columns in parse_places(read_text(path), str(path)):
        if config.pixels and not there_is(root / name):
            tally.images += 1
            tally.drop_images("row without image file", f"{path}, {name}")
            continue
        key = key_of(root / name, name)
        kept.append(
            Sample(image=key, file=root / name, at=str(path), labelled=False, columns=columns)
        )
    files = [path, *(sample.file for sample in kept if config.pixels)]
    return Content(classes=(), samples=kept, count=len(kept), files=files)


def parse_places(text: str, at: str) -> list[tuple[str, dict[str, Any]]]:
    r"""Read files and their columns.

    >>> parse_places("file,domain,place\nnight/a.jpg,night,cam00\n", "places.csv")[0][1]["place"]
    'cam00'

    Raises:
        DatasetError: a column is missing, a row is short, a file leads out of the folder.
    """
    try:
        table = csv.DictReader(text.splitlines(), strict=True)
        names = table.fieldnames or ()
        rows = list(table)
    except csv.Error as error:
        raise DatasetError(f"{at} must be a CSV; it is not ({error}).") from error
    by_frame = {"segment", "frame"} <= set(names)
    if "file" not in names or not ("place" in names or by_frame):
        raise DatasetError(
            f"A CSV of places must name file and place (or segment and frame) in its first line; "
            f"{', '.join(names) or 'nothing'} came in {at}."
        )
    found: list[tuple[str, dict[str, Any]]] = []
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise DatasetError(
                f"Every row must have the {len(names)} fields of the first line; row {number} of "
                f"{at} has more or fewer."
            )
        name = row["file"]
        path = Path(name)
        if not name or path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
            raise DatasetError(
                f"Files must be relative and stay inside the folder; {name[:80]!r} came in row "
                f"{number} of {at}."
            )
        found.append((path.as_posix(), _columns(row, f"row {number} of {at}")))
    if len({name for name, _ in found}) < len(found):
        raise DatasetError(f"A file must stand in one row; one stands in several of {at}.")
    return found


def _columns(row: Mapping[str, str], at: str) -> dict[str, Any]:
    place = row["place"] if "place" in row else f"{row['segment']}/{row['frame']}"
    columns: dict[str, Any] = {"place": place or None}
    if time := TIMEOFDAY.get(row.get("domain", "").strip().lower()):
        columns["timeofday"] = time
    if traverse := row.get("traverse"):
        columns["sequence"] = f"{traverse}/{row['segment']}" if "segment" in row else traverse
    if frame := row.get("frame"):
        if not (frame.isascii() and frame.isdigit() and len(frame) < _DIGITS):
            raise DatasetError(f"A frame is a number from 0; {frame[:40]!r} came in {at}.")
        columns["frame"] = int(frame)
    return columns | {"attributes": as_words({k: v for k, v in row.items() if k not in _READ})}
