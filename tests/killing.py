"""Real processes, really killed: work is started, killed, started again, and let finish."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterable
from itertools import count

# A server that has torch loaded forks each process in milliseconds; none of it runs in ours.
_PROCESSES = multiprocessing.get_context("forkserver")
# torch loads dynamo, which takes seconds, when an optimiser first steps.
_PROCESSES.set_forkserver_preload(
    ["torch._dynamo", "otherlight.cli.app", "otherlight.experiment.compare", "otherlight.translate"]
)


def command(*words: str) -> None:
    """Run a command of otherlight, unheard, as all that a process does."""
    from otherlight.cli.app import app

    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    app(list(words), prog_name="otherlight")


def kill_at(
    points: Iterable[int],
    work: Callable[[], object],
    done: Callable[[], int],
    pause: float = 0.001,
) -> None:
    """Start ``work`` for every point and kill it, without warning, once ``done`` has got there.

    It is asked every ``pause`` seconds. The later the point, the later within a step or an image
    it dies, by a few milliseconds.
    """
    for number, point in zip(count(), points, strict=False):
        process = _PROCESSES.Process(target=work, daemon=False)
        process.start()
        while process.is_alive() and done() < point:
            time.sleep(pause)
        time.sleep(0.0007 * number)
        assert process.is_alive(), f"it ended before it could be killed at {point}"
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
