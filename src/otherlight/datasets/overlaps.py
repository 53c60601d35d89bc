"""What doctor finds on both sides: images that two splits, two sets or two groups share.

Training images and unlabelled pools are learnt from, so train and pool are one side; validation
and test are a side each. Images without a split are on one side within a set, and on two in two
sets. What is shared between two sides is an error. Within one side it is none, but images that
show one thing must bear one group, since groups are what splits and intervals count.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, pairwise
from pathlib import PurePosixPath

import numpy as np
from jaxtyping import Int

from otherlight.datasets.findings import Pair, Subject
from otherlight.datasets.hashing import Index, propose
from otherlight.datasets.leaks import CANDIDATES, drives_of
from otherlight.datasets.sighting import Sight, Sighting
from otherlight.records.progress import task

_SAME_SHOT = 0.09
"""Largest local difference of two files of one shot, where another shot could look like it. On
pictures that a fixed camera took half an hour apart it was .10 and more."""
_SIDES = {"train": "learnt", "pool": "learnt"}


@dataclass(frozen=True, kw_only=True)
class Patient:
    """A set whose readable images were hashed: ``rows`` says which row each hash is of."""

    subject: Subject
    sha256: Sequence[str | None]
    rows: Int[np.ndarray, " readable"]
    index: Index


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """Two images, what they share, and whether they are on two sides or of two groups."""

    rule: str
    pair: Pair
    sides: tuple[str, str]
    apart: bool
    shared: str = ""


def side_of(split: str | None, of_set: str) -> str:
    """Name the side of an image: learnt, val, test, or its set's own where no split is known.

    >>> side_of("pool", "a") == side_of("train", "b"), side_of(None, "a") == side_of(None, "b")
    (True, False)
    """
    return f"unsplit {of_set}" if split is None else _SIDES.get(split, split)


def find_overlaps(patients: Sequence[Patient]) -> list[Overlap]:
    """Compare every set with itself and with every other."""
    found: list[Overlap] = []
    sight = Sight()
    for mine, theirs in combinations_with_replacement(patients, 2):
        meeting = _Meeting(mine, theirs)
        files = list(meeting.shared_files())
        seen = {(o.pair.image, o.pair.other_image) for o in files}
        found += files
        found += meeting.shared_sequences()
        found += meeting.alike(sight, seen)
    return found


class _Meeting:
    """Two sets side by side, which may be one set twice."""

    def __init__(self, mine: Patient, theirs: Patient) -> None:
        self.mine, self.theirs = mine, theirs
        self.same = mine is theirs
        self.sides, self.other_sides = _sides(mine.subject), _sides(theirs.subject)
        self.places, self.others = (p.subject.images.column("place") for p in (mine, theirs))
        self.drives, self.other_drives = (drives_of(p.subject.images) for p in (mine, theirs))

    def overlap(
        self,
        rule: str,
        row: int,
        other: int,
        shared: str = "the same bytes",
        mirrored: bool = False,
    ) -> Overlap:
        mine, theirs = self.mine.subject, self.theirs.subject
        sides = self.sides[row], self.other_sides[other]
        return Overlap(
            rule=rule,
            sides=sides,
            apart=sides[0] != sides[1],
            shared=shared,
            pair=Pair(
                image=mine.keys[row],
                file=mine.files[row],
                set=mine.name,
                other_image=theirs.keys[other],
                other_file=theirs.files[other],
                other_set=theirs.name,
                mirrored=mirrored,
                evidence=shared,
            ),
        )

    def shared_files(self) -> Iterator[Overlap]:
        """Pair images of the same bytes, or made from the same bytes.

        Each image is paired with the first of each side alone: a thousand copies of one blank
        frame are a thousand pairs, not half a million.
        """
        firsts: dict[str, dict[tuple[str, bool], int]] = defaultdict(dict)
        for other, value, is_own in _bytes_of(self.theirs):
            firsts[value].setdefault((self.other_sides[other], is_own), other)
        for row, value, is_own in _bytes_of(self.mine):
            for (_, is_theirs), other in firsts.get(value, {}).items():
                if self.same and other >= row:
                    continue
                rule = "same file" if is_own and is_theirs else "translated"
                found = self.overlap(rule, *((other, row) if self.same else (row, other)))
                if rule == "same file" or found.apart:
                    yield found

    def shared_sequences(self) -> Iterator[Overlap]:
        """Name each drive that has images on two sides, once for each two sides."""
        named: set[tuple[str, ...]] = set()
        theirs: dict[str, dict[tuple[str, str | None], int]] = defaultdict(dict)
        for other, (names, origin) in enumerate(self.other_drives):
            for name in names:
                theirs[name].setdefault((self.other_sides[other], origin), other)
        for row, (names, origin) in enumerate(self.drives):
            for name in sorted(names):
                for (side, other_origin), other in theirs[name].items():
                    known = (name, *sorted((self.sides[row], side)))
                    met = origin == other_origin or origin is None or other_origin is None
                    if side != self.sides[row] and known not in named and met:
                        named.add(known)
                        yield self.overlap("same sequence", row, other, f"drive {name}")

    def alike(self, sight: Sight, seen: set[tuple[str, str]]) -> Iterator[Overlap]:
        """Look at pairs that resemble one another, and at those whose numbers adjoin."""
        adjoining = set(self._adjoining())
        pairs = {
            (int(self.mine.rows[p.used]), int(self.theirs.rows[p.test])): p.mirrored
            for p in propose(
                self.mine.index, self.theirs.index, CANDIDATES, together=self._together()
            )
        }
        pairs |= {pair: False for pair in adjoining if pair not in pairs}
        keys, others = self.mine.subject.keys, self.theirs.subject.keys
        with task("comparing images", len(pairs)) as advance:
            for (row, other), mirrored in sorted(pairs.items()):
                advance(1)
                same = self.mine.sha256[row] == self.theirs.sha256[other]
                if same or (keys[row], others[other]) in seen:
                    continue
                files = self.mine.subject.files[row], self.theirs.subject.files[other]
                sighting = sight.compare(*files, mirrored=mirrored)
                place = self.places[row] is not None and self.places[row] == self.others[other]
                rule = _rule(sighting, place and not mirrored, (row, other) in adjoining)
                if rule is not None:
                    yield self.overlap(rule, row, other, _evidence(rule, sighting), mirrored)

    def _together(self) -> tuple[Int[np.ndarray, " images"], Int[np.ndarray, " others"]]:
        """Number sides and groups, so that images of one group on one side are not compared."""
        numbers: dict[tuple[str, ...], int] = {}

        def codes(patient: Patient, sides: Sequence[str]) -> Int[np.ndarray, " images"]:
            groups = patient.subject.images.column("group")
            names = [
                (patient.subject.name, str(sides[row]), str(groups[row])) for row in patient.rows
            ]
            return np.array([numbers.setdefault(n, len(numbers)) for n in names], np.int64)

        return codes(self.mine, self.sides), codes(self.theirs, self.other_sides)

    def _adjoining(self) -> Iterator[tuple[int, int]]:
        """Pair images whose file numbers follow one another, on two sides or in two groups."""
        strands: dict[tuple[str, ...], list[tuple[int, int, int]]] = defaultdict(list)
        for which, patient in enumerate((self.mine, self.theirs)[: 1 if self.same else 2]):
            for row in patient.rows.tolist():
                folder, strand, number = _numbered(patient.subject.keys[row])
                if number is not None:
                    # Counted within a folder, or through folders such as train/ and val/.
                    strands[folder, strand].append((number, which, row))
                    strands[(strand,)].append((number, which, row))
        groups = [p.subject.images.column("group") for p in (self.mine, self.theirs)]
        for members in strands.values():
            members.sort()
            for (_, first, row), (_, second, other) in pairwise(members):
                sides = (self.sides, self.other_sides)[first][row], (
                    self.sides, self.other_sides)[second][other]  # fmt: skip
                apart = sides[0] != sides[1]
                if self.same and (apart or groups[0][row] != groups[0][other]):
                    yield min(row, other), max(row, other)
                elif first != second and apart:
                    yield (row, other) if first == 0 else (other, row)


def _rule(sighting: Sighting, one_place: bool, adjoining: bool) -> str | None:
    """Say what a pair of pictures is called, knowing whether they name one place.

    A fixed camera takes the same picture again where nothing moved, which differs by no more than
    a compressed copy does. Where a place is named, only what can be no second picture is a copy.
    """
    if sighting.kind == "other":
        return None
    if one_place and sighting.difference > _SAME_SHOT:
        return "same view"
    if sighting.kind == "copy":
        return "near duplicate"
    if adjoining:
        return "adjacent frames"
    return "same view" if sighting.kind == "view" else "same scene"


def _evidence(rule: str, sighting: Sighting) -> str:
    if rule == "near duplicate" or not sighting.agreeing:
        return f"largest local difference {sighting.difference:.2f}"
    return f"{sighting.agreeing} corners agree"


def _bytes_of(patient: Patient) -> Iterator[tuple[int, str, bool]]:
    """Name the bytes that each image is, and those it was made from: (row, sha256, is)."""
    parents = patient.subject.images.column("parent_sha256")
    for row, (own, parent) in enumerate(zip(patient.sha256, parents, strict=True)):
        if own is not None:
            yield row, own, True
        if parent is not None:
            yield row, parent, False


def _sides(subject: Subject) -> list[str]:
    return [side_of(split, subject.name) for split in subject.images.column("split")]


def _numbered(key: str) -> tuple[str, str, int | None]:
    """Split an image's key into folder, strand and number.

    >>> _numbered("train/Town01_001380.jpg"), _numbered("cover.jpg")
    (('train', 'Town01_', 1380), ('.', '', None))
    """
    path = PurePosixPath(key)
    found = re.fullmatch(r"(.*?)(\d{1,12})\D*", path.stem)
    if found is None:
        return path.parent.as_posix(), "", None
    return path.parent.as_posix(), found[1], int(found[2])
