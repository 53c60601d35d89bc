"""Doctor's look at the tables of one set: boxes, classes, words, and what its import left out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from otherlight.datasets.config import TIMES, WEATHERS
from otherlight.datasets.findings import (
    Finding,
    Grade,
    Subject,
    import_again,
    select_with,
)
from otherlight.sets.columns import SPLITS

_TINY = 3.0
"""Pixels: a box whose shorter side is below is hardly seen."""
_ROUNDING = 0.5
_NAMED = 10
_KNOWN = {"timeofday": TIMES, "weather": WEATHERS, "split": SPLITS}
_RANGES = {"occlusion": (0, 1), "occlusion_level": (0, 2), "truncation": (0, 1)}
_LEFT_OUT: Mapping[str, Grade] = {
    "label file without image": "warning",
    "labels without image file": "warning",
    "unreadable image": "warning",
    "box without area": "warning",
    "box outside the image": "warning",
    "image of another size than its labels say (the image's is kept)": "warning",
    "image that the label file does not mention, left out": "note",
}
"""What an import counts of a source that doctor repeats, and how grave it is."""


def look_at_labels(subject: Subject) -> list[Finding]:
    """Check boxes, classes and words of a set; no file is read but the tables."""
    return [
        *_boxes(subject),
        *_twice(subject),
        *_classes(subject),
        *_words(subject),
        *_left_out(subject),
    ]


def _boxes(subject: Subject) -> list[Finding]:
    boxes = subject.images.boxes_of()
    # A box of no image sorts nowhere; the tables' own checks refuse it when a set is built.
    left, top, right, bottom = boxes.edges.T
    finite = np.isfinite(boxes.edges).all(axis=1)
    flat = ~finite | (left >= right) | (top >= bottom)
    width, height = (
        np.array([np.inf if size is None else size for size in subject.images.column(name)])
        for name in ("width", "height")
    )
    over = np.maximum.reduce(
        [-left, -top, right - width[boxes.image], bottom - height[boxes.image]]
    )
    tiny = ~flat & (np.minimum(right - left, bottom - top) < _TINY) & ~boxes.ignore
    sane = '"left" < "right" AND top < bottom AND isfinite("left" + top + "right" + bottom)'
    inside = f'"left" > -{_ROUNDING} AND top > -{_ROUNDING} AND "right" < image_width + {_ROUNDING}'
    return [
        *_of_boxes(subject, "degenerate box", "error", flat, _where_boxes(subject, sane)),
        *_of_boxes(
            subject,
            "box outside",
            "warning",
            ~flat & (over > _ROUNDING),
            _where_boxes(subject, f"{inside} AND bottom < image_height + {_ROUNDING}"),
        ),
        *_of_boxes(
            subject,
            "tiny box",
            "note",
            tiny,
            _where_boxes(subject, f"least(box_width, box_height) >= {_TINY:g}"),
        ),
    ]


def _where_boxes(subject: Subject, expression: str) -> str:
    return select_with(subject.name, "--where-boxes", expression)


def _of_boxes(
    subject: Subject, rule: str, grade: Grade, wrong: Bool[np.ndarray, " boxes"], mend: str
) -> list[Finding]:
    rows = np.flatnonzero(wrong)
    if not len(rows):
        return []
    return [
        Finding(
            rule=rule,
            grade=grade,
            sets=(subject.name,),
            count=len(rows),
            what=f"{len(rows)} of {len(wrong)} boxes",
            example=_box(subject, int(rows[0])),
            mend=mend,
        )
    ]


def _box(subject: Subject, row: int) -> str:
    box = subject.images.boxes.slice(row, 1).to_pylist()[0]
    edges = ", ".join(f"{box[edge]:g}" for edge in ("left", "top", "right", "bottom"))
    return f"box {box['box']} of {box['image']}, {box['label']} at ({edges})"


def _twice(subject: Subject) -> list[Finding]:
    """Find boxes that lie on one another to the pixel, of one class or of two."""
    boxes = subject.images.boxes_of()
    edges: Float[np.ndarray, "boxes 4"] = np.rint(np.nan_to_num(boxes.edges))
    first: dict[tuple[Any, ...], int] = {}
    same, other = np.zeros(len(boxes), bool), np.zeros(len(boxes), bool)
    places = zip(boxes.image.tolist(), map(tuple, edges.tolist()), strict=True)
    for row, place in enumerate(places):
        before = first.setdefault(place, row)
        if before != row:
            same[row] = boxes.label[before] == boxes.label[row]
            other[row] = not same[row]
    return [
        *_of_boxes(subject, "duplicate box", "warning", same, _without(subject, same)),
        *_of_boxes(
            subject,
            "coinciding boxes",
            "warning",
            other,
            select_with(subject.name, "coinciding=one"),
        ),
    ]


def _without(subject: Subject, wrong: Bool[np.ndarray, " boxes"]) -> str:
    """Name the command that leaves some boxes out; the first few stand for many."""
    rows = np.flatnonzero(wrong).tolist()
    boxes = subject.images.boxes
    named = [boxes.slice(row, 1).to_pylist()[0] for row in rows[:_NAMED]]
    each = [f"image = '{str(box['image']).replace(chr(39), 2 * chr(39))}' AND box = {box['box']}"
            for box in named]  # fmt: skip
    more = " OR ..." if len(rows) > _NAMED else ""
    return _where_boxes(subject, f"NOT ({' OR '.join(each)}{more})")


def _classes(subject: Subject) -> list[Finding]:
    images = subject.images
    boxes = images.boxes_of()
    if not len(boxes):
        return []
    counts = np.bincount(boxes.label, minlength=len(images.classes))
    empty = [name for name, count in zip(images.classes, counts, strict=True) if not count]
    found: list[Finding] = []
    if _seems_off_by_one(subject, counts.tolist()):
        found.append(
            Finding(
                rule="class base",
                grade="warning",
                sets=(subject.name,),
                count=int(counts[1:].sum()),
                what=f"id 0 ({images.classes[0]}) never occurs in {len(boxes)} boxes",
                example=f"{_box(subject, 0)}: is it really {images.classes[boxes.label[0]]}?",
                mend=f"{import_again(images.made_by)} class_base=1",
            )
        )
    if empty:
        found.append(
            Finding(
                rule="empty class",
                grade="note",
                sets=(subject.name,),
                count=len(empty),
                what=f"{len(empty)} of {len(images.classes)} classes",
                example=", ".join(empty[:5]),
                mend="Nothing need be done; AP leaves out classes without truth. To drop them: "
                + select_with(subject.name, f"classes={_chosen(images.classes, empty)}"),
            )
        )
    return found


def _chosen(classes: Sequence[str], empty: Sequence[str]) -> str:
    kept = ", ".join(f"{name}: [{name}]" for name in classes if name not in empty)
    return "{" + kept + "}"


def _seems_off_by_one(subject: Subject, counts: Sequence[int]) -> bool:
    """Formats that name classes by id alone can be read from the wrong base; others cannot."""
    made = subject.images.made_by
    if made.get("command") != "import yolo" or made.get("config", {}).get("class_base"):
        return False
    return len(counts) > 1 and counts[0] == 0 and counts[1] > 0


def _words(subject: Subject) -> list[Finding]:
    """Find values that no filter and no slice would expect."""
    found: list[Finding] = []
    for column, known in _KNOWN.items():
        values = subject.images.column(column)
        rows = [row for row, word in enumerate(values) if word is not None and word not in known]
        first = f"{subject.keys[rows[0]]}: {column} {values[rows[0]]!r}" if rows else ""
        mend = f"Import again with {column}=WORD, one of {', '.join(known)}"
        found += subject.of_images("unknown value", "warning", rows, first, mend)
    boxes = subject.images.boxes
    for column, (low, high) in _RANGES.items():
        values = boxes[column].to_numpy(zero_copy_only=False).astype(float)
        wrong = (values < low) | (values > high)
        mend = _where_boxes(subject, f"{column} IS NULL OR {column} BETWEEN {low} AND {high}")
        found += _of_boxes(subject, "unknown value", "warning", wrong, mend)
    return found


def _left_out(subject: Subject) -> list[Finding]:
    """Repeat what the import counted: a set cannot show what never came into it."""
    counts = subject.images.counts
    rules: dict[str, int] = defaultdict(int)
    for kind in ("dropped", "noted"):
        for rule, times in counts.get(kind, {}).items():
            rules[rule] += times if isinstance(times, int) else sum(times.values())
    mend = f"Mend the source, then: {import_again(subject.images.made_by)}"
    return [
        Finding(
            rule="labels left out",
            grade=_LEFT_OUT[rule],
            sets=(subject.name,),
            count=times,
            what=f"{times} x {rule}",
            example=str(counts.get("first", {}).get(rule, "")),
            mend=mend,
        )
        for rule, times in rules.items()
        if rule in _LEFT_OUT and times
    ]
