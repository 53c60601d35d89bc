"""How often which value: of a column, a count or any expression that a filter understands."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from otherlight.config import nearest
from otherlight.errors import QueryError
from otherlight.sets.image_set import ImageSet
from otherlight.sets.queries import Questions
from otherlight.sets.rows import Rows, box_rows, image_rows

_BARS = 16
_WORDS = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tally:
    """The different values of one set, how often each, and how many are null or nan."""

    values: Any
    times: Any
    unknown: int

    @property
    def numbers(self) -> bool:
        return self.values.dtype.kind in "iuf"


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """Bars of one expression over several sets.

    ``bars`` holds a value each, or the edges (low, high) of a bin that ends before ``high``, the
    last one with it. ``counts`` has a list for each set. ``unknown`` counts nulls and nan,
    ``others`` what the bars leave out because there are too many different values.
    """

    column: str
    of: str
    bars: Sequence[Any]
    counts: Sequence[Sequence[int]]
    unknown: Sequence[int]
    others: Sequence[int]

    def labels(self) -> list[str]:
        """Name the bars for people."""
        return [
            f"{bar[0]:g} to {bar[1]:g}" if isinstance(bar, tuple) else _said(bar)
            for bar in self.bars
        ]

    def plain(self, place: int) -> dict[str, Any]:
        """Give one set's bars as JSON values."""
        bars = [
            {"low": bar[0], "high": bar[1]} if isinstance(bar, tuple) else {"value": bar}
            for bar in self.bars
        ]
        return {
            "column": self.column,
            "of": self.of,
            "bars": [
                {**bar, "count": count} for bar, count in zip(bars, self.counts[place], strict=True)
            ],
            "unknown": self.unknown[place],
            "others": self.others[place],
        }


def histogram(sets: Sequence[ImageSet], column: str) -> Histogram:
    """Count the values of a column, of images or else of boxes, with the same bars for every set.

    Text, truth and few whole numbers get a bar a value; other numbers equal bins with round edges.

    Raises:
        QueryError: neither images nor boxes have it; the nearest name is told.
    """
    of, tallies = _tallies(sets, column)
    known = [tally for tally in tallies if len(tally.values)]
    numbers = all(tally.numbers for tally in known)
    bars = _number_bars([tally.values for tally in known]) if numbers else _word_bars(known)
    counts = [_count(tally, bars) for tally in tallies]
    return Histogram(
        column=column,
        of=of,
        bars=bars,
        counts=counts,
        unknown=[tally.unknown for tally in tallies],
        others=[
            int(tally.times.sum()) - sum(found)
            for tally, found in zip(tallies, counts, strict=True)
        ],
    )


def _tallies(sets: Sequence[ImageSet], column: str) -> tuple[str, list[_Tally]]:
    """Ask the images, then the boxes; a name that neither has is told with its nearest."""
    try:
        return "images", [_tally(each, column, _images_of) for each in sets]
    except QueryError as of_images:
        try:
            return "boxes", [_tally(each, column, _boxes_of) for each in sets]
        except QueryError:
            if not column.isidentifier():
                raise of_images from None
    known = {name for each in sets for way in (_images_of, _boxes_of) for name in way(each).names}
    raise QueryError(
        f"A histogram needs a column or a count that every set has; there is no {column!r}. "
        f"{nearest(column, known)}"
    )


def _tally(images: ImageSet, column: str, rows: Callable[[ImageSet], Rows]) -> _Tally:
    with Questions(rows(images)) as asked:
        values, times = asked.tally(column)
    data, unknown = np.ma.getdata(values), np.ma.getmaskarray(values).copy()
    if data.dtype.kind == "f":
        unknown |= ~np.isfinite(data)
    elif data.dtype.kind not in "iu":
        words = [_word(value) for value in data.tolist()]
        data = np.array([*words, None], object)[:-1]  # never an array of arrays
        unknown |= np.array([word is None for word in words], bool)
    return _Tally(values=data[~unknown], times=times[~unknown], unknown=int(times[unknown].sum()))


def _images_of(images: ImageSet) -> Rows:
    return image_rows(images.images, images.boxes, images.classes)


def _boxes_of(images: ImageSet) -> Rows:
    return box_rows(images.images, images.boxes)


def _word(value: Any) -> Any:
    """Keep texts and truths; the rest, such as maps and dates, by its text."""
    return value if value is None or isinstance(value, bool | str) else str(value)


def _number_bars(tallies: Sequence[Any]) -> list[Any]:
    if not tallies:
        return []
    values = np.unique(np.concatenate(tallies))
    low, high = values[0].item(), values[-1].item()
    if high - low < 2 * _BARS and bool((values == np.floor(values)).all()):
        return list(range(int(low), int(high) + 1))
    if len(values) <= _BARS // 2:
        return values.tolist()
    step = _round_step(high / _BARS - low / _BARS)
    if step < 1e-9 * max(abs(low), abs(high)):  # round edges would fall together
        return list(pairwise(np.unique(np.linspace(low, high, _BARS + 1)).tolist()))
    first, last = int(np.floor(low / step)), int(np.ceil(high / step))
    edges = [float(f"{step * place:.12g}") for place in range(first, max(last, first + 1) + 1)]
    return list(pairwise(edges))


def _round_step(least: float) -> float:
    """Find the 1, 2 or 5 times a power of ten that is no less.

    >>> [_round_step(least) for least in (0.7, 1.2, 4.5, 60.0)]
    [1.0, 2.0, 5.0, 100.0]
    """
    power = 10.0 ** float(np.floor(np.log10(least)))
    return next(float(power * times) for times in (1, 2, 5, 10) if power * times >= least)


def _word_bars(tallies: Sequence[_Tally]) -> list[Any]:
    total: Counter[Any] = Counter()
    for tally in tallies:
        total.update(_times_of(tally))
    return sorted(total, key=lambda value: (-total[value], str(value)))[:_WORDS]


def _count(tally: _Tally, bars: Sequence[Any]) -> list[int]:
    if bars and isinstance(bars[0], tuple):
        edges = [bars[0][0], *(high for _, high in bars)]
        found, _ = np.histogram(tally.values.astype(np.float64), bins=edges, weights=tally.times)
        return [round(count) for count in found.tolist()]
    times = _times_of(tally)
    return [times[bar] for bar in bars]


def _times_of(tally: _Tally) -> Counter[Any]:
    times: Counter[Any] = Counter()
    for value, count in zip(tally.values.tolist(), tally.times.tolist(), strict=True):
        times[value] += count
    return times


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
