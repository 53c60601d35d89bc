"""Real processes, really killed: work is started, killed, started again, and let finish."""

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterable
from itertools import count

# A server that has torch loaded forks each process in milliseconds; none of it runs in ours.
_PROCESSES = multiprocessing.get_context("forkserver")
# torch loads dynamo, which takes seconds, when an optimiser first steps.
_PROCESSES.set_forkserver_preload(
    ["torch._dynamo", "otherlight.translate", "otherlight.translators.train"]
)


def kill_at(points: Iterable[int], work: Callable[[], object], done: Callable[[], int]) -> None:
    """Start ``work`` for every point and kill it, without warning, once ``done`` has got there.

    The later the point, the later within a step or an image it dies, by a few milliseconds.
    """
    for number, point in zip(count(), points, strict=False):
        process = _PROCESSES.Process(target=work, daemon=False)
        process.start()
        while process.is_alive() and done() < point:
            time.sleep(0.001)
        time.sleep(0.0007 * number)
        assert process.is_alive(), f"it ended before it could be killed at {point}"
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
