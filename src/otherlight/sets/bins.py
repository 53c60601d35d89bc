"""Bins of a column: cut by hand or by equal thirds, apart or each holding the ones before."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from otherlight.errors import QueryError

Inside = Bool[np.ndarray, " rows"]
Values = Float[np.ndarray, " rows"]
Cuts = Sequence[float | int] | Literal["thirds"]


def bin_values(values: Values, cuts: Cuts, *, cumulative: bool) -> dict[str, Inside]:
    """Sort values into named bins; a cut belongs to the bin below it, and nan to none.

    >>> {k: v.tolist() for k, v in bin_values(np.array([0.0, 5, 9]), [5], cumulative=True).items()}
    {'0-5': [True, True, False], '0-all': [True, True, True]}
    >>> list(bin_values(np.array([0.0, 5, 9]), [5, 10], cumulative=False))
    ['0-5', '6-10', '11-all']

    Raises:
        QueryError: cuts do not rise, or thirds are asked of fewer than three values.
    """
    known = values[~np.isnan(values)]
    edges = thirds(known) if cuts == "thirds" else [float(cut) for cut in cuts]
    rising = all(low < high for low, high in pairwise(edges))
    if not (edges and rising and np.isfinite(edges).all()):
        raise QueryError(f"Cuts must be rising numbers; {list(edges)} came. Write such as [5, 10].")
    whole = bool((known == np.rint(known)).all()) and all(edge.is_integer() for edge in edges)
    lowest = "0" if not len(known) or known.min() >= 0 else "lowest"
    bins: dict[str, Inside] = {}
    below = np.zeros(len(values), bool)
    begin = lowest
    for edge in (*edges, np.inf):
        inside = values <= edge
        end = "all" if edge == np.inf else f"{edge:g}"
        if cumulative:
            bins[f"{lowest}-{end}"] = inside
        else:
            bins[f"{begin}-{end}"] = inside & ~below
        begin = f"{edge + 1:g}" if whole else end
        below = inside
    return bins


def thirds(values: Values) -> list[float]:
    """Find the two cuts that come nearest to three equal parts; equal values stay together.

    Raises:
        QueryError: the values do not fall into three parts.
    """
    found, counts = np.unique(values, return_counts=True)
    if len(found) < 3:
        raise QueryError(
            f"Thirds need at least three different values; {len(found)} came. Say cuts by hand."
        )
    below = np.cumsum(counts) / len(values)
    first = int(np.abs(below[:-2] - 1 / 3).argmin())
    second = first + 1 + int(np.abs(below[first + 1 : -1] - 2 / 3).argmin())
    return [float(found[first]), float(found[second])]
