"""Where translated images come from: the source's files, found by lineage and proved by hash."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from otherlight.errors import DatasetError
from otherlight.records.files import sha256_of
from otherlight.records.progress import track
from otherlight.sets import ImageSet, read_set
from otherlight.sets.columns import IMAGES
from otherlight.training.prefetch import prefetch

_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """A translated set and the same images as they were before, with the same boxes."""

    before: ImageSet
    after: ImageSet
    translators: tuple[str, ...]


def trace(translated: ImageSet, source: Path | None = None) -> Lineage:
    """Find the images that a set was translated from, and lay its labels over them.

    Raises:
        DatasetError: as `find_source` does.
    """
    found = find_source(translated, source)
    files = dict(zip(found.names(), found.files(), strict=True))
    return Lineage(
        before=_with_files(translated, found, files),
        after=translated,
        translators=tuple(sorted({name for name in translated.column("translator") if name})),
    )


def find_source(translated: ImageSet, source: Path | None = None) -> ImageSet:
    """Find the set that a set was translated from, and make sure of every byte of its images.

    Looks in ``source``, else where the set says, else in the folders beside it.

    Raises:
        DatasetError: images have no lineage, or their sources are missing or changed.
    """
    _check_lineage(translated)
    said: dict[str, str] = dict(
        zip(translated.names(), translated.column("parent_sha256"), strict=True)
    )
    found = _named(source, said) if source is not None else _searched(translated, said)
    files = dict(zip(found.names(), found.files(), strict=True))
    _check_files(found, [(key, files[key], sha) for key, sha in said.items()])
    return found


def _check_lineage(translated: ImageSet) -> None:
    bare = translated.column("parent_sha256").count(None)
    if bare or not len(translated):
        raise DatasetError(
            f"An audit compares images with what they were translated from; {bare} of the "
            f"{len(translated)} images of {translated.name!r} name no source. Point to a set that "
            f"otherlight translate wrote."
        )


def _named(folder: Path, said: dict[str, str]) -> ImageSet:
    found = read_set(folder)
    known = set(found.names())
    missing = [key for key in said if key not in known]
    if missing:
        raise DatasetError(
            f"The source must hold every translated image under its name; {found.name!r} lacks "
            f"{_some(missing)}. Name the set that was translated: --source SET."
        )
    return found


def _searched(translated: ImageSet, said: dict[str, str]) -> ImageSet:
    """Take the first set that holds the first image, byte for byte, and all others by name."""
    for folder in _places(translated):
        if not (folder / "set.json").exists():
            continue
        candidate = read_set(folder)
        files = dict(zip(candidate.names(), candidate.files(), strict=True))
        first = next(iter(said))
        if said.keys() <= files.keys() and _is(files[first], said[first]):
            return candidate
    names = sorted({str(name) for name in translated.column("parent")})
    raise DatasetError(
        f"The images that {translated.name!r} was translated from must be at hand; no set named "
        f"{_some(names)} that holds them lies where it lay or beside {translated.root}. Name its "
        f"folder: --source SET."
    )


def _places(translated: ImageSet) -> Iterator[Path]:
    recorded = translated.made_by.get("source")
    if isinstance(recorded, str):
        yield Path(recorded)
    root = translated.root.resolve()
    for around in (root.parent, root.parent.parent):
        headers = sorted(around.glob("*/set.json"))
        yield from (header.parent for header in headers if header.parent != root)


def _check_files(source: ImageSet, wanted: list[tuple[str, Path, str]]) -> None:
    """Hash every source: pixels of another version would make every figure wrong."""
    checked = prefetch(lambda one: _is(one[1], one[2]), wanted, threads=2, ahead=64)
    same = list(track(checked, f"checking the sources in {source.name}", len(wanted)))
    missing = [str(file) for _, file, _ in wanted if not file.is_file()]
    if missing:
        raise DatasetError(
            f"Every image of {source.name!r} must lie where the set says; {missing[0]} does not, "
            f"one of {len(missing)}. Put the files back."
        )
    changed = [key for (key, _, _), right in zip(wanted, same, strict=True) if not right]
    if changed:
        raise DatasetError(
            f"Sources must be the very files that were translated; {len(changed)} of "
            f"{len(wanted)} in {source.name!r} have other bytes: {_some(changed)}. Put the old "
            f"files back, or translate again."
        )


def _is(file: Path, sha256: str) -> bool:
    return file.is_file() and sha256_of(file) == sha256


def _with_files(translated: ImageSet, source: ImageSet, files: dict[str, Path]) -> ImageSet:
    """The translated set's labels over the source's pixels."""
    places = pa.array([str(files[key].absolute()) for key in translated.names()], pa.string())
    index = IMAGES.get_field_index("file")
    images = translated.images.set_column(index, IMAGES.field("file"), places)
    return replace(translated, name=source.name, images=images)


def _some(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
