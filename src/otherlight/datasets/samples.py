"""What a reader hands on: images with their boxes as they came, and a tally of the rest."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from otherlight.errors import DatasetError, ImageError


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


@dataclass(kw_only=True)
class Tally:
    """What was read, and what became of it, by rule."""

    images: int = 0
    boxes: int = 0
    dropped: Counter[str] = field(default_factory=Counter[str])
    noted: Counter[str] = field(default_factory=Counter[str])
    first: dict[str, str] = field(default_factory=dict[str, str])
    wrong: set[str] = field(default_factory=set[str])

    def drop(self, rule: str, at: str, count: int = 1) -> None:
        """Count what is left out because the source is wrong or cannot be held."""
        self._add(self.dropped, rule, at, count)
        self.wrong.add(rule)

    def choose(self, rule: str, at: str, count: int = 1) -> None:
        """Count what is left out because the user said so."""
        self._add(self.dropped, rule, at, count)

    def mend(self, rule: str, at: str, count: int = 1) -> None:
        """Count what is kept, but not as it came."""
        self._add(self.noted, rule, at, count)
        self.wrong.add(rule)

    def note(self, rule: str, at: str, count: int = 1) -> None:
        """Count what is kept and worth knowing."""
        self._add(self.noted, rule, at, count)

    def _add(self, counter: Counter[str], rule: str, at: str, count: int) -> None:
        if count:
            counter[rule] += count
            self.first.setdefault(rule, at)

    def refuse_if_strict(self, strict: bool) -> None:
        """Raise a DatasetError for the first rule that broke, if nothing may be wrong."""
        for rule in sorted(self.wrong) if strict else ():
            times = self.dropped[rule] + self.noted[rule]
            raise DatasetError(
                f"A strict import leaves nothing out; {times} x {rule}, first {self.first[rule]}. "
                f"Mend the source, or import without strict."
            )

    def as_counts(self, images: int, boxes: int) -> dict[str, Any]:
        """Say it as ``counts`` of ``set.json``: images at the top, rules by name."""
        return {
            "read": self.images,
            "kept": images,
            "dropped": dict(sorted(self.dropped.items())),
            "boxes_read": self.boxes,
            "boxes_kept": boxes,
            "noted": dict(sorted(self.noted.items())),
            "first": dict(sorted(self.first.items())),
        }


def count_lines(counts: Mapping[str, Any]) -> list[str]:
    """Say in lines what an import or export read, kept, dropped and noted.

    >>> count_lines({"read": 3, "kept": 2, "dropped": {"unreadable image": 1},
    ...              "first": {"unreadable image": "a.jpg"}})
    ['2 of 3 images kept', 'dropped: 1 x unreadable image (first: a.jpg)']
    """
    lines = [f"{counts.get('kept', 0)} of {counts.get('read', 0)} images kept"]
    if "boxes_read" in counts:
        lines.append(f"{counts['boxes_kept']} of {counts['boxes_read']} boxes kept")
    first = counts.get("first", {})
    for kind in ("dropped", "noted", "lost"):
        for rule, times in counts.get(kind, {}).items():
            place = f" (first: {first[rule]})" if rule in first else ""
            lines.append(f"{kind}: {times} x {rule}{place}")
    return lines


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
