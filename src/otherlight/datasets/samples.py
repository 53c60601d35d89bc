"""What a reader hands on: images with their boxes as they came, and a tally of the rest."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from otherlight.datasets.box_columns import BoxColumns
from otherlight.datasets.tally import Tally, count_lines
from otherlight.errors import DatasetError, ImageError

__all__ = ["Content", "RawBox", "Sample", "Tally", "count_lines", "inside"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RawBox:
    """One box as the source has it; edges are left, top, right, bottom."""

    label: str
    edges: tuple[float, float, float, float]
    at: str
    """Where in the sample's label file, for messages."""
    columns: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One image as the source has it; ``columns`` is whatever the source knows of it.

    ``labelled`` None: no labels are given, which means background if any other image has some.
    """

    image: str
    file: Path
    at: str
    boxes: Sequence[RawBox] = ()
    labelled: bool | None = True
    columns: Mapping[str, Any] = field(default_factory=dict[str, Any])
    fault: ImageError | None = None
    """Why an image that the import had to write itself could not be made."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """A source, opened: its classes, and its images one by one."""

    classes: tuple[str, ...]
    samples: Iterable[Sample]
    make: Callable[[Path], Iterable[Sample]] | None = None
    """Instead of ``samples``, where the images must be written first: below the folder it is
    called with, skipping those that are there, from ``files`` alone. See
    `otherlight.datasets.making`."""
    count: int | None = None
    shares: bool = False
    """Edges are shares of the image's width and height, not pixels."""
    files: Sequence[Path] = ()
    """Files that a second import would read: if none has changed, neither has the set."""
    origin: str | None = None
    """The collection, where the format belongs to one."""
    relevance: Sequence[tuple[str, str, str]] = ()
    """Keys of query and image, and the grade; of images that turn out not to be there too."""
    boxes: Callable[[Callable[[int], str]], BoxColumns] | None = None
    """All boxes at once, for sources with very many: called after the samples, which bring none,
    with what says where each sample stands."""


def inside(name: str, at: str) -> str:
    """Check that a name from a label file stays inside the images' folder.

    >>> inside("train/a.jpg", "labels.json")
    'train/a.jpg'
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or not path.suffix:
        raise DatasetError(
            f"An image's name must be a relative path with an extension, inside the folder of "
            f"images; {name!r} came in {at}. Mend the label file."
        )
    return path.as_posix()
