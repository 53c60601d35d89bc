"""An export's images: linked or copied under names that keep them apart."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from otherlight.errors import DatasetError
from otherlight.records.files import told_when_full, writing
from otherlight.records.progress import track
from otherlight.sets import ImageSet


@dataclass(frozen=True, kw_only=True)
class Placed:
    """The images of a set that an export holds: by row, and their names in the images' folder."""

    rows: Sequence[int]
    names: Sequence[str]


def place_images(
    images: ImageSet, rows: Sequence[int], names: Sequence[str], to: Path, *, copy: bool
) -> Placed:
    """Link (or copy) the images of some rows into the folder ``to`` under new names."""
    files = images.files()
    for row, name in track(zip(rows, names, strict=True), "placing images", len(rows)):
        _place(files[row].absolute(), to / name, copy)
    return Placed(rows=rows, names=names)


def _place(file: Path, to: Path, copy: bool) -> None:
    if to.is_symlink() and to.readlink() == file and not copy:
        return
    if not file.exists():
        raise DatasetError(
            f"An exported image must exist; {file} does not. Bring it back, or leave it out with "
            f"where."
        )
    if copy:
        if not (to.exists() and to.stat().st_size == file.stat().st_size):
            with writing(to) as temporary:
                shutil.copyfile(file, temporary)
        return
    with told_when_full(to):
        to.parent.mkdir(parents=True, exist_ok=True)
        temporary = to.with_name(f".{to.name}.{os.getpid()}.part")
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(file)
        temporary.replace(to)
