"""Leaks: what a test set shares with anything that a result was made from.

Four ways, each by its own evidence. The same file, by sha256, also through translation: an image
made from a test image, or from what a test image was made from. The same pixels resized,
recompressed, brightened or mirrored: a hash proposes, a closer look decides. The same sequence.

Sequences of unrelated collections may bear the same name ("0001"). A set says where its images
come from in the attribute ``origin`` (an import's option; BDD100K's names need none). Equal names
are one sequence unless both origins are known and differ: the check fails closed.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest

from otherlight.datasets.hashing import Index, Proposal, index_of, propose
from otherlight.datasets.sighting import Sight
from otherlight.errors import LeakError
from otherlight.records.files import sha256_of
from otherlight.records.progress import task
from otherlight.sets import ImageSet

KINDS = {
    "same file": "is the same file as",
    "translated": "shares its origin, through translation, with",
    "near duplicate": "shows the same picture as",
    "same sequence": "belongs to the same sequence as",
}
CANDIDATES = 8
"""Test images that one used image is held against: one proves the leak."""


@dataclass(frozen=True, kw_only=True)
class Leak:
    """One used image that a test image must not share anything with, and does.

    ``evidence``: 1 for files; for near duplicates 1 less the largest local difference; for a
    sequence, which is reported once, how many test images it holds.
    """

    kind: str
    role: str
    used_image: str
    test_set: str
    test_image: str
    evidence: float
    sequence: str | None = None

    def sentence(self) -> str:
        """Say it."""
        which = f" ({self.sequence!r})" if self.sequence else ""
        return (
            f"{self.used_image!r} of {self.role} {KINDS[self.kind]} {self.test_image!r} of "
            f"{self.test_set}{which}"
        )


def find_leaks(used: Mapping[str, ImageSet], test: Mapping[str, ImageSet]) -> list[Leak]:
    """Find what used sets, by role, share with test sets, by name.

    Raises:
        ImageError: an image that is to be compared cannot be read.
    """
    indices: dict[str, Index] = {}
    for images in (*used.values(), *test.values()):
        if images.hash not in indices:
            indices[images.hash] = index_of(images.files())
    found: list[Leak] = []
    for role, mine in used.items():
        for name, theirs in test.items():
            bytes_of = _hashes(mine), _hashes(theirs)
            pairs = _shared_files(*bytes_of)
            candidates = [
                pair
                for pair in propose(indices[mine.hash], indices[theirs.hash], CANDIDATES)
                if not _share(bytes_of[0][pair.used], bytes_of[1][pair.test])
            ]
            pairs |= _near_duplicates(mine, theirs, candidates)
            keys, others = mine.names(), theirs.names()
            found += [
                Leak(
                    kind=kind,
                    role=role,
                    used_image=keys[row],
                    test_set=name,
                    test_image=others[other],
                    evidence=evidence,
                )
                for (row, other), (kind, evidence) in sorted(pairs.items())
            ]
            found += _shared_sequences(role, mine, name, theirs)
    return found


def refuse_leaks(leaks: Sequence[Leak]) -> None:
    """Raise a LeakError that names the first few leaks of each kind, if there are any."""
    if not leaks:
        return
    by_kind: dict[str, list[Leak]] = defaultdict(list)
    for leak in leaks:
        by_kind[leak.kind].append(leak)
    counts = ", ".join(f"{len(by_kind[kind])} x {kind}" for kind in KINDS if kind in by_kind)
    pairs = "; ".join(leak.sentence() for kind in KINDS for leak in by_kind[kind][:3])
    raise LeakError(
        f"A test set may share nothing with what is learnt from; {counts}: {pairs}. Leave these "
        f"images out with where, or split by sequence. Sequences of unrelated collections that "
        f"bear one name: give each an origin on import."
    )


Pair = tuple[int, int]
Way = tuple[str, float]
Bytes = tuple[str, str | None]
"""Hashes of an image's file, and of the file it was made from."""


def _shared_files(used: Sequence[Bytes], test: Sequence[Bytes]) -> dict[Pair, Way]:
    """Pair images that are, or come from, one file.

    Each of them is in a pair, but not in one with every other: a thousand copies of one blank
    frame on either side are a thousand pairs, not a million.
    """
    own, parents = (_rows_by([each[part] for each in used]) for part in (0, 1))
    their_own, their_parents = (_rows_by([each[part] for each in test]) for part in (0, 1))
    ways = (
        ("same file", own, their_own),
        ("translated", own, their_parents),
        ("translated", parents, their_own),
        ("translated", parents, their_parents),
    )
    found: dict[Pair, Way] = {}
    for kind, mine, theirs in ways:
        for value in mine.keys() & theirs.keys():
            rows, others = mine[value], theirs[value]
            first = min(rows, others, key=len)[0]
            for pair in zip_longest(rows, others, fillvalue=first):
                found.setdefault(pair, (kind, 1.0))
    return found


def _rows_by(values: Sequence[str | None]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for row, value in enumerate(values):
        if value:
            rows[value].append(row)
    return rows


def _share(one: Bytes, other: Bytes) -> bool:
    return any(value in other for value in one if value)


def _hashes(images: ImageSet) -> list[Bytes]:
    own, parents, files = images.column("sha256"), images.column("parent_sha256"), images.files()
    with ThreadPoolExecutor() as pool:
        missing = [row for row, value in enumerate(own) if value is None]
        for row, value in zip(
            missing, pool.map(sha256_of, (files[row] for row in missing)), strict=True
        ):
            own[row] = value
    return list(zip(own, parents, strict=True))


def _near_duplicates(
    used: ImageSet, test: ImageSet, candidates: Sequence[Proposal]
) -> dict[Pair, Way]:
    files, others = used.files(), test.files()
    sight = Sight()
    found: dict[Pair, Way] = {}
    with task("comparing images", len(candidates)) as advance:
        for pair in candidates:
            seen = sight.compare(files[pair.used], others[pair.test], mirrored=pair.mirrored)
            if seen.kind == "copy":
                found[pair.used, pair.test] = "near duplicate", 1.0 - seen.difference
            advance(1)
    return found


def _shared_sequences(role: str, used: ImageSet, name: str, test: ImageSet) -> Iterator[Leak]:
    theirs = _sequences(test)
    for sequence, mine in _sequences(used).items():
        for origin, (row, _) in mine.items():
            matching = [
                found
                for other, found in theirs.get(sequence, {}).items()
                if origin == other or origin is None or other is None
            ]
            if matching:
                yield Leak(
                    kind="same sequence",
                    role=role,
                    used_image=used.names()[row],
                    test_set=name,
                    test_image=test.names()[matching[0][0]],
                    evidence=float(sum(count for _, count in matching)),
                    sequence=sequence,
                )


def _sequences(images: ImageSet) -> dict[str, dict[str | None, tuple[int, int]]]:
    """By name and origin of a sequence: its first row, and how many images it holds."""
    found: dict[str, dict[str | None, tuple[int, int]]] = defaultdict(dict)
    for row, (names, origin) in enumerate(drives_of(images)):
        for name in names:
            first, count = found[name].get(origin, (row, 0))
            found[name][origin] = (first, count + 1)
    return found


def drives_of(images: ImageSet) -> list[tuple[set[str], str | None]]:
    """Name the sequence and group of each image, where it has any, and its origin."""
    columns = (images.column(c) for c in ("image", "sequence", "group", "attributes"))
    return [
        ({name for name in (sequence, group) if name and name != key}, dict(words).get("origin"))
        for key, sequence, group, words in zip(*columns, strict=True)
    ]
