"""Folders and files of strangers: links that lead in circles, pipes, what cannot be read."""

import os
import stat
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from otherlight.errors import DatasetError, OtherlightError

_MOST_LINKS = 64


def walk(folder: Path) -> Generator[tuple[str, list[str]]]:
    """Give each folder below one, with the names of its files; links are followed, circles not.

    A link to a folder that it lies in is left out: what is there is found without it.

    Raises:
        DatasetError: a folder cannot be read, links lead above ``folder``, or folders link to one
            another again and again.
    """
    top = os.path.realpath(folder)
    reached: Counter[str] = Counter()
    for place, folders, files in os.walk(folder, followlinks=True, onerror=_refuse):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and not _in_circle(place, name, folder, top, reached)
        ]
        yield place, files


def _in_circle(place: str, name: str, folder: Path, top: str, reached: Counter[str]) -> bool:
    """Say whether a folder is a link to one of those on the way to it."""
    path = Path(place) / name
    if not path.is_symlink():
        return False
    target = os.path.realpath(path)
    way = Path(place).relative_to(folder).parents if Path(place) != folder else ()
    real = {top, os.path.realpath(place), *(os.path.realpath(folder / part) for part in way)}
    if target in real:
        return True
    if Path(target) in Path(top).parents:
        raise DatasetError(
            f"A link must not lead to a folder above {folder}; {path} leads to {target}. Remove it."
        )
    reached[target] += 1
    if reached[target] > _MOST_LINKS:
        raise DatasetError(
            f"A folder may be linked to {_MOST_LINKS} times; {target} is more often, last from "
            f"{path}. Remove the links between folders that link to one another."
        )
    return False


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
