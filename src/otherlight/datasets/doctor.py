"""Doctor: what is wrong in sets, and what leaks between their splits and between them, ranked."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from otherlight.datasets.file_checks import Looked, look_at_files
from otherlight.datasets.findings import (
    Diagnosis,
    Finding,
    Grade,
    Pair,
    Subject,
    import_again,
    ranked,
    select_with,
    select_without,
)
from otherlight.datasets.hashing import index_of
from otherlight.datasets.label_checks import look_at_labels
from otherlight.datasets.overlaps import Overlap, Patient, find_overlaps
from otherlight.sets import ImageSet
from otherlight.sets.describe import describe_set

_SHOWN = (
    "images", "boxes", "classes", "labelled", "without_boxes", "ignored_boxes", "occluded_boxes",
    "sizes", "commonest_size", "groups", "sequences", "split", "timeofday", "weather", "licence",
)  # fmt: skip
_SPLIT = "splits={train: 0.8, val: 0.1, test: 0.1}"
_APART: Mapping[str, Grade] = {"same view": "note", "same scene": "warning"}
"""How grave it is that two sides share something; what is not named is an error."""
_TOGETHER: Mapping[str, Grade] = {"same file": "warning", "near duplicate": "warning",
                                  "adjacent frames": "warning"}  # fmt: skip
"""The same within one side; what is not named makes a group, and is worth a note."""


def examine(sets: Mapping[str, ImageSet]) -> Diagnosis:
    """Look at sets, by the folder they are in: files, labels, and what they share.

    Every image is read twice: once whole, once small. What leaks is told as `find_leaks` tells
    it, and beyond that by frames that follow one another.
    """
    findings: list[Finding] = []
    patients: list[Patient] = []
    for name, images in sets.items():
        subject = Subject(name, images)
        looked = look_at_files(subject)
        findings += [*looked.findings, *look_at_labels(subject)]
        patients.append(_hashed(subject, looked))
    overlaps = find_overlaps(patients)
    return Diagnosis(
        sets={name: _facts(images) for name, images in sets.items()},
        findings=ranked([*findings, *_told(overlaps, sets)]),
    )


def _hashed(subject: Subject, looked: Looked) -> Patient:
    rows: Int[np.ndarray, " readable"] = np.flatnonzero(looked.readable)
    return Patient(
        subject=subject,
        sha256=looked.sha256,
        rows=rows,
        index=index_of([subject.files[row] for row in rows]),
    )


def _facts(images: ImageSet) -> dict[str, Any]:
    facts = describe_set(images)
    return {name: facts[name] for name in _SHOWN if name in facts}


def _told(overlaps: Iterable[Overlap], sets: Mapping[str, ImageSet]) -> list[Finding]:
    """Make one finding of all overlaps of a kind between two sides, or in one set's one side."""
    by_kind: dict[tuple[str, bool, tuple[str, ...], tuple[str, ...]], list[Overlap]]
    by_kind = defaultdict(list)
    for overlap in overlaps:
        pair = overlap.pair
        names = tuple(dict.fromkeys((pair.set, pair.other_set)))
        sides = tuple(sorted(overlap.sides)) if overlap.apart else ()
        by_kind[overlap.rule, overlap.apart, names, sides].append(overlap)
    return [
        _apart(rule, names, sides, found, sets)
        if apart
        else _ungrouped(rule, names, found, sets)
        for (rule, apart, names, sides), found in by_kind.items()
    ]  # fmt: skip


def _apart(
    rule: str,
    names: tuple[str, ...],
    sides: tuple[str, ...],
    found: Sequence[Overlap],
    sets: Mapping[str, ImageSet],
) -> Finding:
    by_choice = len(names) == 1 and rule in ("same sequence", "adjacent frames") and _by_image(
        sets[names[0]])  # fmt: skip
    first = found[0].pair
    places = " and ".join(side.removeprefix("unsplit ") for side in sides)
    return Finding(
        rule="split cut by frame" if by_choice else rule,
        grade="warning" if by_choice else _APART.get(rule, "error"),
        sets=names,
        count=len(found),
        what=f"{len(found)} {_things(rule, len(found))} on both sides: {places}",
        example=_sentence(first),
        mend=_mend_apart(rule, names, found, sets),
        pairs=[overlap.pair for overlap in found],
    )


def _by_image(images: ImageSet) -> bool:
    config = images.made_by.get("config", {})
    return isinstance(config, Mapping) and config.get("split_by") == "image"


def _mend_apart(
    rule: str,
    names: tuple[str, ...],
    found: Sequence[Overlap],
    sets: Mapping[str, ImageSet],
) -> str:
    if rule == "same view":
        return "Nothing need be done; to keep a camera on one side, name it as sequence on import"
    pairs = [overlap.pair for overlap in found]
    if len(names) == 2:
        return select_without(names[0], list(dict.fromkeys(pair.image for pair in pairs)))
    if rule in ("same sequence", "adjacent frames", "same scene"):
        words = select_with(names[0], _SPLIT, "split_by=group")
        if rule == "same sequence":
            return words
        return f"{_name_sequences(sets[names[0]])}, then: {words}"
    keep = {overlap.pair.other_image for overlap in found if overlap.sides[0] == "learnt"}
    learnt = [
        pair.image if overlap.sides[0] == "learnt" or pair.image not in keep else pair.other_image
        for overlap, pair in zip(found, pairs, strict=True)
    ]
    return select_without(names[0], list(dict.fromkeys(learnt)))


def _ungrouped(
    rule: str,
    names: tuple[str, ...],
    found: Sequence[Overlap],
    sets: Mapping[str, ImageSet],
) -> Finding:
    """Tell of images on one side: a repetition, or a group that the set does not know of."""
    pairs = [overlap.pair for overlap in found]
    grade = _TOGETHER.get(rule, "note")
    repeats = rule in ("same file", "near duplicate")
    return Finding(
        rule=rule if repeats or rule == "same view" else "ungrouped",
        grade=grade,
        sets=names,
        count=len(found),
        what=f"{len(found)} {_things(rule, len(found))}, as if independent",
        example=_sentence(pairs[0]),
        mend=select_without(names[-1], list(dict.fromkeys(p.other_image for p in pairs)))
        if repeats
        else _name_sequences(sets[names[-1]]),
        pairs=pairs,
    )


def _name_sequences(images: ImageSet) -> str:
    if str(images.made_by.get("command")).startswith("import "):
        return f"{import_again(images.made_by)} sequence_gap=100 (or sequence=folder)"
    return "Name sequences where the set is made"


def _things(rule: str, count: int) -> str:
    if rule == "same sequence":
        return "drives" if count > 1 else "drive"
    words = {
        "same file": "pairs of one file",
        "translated": "pairs made from one file",
        "near duplicate": "pairs that show the same picture",
        "adjacent frames": "pairs of frames that follow one another",
        "same scene": "pairs that show one scene",
        "same view": "pairs that show one view",
    }[rule]
    return words if count > 1 else words.replace("pairs", "pair", 1).replace("show ", "shows ")


def _sentence(pair: Pair) -> str:
    turned = ", mirrored" if pair.mirrored else ""
    where = f" of {pair.set}", f" of {pair.other_set}"
    if pair.set == pair.other_set:
        where = "", ""
    evidence = f" ({pair.evidence}{turned})" if pair.evidence else ""
    return f"{pair.image}{where[0]} and {pair.other_image}{where[1]}{evidence}"
