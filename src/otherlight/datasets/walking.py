"""Folders and files of strangers: links that lead in circles, pipes, what cannot be read."""

import os
import stat
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from otherlight.errors import DatasetError, OtherlightError

Way = tuple[str, ...]
"""Where a folder and those above it really are, from the first one walked."""

_MOST_LINKS = 64


def walk(folder: Path) -> Generator[tuple[str, list[str]]]:
    """Give each folder below one, with the names of its files; links are followed, circles not.

    A link to a folder that it lies in is left out: what is there is found without it.

    Raises:
        DatasetError: a folder cannot be read, links lead above ``folder``, or folders link to one
            another again and again.
    """
    start = os.fspath(folder)
    ways: dict[str, Way] = {start: (os.path.realpath(start),)}
    reached: Counter[str] = Counter()
    for place, folders, files in os.walk(start, followlinks=True, onerror=_refuse):
        way = ways.pop(place)
        kept: list[str] = []
        for name in folders:
            if name.startswith("."):
                continue
            path = os.path.join(place, name)  # noqa: PTH118 - the key that os.walk will ask for
            if real := _followed(path, name, way, reached):
                ways[path] = (*way, real)
                kept.append(name)
        folders[:] = kept
        yield place, files


def _followed(path: str, name: str, way: Way, reached: Counter[str]) -> str | None:
    """Say where a folder really is; None for a link to one of those on the way to it."""
    real = f"{way[-1]}/{name}"
    if not os.path.islink(real):  # noqa: PTH114 - a Path costs ten times as much to make
        return real
    target = os.path.realpath(real)
    if target in way:
        return None
    if Path(target) in Path(way[0]).parents:
        raise DatasetError(
            f"A link must not lead to a folder above {way[0]}; {path} leads to {target}. Remove it."
        )
    reached[target] += 1
    if reached[target] > _MOST_LINKS:
        raise DatasetError(
            f"A folder may be linked to {_MOST_LINKS} times; {target} is more often, last from "
            f"{path}. Remove the links between folders that link to one another."
        )
    return target


def _refuse(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise DatasetError(
            f"Every folder must be readable; {error.filename} is not ({error.strerror}). Change "
            f"its mode or take it away."
        )


def check_plain(path: Path) -> None:
    """Make sure that a file is none that never ends, such as a pipe or a device.

    Raises:
        DatasetError: it is one, or a folder, or it cannot be looked at.
    """
    with told_of_files():
        mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe or device"
        raise DatasetError(f"{path} must be a file; it is {kind}. Take it away.")


@contextmanager
def told_of_files() -> Generator[None]:
    """Turn what the system says of a file that cannot be read or written into a sentence.

    Raises:
        DatasetError: in the place of an OSError, or of a name that is no UTF-8.
    """
    try:
        yield
    except OtherlightError:
        raise
    except OSError as error:
        name = str(error.filename or "one")
        raise DatasetError(
            f"Files and folders must be there and open to be used; {name[:200]!r} is not "
            f"({error.strerror or error}). Mend its name or mode, or take it away."
        ) from error
    except UnicodeEncodeError as error:
        raise DatasetError(
            f"Names and labels must be UTF-8; {error.object[:80]!r} is not. Rename or mend it."
        ) from error
