"""Doctor's look at the files of one set: there, whole, of the size and the bytes that it says."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from jaxtyping import Bool

from otherlight.datasets.findings import Finding, Subject
from otherlight.datasets.listing import Look, look_at_all, there_is
from otherlight.errors import ImageError
from otherlight.records.progress import task

_ODD = 1.25
"""How many times as wide, for its height, as the median image, or as narrow, an image may be."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A set whose files were looked at: what is wrong, which can be read, what they hold now."""

    findings: Sequence[Finding]
    readable: Bool[np.ndarray, " images"]
    sha256: Sequence[str | None]


def look_at_files(subject: Subject) -> Looked:
    """Read every file of a set once; what cannot be read becomes a finding."""
    looks: list[Look | ImageError] = []
    with task(f"reading {subject.name}", len(subject.files)) as advance:
        for _, look in look_at_all((file, file) for file in subject.files):
            looks.append(look)
            advance(1)
    torn = {row: look for row, look in enumerate(looks) if isinstance(look, ImageError)}
    whole = {row: look for row, look in enumerate(looks) if not isinstance(look, ImageError)}
    return Looked(
        findings=[
            *_torn(subject, torn),
            *_otherwise(subject, whole),
            *_same_but_ending(subject),
            *_mixed_shapes(subject),
        ],
        readable=np.array([row in whole for row in range(len(looks))], bool),
        sha256=[whole[row].sha256 if row in whole else None for row in range(len(looks))],
    )


def _torn(subject: Subject, torn: dict[int, ImageError]) -> list[Finding]:
    missing = [row for row in torn if not there_is(subject.files[row])]
    unreadable = [row for row in torn if row not in missing]
    back = "Bring the files back to where they were, or import again"
    return [
        *subject.of_images(
            "missing file",
            "error",
            missing,
            f"there is no {subject.files[missing[0]]}" if missing else "",
            back if len(missing) == len(subject.keys) else None,
        ),
        *subject.of_images(
            "unreadable file",
            "error",
            unreadable,
            str(torn[unreadable[0]]) if unreadable else "",
        ),
    ]


def _otherwise(subject: Subject, whole: dict[int, Look]) -> list[Finding]:
    """Find files that are whole, but of another size or other bytes than the set says."""
    images = subject.images
    said = list(zip(images.column("width"), images.column("height"), strict=True))
    kept = images.column("sha256")
    sizes = {row: (look.header.width, look.header.height) for row, look in whole.items()}
    resized = [row for row in whole if None not in said[row] and said[row] != sizes[row]]
    changed = [
        row
        for row, look in whole.items()
        if kept[row] not in (None, look.sha256) and row not in set(resized)
    ]
    again = "Import the set again, with labels made for these files"
    first = resized[0] if resized else 0
    wide, high = sizes.get(first, (0, 0))
    return [
        *subject.of_images(
            "image size",
            "error",
            resized,
            f"{subject.keys[first]} is {wide}x{high}, not {said[first][0]}x{said[first][1]}",
            again,
        ),
        *subject.of_images(
            "file changed",
            "warning",
            changed,
            f"{subject.files[changed[0]]} has other bytes than were imported" if changed else "",
            again,
        ),
    ]


def _same_but_ending(subject: Subject) -> list[Finding]:
    """Find images that a format which goes by stems cannot tell apart."""
    stems: dict[PurePosixPath, list[int]] = defaultdict(list)
    for row, key in enumerate(subject.keys):
        stems[PurePosixPath(key).with_suffix("")].append(row)
    twins = [rows for rows in stems.values() if len(rows) > 1]
    extra = [row for rows in twins for row in rows[1:]]
    names = " and ".join(subject.keys[row] for row in twins[0]) if twins else ""
    return subject.of_images("same but ending", "warning", extra, names)


def _mixed_shapes(subject: Subject) -> list[Finding]:
    sizes = zip(subject.images.column("width"), subject.images.column("height"), strict=True)
    shapes = [wide / high if wide and high else None for wide, high in sizes]
    known = [shape for shape in shapes if shape is not None]
    if not known:
        return []
    usual = float(np.median(known))
    odd = [
        row
        for row, shape in enumerate(shapes)
        if shape is not None and max(shape / usual, usual / shape) > _ODD
    ]
    example = f"{subject.keys[odd[0]]} is {shapes[odd[0]]:.2f} wide to high" if odd else ""
    return subject.of_images(
        "mixed shapes",
        "note",
        odd,
        f"{example}, the median {usual:.2f}",
        "Nothing need be done; squashing all to one size distorts some",
    )
