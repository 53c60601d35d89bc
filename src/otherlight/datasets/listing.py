"""Files of a source: which are there, how they look, and whether they are whole."""

import hashlib
import os
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TypeVar

from otherlight.datasets.walking import check_plain, walk
from otherlight.errors import DatasetError, ImageError
from otherlight.images.files import SUFFIXES, Header, read_header, read_pixels

T = TypeVar("T")

_AT_ONCE = 512
_KINDS = ((b"\x89PNG\r\n\x1a\n", ".png"), (b"BM", ".bmp"), (b"RIFF", ".webp"))


@dataclass(frozen=True, slots=True)
class Look:
    """One image file, looked at: what its header says, and the hash of its bytes."""

    header: Header
    sha256: str


def list_files(folder: Path, suffixes: Iterable[str]) -> list[str]:
    """List the files under a folder by ending, as sorted POSIX paths; hidden ones left out.

    Raises:
        DatasetError: a name is no UTF-8, or a folder cannot be read or links to one above.
    """
    wanted = tuple(suffixes)
    found: list[str] = []
    for place, files in walk(folder):
        base = Path(place).relative_to(folder)
        found += [
            (base / name).as_posix()
            for name in files
            if name.lower().endswith(wanted) and not name.startswith(".")
        ]
    return sorted(map(as_text, found))


def as_text(name: str) -> str:
    """Hand on a file's name, which tables and JSON can hold only if it is text."""
    if name.isprintable():  # fast, and never true of bytes that are no text
        return name
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise DatasetError(
            f"The names of files must be UTF-8; {os.fsencode(name)[:80]!r} is not. Rename it."
        ) from error
    return name


def list_images(folder: Path) -> list[str]:
    """List the image files under a folder.

    Raises:
        DatasetError: there is no such folder, or no image in it.
    """
    if not folder.is_dir():
        raise DatasetError(
            f"Expected a folder of images at {folder}; there is none. Say where the images are "
            f"with --images."
        )
    names = list_files(folder, SUFFIXES)
    if not names:
        raise DatasetError(
            f"Expected images ({', '.join(sorted(SUFFIXES))}) under {folder}; there are none. "
            f"Point to the folder that holds them."
        )
    return names


def look(path: Path) -> Look:
    """Read one file's header and hash, and make sure that it is whole.

    Raises:
        ImageError: it is missing, empty, torn or no image.
    """
    header = read_header(path)
    data = path.read_bytes()
    if not _ends_well(data):
        read_pixels(path)  # slow, but certain: trailing bytes are no fault
    return Look(header, hashlib.sha256(data).hexdigest())


def look_at_all(
    items: Iterable[tuple[T, Path]],
) -> Generator[tuple[T, Look | ImageError]]:
    """Look at files by threads, in their order; what cannot be read comes as its error."""
    with ThreadPoolExecutor(max_workers=min(8, 2 * (os.cpu_count() or 1))) as pool:
        waiting = iter(items)
        while batch := list(islice(waiting, _AT_ONCE)):
            yield from zip(
                (item for item, _ in batch),
                pool.map(_look_or_error, [path for _, path in batch]),
                strict=True,
            )


def _look_or_error(path: Path) -> Look | ImageError:
    try:
        return look(path)
    except ImageError as error:
        return error


def _ends_well(data: bytes) -> bool:
    """Say whether a file ends as its kind must; other kinds are decoded to find out."""
    if data[:2] == b"\xff\xd8":
        return data[-2:] == b"\xff\xd9"
    return data[:4] == b"\x89PNG" and data[-8:-4] == b"IEND"


def stamp_of(files: Iterable[Path]) -> str:
    """Fingerprint files by name, size and time of change: cheap, to see if a source changed."""
    hasher = hashlib.sha256()
    for path in sorted(set(files)):
        try:
            status = path.stat()
            about = f"{status.st_size}\0{status.st_mtime_ns}"
        except (OSError, ValueError):
            about = "none"  # a link to nowhere: whoever reads it says so
        hasher.update(os.fsencode(path) + f"\0{about}\n".encode())
    return hasher.hexdigest()


def there_is(file: Path) -> bool:
    """Say whether there is such a file; a name that no file could have says no."""
    return os.path.isfile(file)  # noqa: PTH113 - Path.is_file raises where a name is too long


def read_text(path: Path) -> str:
    """Read a text file of labels; a mark at its beginning is left out.

    Raises:
        DatasetError: it is not text.
    """
    check_plain(path)
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} must be text; it is not ({error.reason}).") from error


def read_bytes(path: Path) -> bytes:
    """Read a whole file of labels.

    Raises:
        DatasetError: it is no file, or cannot be read.
    """
    check_plain(path)
    return path.read_bytes()


def key_of(file: Path, name: str) -> str:
    """Name an image by its path; one without an ending gets that of its kind, .jpg if unknown."""
    if PurePosixPath(name).suffix.lower() in SUFFIXES:
        return name
    try:
        with file.open("rb") as stream:
            head = stream.read(8)
    except OSError:
        head = b""
    return name + next((suffix for magic, suffix in _KINDS if head.startswith(magic)), ".jpg")
