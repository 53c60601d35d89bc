"""In which order to paint things, so that what is nearer hides what is farther."""

import numpy as np
from jaxtyping import Bool, Float32, Int


def paint_order(
    low: Float32[np.ndarray, "things 2"],
    high: Float32[np.ndarray, "things 2"],
    seen: Bool[np.ndarray, " things"],
    flat: Bool[np.ndarray, " things"],
) -> Int[np.ndarray, " things"]:
    """Rank things by their footprints (right, forward) as seen from (0, 0); 0 is painted first.

    Of two that a line across the road separates, the farther goes first; else of two that a line
    along the road separates, the one beyond the line. What is left is decided by distance.
    Flat things come before all. Things not seen get rank 0.
    """
    rank = np.zeros(len(low), np.int64)
    index = np.flatnonzero(seen & ~flat)
    low, high = low[index], high[index]
    farther = low[:, None, 1] >= high[None, :, 1]
    nearer = farther.T
    # An element [a, b] says that a must be painted before b.
    aside = (low[:, None, 0] >= high[None, :, 0]) & (high[None, :, 0] > 0)
    aside |= (high[:, None, 0] <= low[None, :, 0]) & (low[None, :, 0] < 0)
    before = farther | (aside & ~nearer & ~aside.T)
    waiting = before.sum(axis=0)
    distance = np.hypot(low[:, 0] + high[:, 0], low[:, 1] + high[:, 1])
    for place in range(len(index)):
        # A ring of things each before the next is broken at the farthest.
        free = waiting == waiting.min()
        chosen = int(np.argmax(np.where(free, distance, -1.0)))
        rank[index[chosen]] = place + 1
        waiting = waiting - before[chosen]
        waiting[chosen] = len(index) * 2
        distance[chosen] = -1.0
    return rank
