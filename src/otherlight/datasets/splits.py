"""Splits that never cut a group: whole drives or places go to train, val, test or pool.

Which unit goes where is a function of seed and names alone. Units are put in an order by hash, and
the order is cut where the shares say. Among some orders the one is taken that comes nearest to the
shares, since drives are of very different lengths.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int, UInt64

from otherlight.datasets.select_config import REST
from otherlight.errors import DatasetError
from otherlight.records.seeds import seed_of

_ORDERS = 64
_FEW = 2_000
"""Units up to which several orders are tried; with more of them any order is near enough."""


def assign(
    units: Sequence[str],
    parts: Mapping[str, float | int | str],
    seed: int,
    strata: Sequence[str | None] | None = None,
) -> list[str]:
    """Give every image a split, whole units to one; ``units`` names that of each image.

    Parts are shares, numbers of images, or "rest". With ``strata`` each stratum is split alike;
    a unit belongs to the stratum of most of its images.

    Raises:
        DatasetError: there are fewer units than splits, or fewer images than asked for.
    """
    names = sorted(set(units))
    number = {name: n for n, name in enumerate(names)}
    unit = np.array([number[name] for name in units], np.int64)
    sizes = np.bincount(unit, minlength=len(names))
    shares = _shares(parts, len(units))
    ranks = np.array([seed_of(seed, "split", name) for name in names], np.uint64)
    stratum = _strata(unit, len(names), strata)
    chosen = np.zeros(len(names), np.int64)
    for each in np.unique(stratum):
        rows = np.flatnonzero(stratum == each)
        chosen[rows] = _cut(sizes[rows], ranks[rows], shares)
    used = list(parts)
    empty = [name for n, name in enumerate(used) if not (chosen == n).any()]
    if empty:
        raise DatasetError(
            f"Every split needs a group of images that is not cut; {empty[0]} would be empty, with "
            f"{len(names)} groups for {', '.join(used)}. Ask for fewer splits or larger shares, "
            f"or name sequences more finely."
        )
    return [used[n] for n in chosen[unit]]


def join_units(first: Sequence[str], second: Sequence[str | None]) -> list[str]:
    """Join groups that share a second name, so that neither is cut; null joins nothing.

    >>> join_units(["a", "b", "c"], ["x", "x", None])
    ['a', 'a', 'c']
    """
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while (above := leader.setdefault(name, name)) != name:
            leader[name] = leader.setdefault(above, above)
            name = leader[name]
        return name

    met: dict[str, str] = {}
    for group, other in zip(first, second, strict=True):
        if other is not None:
            low, high = sorted((find(group), find(met.setdefault(other, group))))
            leader[high] = low
    return [find(group) for group in first]


def _shares(parts: Mapping[str, float | int | str], images: int) -> Float[np.ndarray, " splits"]:
    """Turn shares, or numbers of images, into shares of the whole; what is left is the rest's."""
    given = {name: part for name, part in parts.items() if not isinstance(part, str)}
    whole = images if any(isinstance(part, int) for part in given.values()) else 1.0
    shares = {name: part / whole for name, part in given.items()}
    left = 1.0 - sum(shares.values())
    if left < -1e-6:
        raise DatasetError(
            f"Splits can hold no more images than there are; {sum(given.values())} were asked for, "
            f"of {images}. Ask for fewer, or for shares."
        )
    if REST not in parts.values() and left > 1e-6:
        raise DatasetError(
            f"Splits must take every image; {sum(given.values())} were asked for, of {images}. "
            f"Say where the others go, such as train: rest."
        )
    return np.array([shares.get(name, left) for name in parts])


def _strata(
    unit: Int[np.ndarray, " images"], count: int, strata: Sequence[str | None] | None
) -> Int[np.ndarray, " units"]:
    """Number the strata of the units: the word that most images of each bear."""
    if strata is None:
        return np.zeros(count, np.int64)
    votes: list[Counter[str]] = [Counter() for _ in range(count)]
    for row, word in zip(unit.tolist(), strata, strict=True):
        votes[row][word or ""] += 1
    commonest = [min(vote, key=lambda word: (-vote[word], word)) for vote in votes]
    number = {word: n for n, word in enumerate(sorted(set(commonest)))}
    return np.array([number[word] for word in commonest], np.int64)


def _cut(
    sizes: Int[np.ndarray, " units"],
    ranks: UInt64[np.ndarray, " units"],
    shares: Float[np.ndarray, " splits"],
) -> Int[np.ndarray, " units"]:
    """Cut the order that comes nearest to the shares; a unit goes where its middle lies."""
    ends = np.cumsum(shares)[:-1]
    best, least = np.zeros(len(sizes), np.int64), np.inf
    for turn in range(_ORDERS if len(sizes) <= _FEW else 1):
        order = np.argsort(_mixed(ranks, turn), kind="stable")
        middles = (np.cumsum(sizes[order]) - sizes[order] / 2) / sizes.sum()
        chosen = np.empty(len(sizes), np.int64)
        chosen[order] = np.searchsorted(ends, middles, side="right")
        got = np.bincount(chosen, weights=sizes, minlength=len(shares)) / sizes.sum()
        far = np.abs(got - shares).max() + ((got == 0) & (shares > 0)).sum()
        if far < least - 1e-12:
            best, least = chosen, far
    return best


def _mixed(ranks: UInt64[np.ndarray, " units"], turn: int) -> UInt64[np.ndarray, " units"]:
    """Hash ranks again for another order (splitmix64, Steele et al. 2014)."""
    mixed = ranks + np.uint64(turn * 0x9E3779B97F4A7C15 % (1 << 64))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))
