"""A histogram in the terminal: a line a bar, a block of lines a set."""

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otherlight.sets.histogram import Histogram

_EIGHTHS = " ▏▎▍▌▋▊▉"
_LONGEST_LABEL = 32


def print_histogram(counted: "Histogram", titles: Sequence[str]) -> None:
    """Print every set's bars under its name; lengths are shares, so that sets can be compared."""
    labels = [_shortened(label) for label in counted.labels()]
    width = max((len(label) for label in (*labels, "unknown")), default=0)
    room = max(10, min(60, shutil.get_terminal_size().columns - width - 24))
    wholes = [
        sum(counts) + unknown + others
        for counts, unknown, others in zip(
            counted.counts, counted.unknown, counted.others, strict=True
        )
    ]
    shares = [
        count / whole
        for counts, whole in zip(counted.counts, wholes, strict=True)
        for count in counts
        if whole
    ]
    longest = max(shares, default=0.0) or 1.0
    for place, title in enumerate(titles):
        print(f"{counted.column}, {counted.of} of {title}: {wholes[place]:,}")
        rows = list(zip(labels, counted.counts[place], strict=True))
        rows += [("unknown", counted.unknown[place])] if counted.unknown[place] else []
        rows += [("others", counted.others[place])] if counted.others[place] else []
        figures = max((len(f"{count:,}") for _, count in rows), default=0)
        for label, count in rows:
            share = count / wholes[place] if wholes[place] else 0.0
            bar = "" if label in ("others",) else _bar(share / longest, room)
            print(f"  {label:>{width}}  {count:>{figures},}  {100 * share:5.1f} %  {bar}".rstrip())
        if place + 1 < len(titles):
            print()


def _bar(share: float, room: int) -> str:
    """Draw a bar in eighths of a letter; what is there at all is seen.

    >>> _bar(0.5, 4), _bar(0.001, 4), _bar(0.0, 4)
    ('██', '▏', '')
    """
    eighths = min(room * 8, max(round(share * room * 8), 1 if share > 0 else 0))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _shortened(label: str) -> str:
    r"""Keep a label to one short line, whatever it holds.

    >>> _shortened("a" * 40)[-3:], _shortened("two\nlines")
    ('aa…', 'two lines')
    """
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in label).split())
    return line if len(line) <= _LONGEST_LABEL else line[: _LONGEST_LABEL - 1] + "…"
