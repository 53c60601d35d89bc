"""Images that an import writes itself: below its own folder alone, each whole or not at all."""

import errno
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from otherlight.errors import BusyError, DatasetError
from otherlight.images.files import Array, Grey, encode
from otherlight.records.files import digest, holding, read_json, write_bytes, write_json

S = TypeVar("S")
T = TypeVar("T")

_MARK = ".import.json"
_THREADS = 2


@contextmanager
def making(to: Path, made_by: Mapping[str, Any], files: Iterable[Path]) -> Generator[Path]:
    """Hold a set's folder while its images are written from some files; hand out where they go.

    A mark says of what, so that the same import goes on after a kill and no other mixes with it;
    it is taken away once the block has ended well. The name of an image must tell how it was
    made: then options may change between the two, and files be taken away, but not altered.

    Raises:
        BusyError: the folder is in use, or holds anything else.
    """
    source = Path(made_by["config"]["source"]).resolve()
    stamps = {str(file): _stamp(file) for file in files}
    mark = {
        "command": made_by["command"],
        "version": made_by["version"],
        "source": str(source),
        "files": stamps,
    }
    with holding(to):
        before = _refuse_others(to, made_by, mark)
        write_json(to / _MARK, {**mark, "files": {**before, **stamps}})
        yield to.resolve() / "images"
        (to / _MARK).unlink()


def same_import(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether two imports have one command, version, configuration and stamp."""
    return digest(dict(one)) == digest(dict(other))


def write_image(file: Path, pixels: Array | Grey) -> None:
    """Encode an image by its ending and write it, whole or not at all.

    Raises:
        DatasetError: its name leaves no room for one to be written beside it.
    """
    try:
        write_bytes(file, encode(pixels, file.suffix))
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise DatasetError(
            f"An image that the import writes must have a name of 200 letters at most; "
            f"{file.name[:40]!r}... is longer. Rename its source."
        ) from error


def in_order(function: Callable[[S], T], items: Iterable[S], ahead: int) -> Generator[T]:
    """Map on threads, in order, with at most ``ahead`` results under way, so that few are held.

    >>> list(in_order(abs, [-1, 2, -3], ahead=2))
    [1, 2, 3]
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        waiting: deque[Future[T]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _stamp(file: Path) -> str:
    status = file.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def _refuse_others(
    to: Path, made_by: Mapping[str, Any], mark: Mapping[str, Any]
) -> Mapping[str, str]:
    """Make sure that this import may write here; hand out the files it was begun with."""
    begun: Any = {}
    if (to / "set.json").exists():
        there = read_json(to / "set.json").get("made_by")
        fits = isinstance(there, Mapping) and same_import(there, made_by)
    elif (to / _MARK).exists():
        begun = read_json(to / _MARK)
        fits = _goes_on(begun, mark)
    elif others := sorted(entry.name for entry in to.iterdir() if entry.name != ".lock"):
        raise BusyError(
            f"{to} must be empty or hold this very import, which writes images there; it holds "
            f"{others[0]!r}. Give another folder."
        )
    else:
        fits = True
    if not fits:
        raise BusyError(
            f"{to} must be empty or hold this very import; the one there is of another source, of "
            f"files that have changed since, by another version, or done with other options. "
            f"Remove it, or give another folder."
        )
    return begun.get("files", {})


def _goes_on(begun: Any, mark: Mapping[str, Any]) -> bool:
    if not isinstance(begun, Mapping) or not isinstance(files := begun.get("files"), Mapping):
        return False
    unchanged = all(files.get(file, stamp) == stamp for file, stamp in mark["files"].items())
    return unchanged and all(begun.get(key) == mark[key] for key in mark if key != "files")
