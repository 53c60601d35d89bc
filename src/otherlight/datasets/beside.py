"""Files that travel with an image, pixel by pixel: found by their names, missing ones counted."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from otherlight.datasets.listing import list_files, there_is
from otherlight.datasets.samples import Tally
from otherlight.errors import DatasetError


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """Where one kind of file may lie; ``kind`` is what the attributes say of it."""

    column: str
    """mask, depth or flow."""
    file: str
    """Its path, from each folder that may hold it."""
    kind: str


def folder_of_masks(said: str) -> Path:
    """Find the folder that the option ``masks`` names.

    Raises:
        DatasetError: there is no such folder, or no PNG in it.
    """
    there = os.path.isdir(said)  # noqa: PTH112 - Path.is_dir raises where a name is too long
    if not there or not list_files(Path(said), (".png",)):
        raise DatasetError(
            f"masks must name a folder that holds PNG files in the source's own tree; "
            f"{said[:200]!r} came, which holds none. Point to the folder that was unpacked."
        )
    return Path(said).resolve()


def find_beside(
    folders: Iterable[Path], wanted: Sequence[Beside], at: str, tally: Tally
) -> dict[str, Any]:
    """Name the first file of each column that is there, as columns of the image.

    A file that is missing where its neighbours' folder exists is counted; where there is no such
    folder, nobody asked for it. What each file holds goes to the attributes, under the column's
    name.
    """
    columns: dict[str, Any] = {}
    words: dict[str, str] = {}
    missing: dict[str, Path] = {}
    places = list(folders)
    for each in wanted:
        for folder in places if each.column not in columns else ():
            file = folder / each.file
            if there_is(file):
                columns[each.column], words[each.column] = str(file), each.kind
                break
            if file.parent.is_dir():
                missing.setdefault(each.column, file)
    for column, file in missing.items():
        if column not in columns:
            tally.note(f"image without {column} file", f"{at}: {file}")
    return columns | ({"attributes": words} if words else {})
