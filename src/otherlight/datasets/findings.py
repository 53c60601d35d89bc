"""What doctor has to say: findings, each with a grade, an example, a count and what mends it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from shlex import quote
from typing import Any, Literal

from otherlight.sets import ImageSet

Grade = Literal["error", "warning", "note"]
GRADES: tuple[Grade, ...] = ("error", "warning", "note")
"""Worst first. An error makes figures wrong; a warning may; a note is worth knowing."""

RULES = {
    "missing file": "image files that are not there",
    "unreadable file": "image files that do not decode",
    "same file": "one file in two places",
    "translated": "images on both sides that come from one file",
    "near duplicate": "one picture, resized, compressed, brightened, mirrored, cropped or shifted",
    "same sequence": "one drive on both sides",
    "adjacent frames": "frames of one drive that follow one another",
    "split cut by frame": "a video split frame by frame",
    "image size": "images of another size than their labels were made for",
    "degenerate box": "boxes without area, or with edges that are no numbers",
    "box outside": "boxes that reach out of their image",
    "class base": "class ids that seem to start at 1",
    "file changed": "files that are not the ones that were imported",
    "labels left out": "labels or images that the import could not use",
    "duplicate box": "one object labelled twice",
    "coinciding boxes": "one place with two classes",
    "same but ending": "images whose names differ by their ending alone",
    "unknown value": "values outside the known ones",
    "ungrouped": "images of one group that count as independent",
    "tiny box": "boxes too small to see",
    "empty class": "classes without a box",
    "same scene": "one place seen by a moving camera on both sides",
    "same view": "one view, at other times",
    "mixed shapes": "images much wider or narrower than the rest",
}
"""Every rule there is and what it is about; where grades are equal, the order is this one."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two images of a finding: the sets' names, the keys, the files, and how they belong."""

    image: str
    file: Path
    set: str
    other_image: str
    other_file: Path
    other_set: str
    mirrored: bool = False
    evidence: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong or worth knowing.

    ``sets`` are the folders as they were given; ``mend`` is a command, or what to do where no
    command can.
    """

    rule: str
    grade: Grade
    sets: tuple[str, ...]
    count: int
    what: str
    example: str
    mend: str
    pairs: Sequence[Pair] = ()

    def as_json(self) -> dict[str, Any]:
        """Say it for programs; pairs by name."""
        pairs = [{**asdict(p), "file": str(p.file), "other_file": str(p.other_file)}
                 for p in self.pairs]  # fmt: skip
        return {**asdict(self), "sets": list(self.sets), "pairs": pairs}


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What doctor found: about each set, and findings, worst first."""

    sets: Mapping[str, Mapping[str, Any]]
    findings: Sequence[Finding]

    @property
    def errors(self) -> int:
        """How many findings are of the worst grade."""
        return sum(finding.grade == "error" for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Say it for programs."""
        return {
            "errors": self.errors,
            "findings": [finding.as_json() for finding in self.findings],
            "sets": {name: dict(facts) for name, facts in self.sets.items()},
        }


@dataclass(frozen=True)
class Subject:
    """A set as it was given: its folder, which is its name here, and what is in it."""

    name: str
    images: ImageSet

    @cached_property
    def keys(self) -> list[str]:
        """The images' keys."""
        return self.images.names()

    @cached_property
    def files(self) -> list[Path]:
        """The images' files."""
        return self.images.files()

    def of_images(
        self, rule: str, grade: Grade, rows: Sequence[int], example: str, mend: str | None = None
    ) -> list[Finding]:
        """Make a finding of some images, or none of none; without ``mend`` they are left out."""
        if not rows:
            return []
        return [
            Finding(
                rule=rule,
                grade=grade,
                sets=(self.name,),
                count=len(rows),
                what=f"{len(rows)} of {len(self.keys)} images",
                example=example,
                mend=mend or select_without(self.name, [self.keys[row] for row in rows]),
            )
        ]


def ranked(findings: Sequence[Finding]) -> list[Finding]:
    """Put the worst first: by grade, by rule, by count."""
    order = list(RULES)
    return sorted(
        findings, key=lambda f: (GRADES.index(f.grade), order.index(f.rule), -f.count, f.sets)
    )


def select_without(name: str, images: Sequence[str]) -> str:
    """Name the command that makes a set without some images; many are named by file."""
    if len(images) > 20:
        return f"{_select(name)} --where {_quoted(_listed(images[:20]) + ' AND ...')}"
    return f"{_select(name)} --where {_quoted(_listed(images))}"


def select_with(name: str, *words: str) -> str:
    """Name the command that makes a set by other settings."""
    return " ".join((_select(name), *map(_quoted, words)))


def import_again(made_by: Mapping[str, Any]) -> str:
    """Name the command that made a set, up to further settings."""
    config = made_by.get("config", {})
    images = f" --images {quote(config['images'])}" if config.get("images") else ""
    command = made_by.get("command", "import")
    return f"otherlight {command} {quote(str(config.get('source', 'SRC')))}{images} --to NEW"


def _select(name: str) -> str:
    return f"otherlight select {quote(name)} --to {quote(name.rstrip('/') + '-mended')}"


def _quoted(word: str) -> str:
    """Quote for a shell, in double quotes where that is easier on the eye."""
    plain = quote(word)
    if plain == word or "'" not in word or set(word) & set('"$`!\\'):
        return plain
    return f'"{word}"'


def _listed(images: Sequence[str]) -> str:
    names = ", ".join("'" + image.replace("'", "''") + "'" for image in images)
    return f"image NOT IN ({names})"
