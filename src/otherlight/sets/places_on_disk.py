"""Where files really lie, links followed: as `Path.resolve`, but each folder is looked at once."""

import os
from pathlib import Path


class RealPaths:
    """Resolves many files of few folders; keeps what it knows of the folders."""

    def __init__(self) -> None:
        self._folders: dict[str, str] = {"": ""}

    def of(self, file: str) -> str:
        """Resolve one absolute path."""
        if "//" in file or "/." in file:  # perhaps . or .., where a link must be followed first
            return os.path.realpath(file)
        folder, _, name = file.rpartition("/")
        return self._followed(f"{self._folder(folder)}/{name}")

    def _folder(self, folder: str) -> str:
        names: list[str] = []
        while (known := self._folders.get(folder)) is None:  # no recursion: names may be deep
            folder, _, name = folder.rpartition("/")
            names.append(name)
        while names:
            name = names.pop()
            folder, known = f"{folder}/{name}", self._followed(f"{known}/{name}")
            self._folders[folder] = known
        return known

    def _followed(self, path: str) -> str:
        link = os.path.islink(path)  # noqa: PTH114 - a Path costs ten times as much to make
        return os.path.realpath(path) if link else path


def place_files(files: list[str | None], root: Path, to: Path) -> list[str | None]:
    """Name files, which are relative to ``root`` or absolute, relative to ``to`` where inside it.

    Others become absolute; links are followed. ``to`` must be resolved.
    """
    real, base, prefix = RealPaths(), f"{root.absolute()}/", f"{to}/"
    return [
        None
        if file is None
        else real.of(file if file.startswith("/") else base + file).removeprefix(prefix)
        for file in files
    ]
