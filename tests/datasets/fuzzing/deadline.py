"""Deadlines: a source of a few files is imported soon, or not at all."""

import faulthandler
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


class TooSlowError(BaseException):
    """An import took longer than any source of a few files may."""


@contextmanager
def soon(seconds: int) -> Generator[None]:
    """End what hangs; where a thread hangs, which nothing ends, the whole run, with its stacks."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlowError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    faulthandler.dump_traceback_later(3 * seconds, exit=True, file=sys.__stderr__ or 2)
    try:
        yield
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)
