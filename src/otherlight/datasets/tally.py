"""What was read, and what became of it: by rule, and of boxes by class too."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from otherlight.errors import DatasetError

UNTOLD = "(class unknown)"
"""Stands for the class of boxes that a reader left out before it knew their class."""
_EARLY = "left out before its class was known"


def _counters() -> defaultdict[str, Counter[str]]:
    return defaultdict(Counter[str])


@dataclass(kw_only=True)
class Tally:
    """What was read, and what became of it, by rule.

    Images and boxes that were read are kept or dropped; whatever else a source holds (a label file
    without image) is dropped without having been read as either.
    """

    images: int = 0
    boxes: int = 0
    dropped: Counter[str] = field(default_factory=Counter[str])
    noted: Counter[str] = field(default_factory=Counter[str])
    first: dict[str, str] = field(default_factory=dict[str, str])
    wrong: set[str] = field(default_factory=set[str])
    read_of: Counter[str] = field(default_factory=Counter[str])
    """Boxes read, by the source's class."""
    dropped_of: defaultdict[str, Counter[str]] = field(default_factory=_counters)
    """Boxes dropped, by rule and the source's class."""
    images_dropped: Counter[str] = field(default_factory=Counter[str])

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

    def read_boxes(self, of: Mapping[str, int]) -> None:
        """Count boxes that were read, by class."""
        self.read_of.update(of)
        self.boxes += sum(of.values())

    def drop_boxes(
        self, rule: str, at: str, of: Mapping[str, int], *, chosen: bool = False
    ) -> None:
        """Count boxes, read before, that are left out: ``chosen`` where the user said so."""
        if count := sum(of.values()):
            self.dropped_of[rule].update(of)
            (self.choose if chosen else self.drop)(rule, at, count)

    def drop_box(self, rule: str, at: str, label: str = UNTOLD, count: int = 1) -> None:
        """Count a box as read and at once as left out: for readers that cannot hand it on."""
        self.read_boxes({label: count})
        self.drop_boxes(rule, at, {label: count})

    def drop_images(self, rule: str, at: str, count: int = 1, *, chosen: bool = False) -> None:
        """Count images, read before, that are left out: ``chosen`` where the user said so."""
        if count:
            self.images_dropped[rule] += count
            (self.choose if chosen else self.drop)(rule, at, count)

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

    def by_class(
        self, kept: Mapping[str, int], ignored: Mapping[str, int], names: Mapping[str, str]
    ) -> dict[str, dict[str, Any]]:
        """Say of each class of the source what was read, kept and dropped, and its new name.

        Of each class, as many were read as are kept and dropped together.
        """
        lost = self.boxes - self.read_of.total()
        early = {_EARLY: Counter({UNTOLD: lost})} if lost > 0 else {}
        read = self.read_of + Counter({UNTOLD: lost})
        rules = {**self.dropped_of, **early}
        return {
            label: {
                "read": count,
                "kept": kept.get(label, 0),
                "ignored": ignored.get(label, 0),
                **({"becomes": names[label]} if names.get(label, label) != label else {}),
                "dropped": {rule: of[label] for rule, of in sorted(rules.items()) if of[label]},
            }
            for label, count in sorted(read.items())
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
