"""An export's images: linked or copied under names that keep them apart."""

import hashlib
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from otherlight.datasets.samples import Tally
from otherlight.errors import DatasetError
from otherlight.records.files import told_when_full, writing
from otherlight.records.progress import track
from otherlight.sets import ImageSet

_PARTING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LONGEST = 220
"""Bytes of a name; a file system takes 255, and temporary names are longer."""


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


def size_of(images: ImageSet, row: int, name: str, who: str) -> tuple[int, int]:
    """Look up the width and height of one image, which ``who`` needs.

    Raises:
        DatasetError: the set was imported without pixels.
    """
    width, height = images.images["width"][row].as_py(), images.images["height"][row].as_py()
    if not width or not height:
        raise DatasetError(
            f"{who} the image's size; that of {name!r} is unknown. Import the set with pixels."
        )
    return width, height


def fit_names(keys: Sequence[str], names: Sequence[str], tally: Tally) -> list[str]:
    """Mend names that no export could have, and count the images that are not named as they were.

    A folder put before a name (that of the split) does not count.
    """
    fitted: list[str] = []
    for key, name in zip(keys, names, strict=True):
        parts = [_fit(part) for part in PurePosixPath(name).parts]
        fitted.append(PurePosixPath(*parts).as_posix())
        if fitted[-1] != key and not fitted[-1].endswith(f"/{key}"):
            tally.note("image renamed (lineage.csv names both)", f"{key}: {fitted[-1]}")
    return fitted


def _fit(name: str) -> str:
    """Mend a name that is too long, or holds what parts the lines of a list; a hash keeps it apart.

    Too long is what leaves no room for a temporary name.
    """
    plain = _PARTING.sub("_", name)
    if plain == name and len(name.encode()) <= _LONGEST:
        return name
    path = PurePosixPath(plain)
    mark = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{path.stem.encode()[:100].decode(errors='ignore')}_{mark}{path.suffix[:10]}"
