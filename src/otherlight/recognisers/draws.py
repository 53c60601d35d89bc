"""Which images a step sees: a function of (seed, step) alone, so that a resumed run needs no state.

Every arm's draws have the same length; shares are kept to within a few draws over any stretch.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from otherlight.records.seeds import numpy_generator

_GOLDEN = (5**0.5 - 1) / 2


def draw(
    sizes: Sequence[int], shares: Sequence[float], steps: int, batch: int, seed: int
) -> Int[np.ndarray, "steps batch"]:
    """Choose images for all steps; numbers run over the sizes laid end to end.

    Which set a draw comes from follows the golden ratio's multiples (Weyl's equidistribution), so
    that shares hold for every stretch of draws. Within a set each image comes once before any
    comes twice.

    >>> draw([3, 5], [0.5, 0.5], 2, 4, seed=0).shape
    (2, 4)
    """
    total = steps * batch
    start = numpy_generator(seed, "draws").random()
    places = (start + np.arange(total) * _GOLDEN) % 1.0
    bounds = np.cumsum(np.asarray(shares, np.float64) / np.sum(shares))[:-1]
    owner = np.searchsorted(bounds, places, side="right")
    drawn = np.empty(total, np.int64)
    offset = 0
    for index, size in enumerate(sizes):
        mine = np.flatnonzero(owner == index)
        rounds = -(-len(mine) // size)
        orders = [
            numpy_generator(seed, "order", index, turn).permutation(size) for turn in range(rounds)
        ]
        drawn[mine] = np.concatenate([*orders, np.empty(0, np.int64)])[: len(mine)] + offset
        offset += size
    return drawn.reshape(steps, batch)
