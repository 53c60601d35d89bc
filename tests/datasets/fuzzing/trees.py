"""A source held in memory: files, links and folders by their paths, to be changed and written."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from .seeds import Seed


@dataclass(frozen=True)
class Link:
    """A symbolic link; the target as it is written."""

    target: str


@dataclass(frozen=True)
class Other:
    """A thing that is no regular file: ``folder`` or ``pipe``."""

    kind: str


Entry = bytes | Link | Other
Tree = Mapping[str, Entry]
"""Entries by their paths; those of Python's surrogates stand for names that are no UTF-8."""


@cache
def planted(seed: Seed) -> tuple[Tree, str]:
    """Write a seed once; hand out what it wrote, and what to import."""
    with TemporaryDirectory() as place:
        root = Path(place).resolve() / "in"
        root.mkdir()
        source = seed(root).relative_to(root).as_posix()
        return {path.relative_to(root).as_posix(): _entry(path) for path in _walk(root)}, source


def write_tree(tree: Tree, root: Path) -> None:
    """Write entries below a folder; one that meets another's place is left out."""
    root.mkdir()
    for name, entry in sorted(tree.items()):
        path = os.path.join(root, name)  # noqa: PTH118 - a Path would tidy the name
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
            _write(Path(path), entry)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            continue


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of all that lies under a folder, links themselves included."""
    stats = ((path, path.lstat()) for path in _walk(folder))
    return {str(path): (status.st_size, status.st_mtime_ns) for path, status in stats}


def _walk(root: Path) -> list[Path]:
    found: list[Path] = []
    for place, folders, files in os.walk(root):
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        found += [Path(place) / name for name in (*files, *links)]
    return sorted(found)


def _entry(path: Path) -> Entry:
    if path.is_symlink():
        return Link(os.path.relpath(path.resolve(), path.parent))
    return path.read_bytes()


def _write(path: Path, entry: Entry) -> None:
    if isinstance(entry, Link):
        path.symlink_to(entry.target)
    elif isinstance(entry, bytes):
        if path.is_symlink() or path.exists():
            raise FileExistsError
        path.write_bytes(entry)
    elif entry.kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
