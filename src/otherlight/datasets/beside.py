"""Files that travel with an image, pixel by pixel: found by their names, missing ones counted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from otherlight.datasets.listing import there_is
from otherlight.datasets.samples import Tally


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """Where one kind of file may lie; ``kind`` is what the attributes say of it."""

    column: str
    """mask, depth or flow."""
    file: str
    """Its path, from each folder that may hold it."""
    kind: str


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
