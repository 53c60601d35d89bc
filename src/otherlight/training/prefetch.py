"""Work ahead on threads, in order: decoding and encoding overlap with the network.

Each of these threads computes alone. Otherwise torch would give every one its own team, and GNU's
OpenMP, once it has more threads than the machine has cores, sends all of them to sleep at
every barrier: on 2 cores a small network's step then takes half as long again, or twice.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

S = TypeVar("S")
T = TypeVar("T")


def prefetch(
    function: Callable[[S], T], items: Iterable[S], threads: int = 2, ahead: int = 8
) -> Iterator[T]:
    """Map in order, with up to ``ahead`` results under way; an error comes out at its own place.

    >>> list(prefetch(abs, [-1, 2, -3]))
    [1, 2, 3]
    """
    with ThreadPoolExecutor(threads, initializer=_alone) as pool:
        waiting: deque[Future[T]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _alone() -> None:
    """Keep this thread's torch to itself; others' counts stay as they are."""
    torch.set_num_threads(1)
