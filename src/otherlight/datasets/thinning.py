"""Fewer images: every so-manieth of a sequence, or a share drawn by name and seed."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool

from otherlight.records.seeds import seed_of

Mask = Bool[np.ndarray, " images"]


def every_nth(
    names: Sequence[str],
    sequences: Sequence[str | None],
    frames: Sequence[int | None],
    step: int,
) -> Mask:
    """Choose every so-manieth image of each sequence, the first included.

    A sequence goes by frame number, then by name; images without a sequence are one of their own,
    images without a frame number come first, by name.

    >>> every_nth(["c", "b", "a"], ["x", "x", "x"], [3, 1, 2], 2).tolist()
    [True, True, False]
    """
    rows: defaultdict[str | None, list[int]] = defaultdict(list)
    order = sorted(
        range(len(names)), key=lambda n: (-1 if (f := frames[n]) is None else f, names[n])
    )
    for row in order:
        rows[sequences[row]].append(row)
    chosen = np.zeros(len(names), bool)
    for each in rows.values():
        chosen[each[::step]] = True
    return chosen


def draw_share(names: Sequence[str], share: float, name: str, seed: int) -> Mask:
    """Choose a share of the images, at least one: those whose hashes come first.

    The hash is of seed, name of the share and key of the image, so that the same images are drawn
    on any machine and in any order, and a larger share of the same name holds the smaller one.
    """
    chosen = np.zeros(len(names), bool)
    order = sorted(range(len(names)), key=lambda row: (seed_of(seed, name, names[row]), names[row]))
    chosen[order[: max(1, round(share * len(names)))]] = True
    return chosen
