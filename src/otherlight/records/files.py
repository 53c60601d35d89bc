"""Write, then rename: no file is ever half-written under its own name.

A folder that a run writes to is held by a lock, so that two runs never mix.
"""

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from otherlight.errors import BusyError, DatasetError, DiskFullError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_NO_ROOM_WORDS = ("No space left", "os error 28")


@contextmanager
def writing(path: Path, *, durable: bool = True) -> Generator[Path]:
    """Hand out a temporary name beside ``path``, and rename it once the block has ended well.

    A full disk becomes a DiskFullError; what was there before stays as it was. Without ``durable``
    a power cut (never a kill) may leave an empty file: for what is cheap to make again.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with told_when_full(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            if durable:
                with temporary.open("rb") as written:
                    os.fsync(written.fileno())
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def told_when_full(path: Path) -> Generator[None]:
    """Turn "no space left" into a sentence, whichever library met it first."""
    try:
        yield
    except Exception as error:
        number = error.errno if isinstance(error, OSError) else None
        # Libraries written in Rust and C++ tell the reason in their own exceptions' text.
        if number in _NO_ROOM or any(word in str(error) for word in _NO_ROOM_WORDS):
            raise DiskFullError(
                f"Writing {path} needs room on its disk; there is none left. Free some and run "
                f"the same command again: what is done is kept."
            ) from error
        raise


def write_bytes(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a whole file, or leave the old one."""
    with writing(path, durable=durable) as temporary:
        temporary.write_bytes(data)


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON with its keys in their own order."""
    write_bytes(path, (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """Read JSON; a torn file is named with its line."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise DatasetError(f"There must be a file {path}; there is none.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} must be JSON; {error}. Mend or replace the file.") from error


def sha256_of(path: Path) -> str:
    """Hash a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value: Any) -> str:
    """Hash a JSON value whatever the order of its keys.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def holding(folder: Path) -> Generator[None]:
    """Hold an output folder for this process; a second run on it is a BusyError.

    The operating system lets go of the lock when the process ends, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(
                f"{folder} must be free to write to; another run is writing there now. Wait for "
                f"it, or give another folder."
            ) from error
        _remove_orphans(folder)
        yield


def _remove_orphans(folder: Path) -> None:
    """Remove what killed processes left half-written; a living one below may still be writing."""
    for part in folder.rglob(".*.part"):
        writer = part.name.split(".")[-2]
        if not (writer.isdigit() and _lives(int(writer))):
            part.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
