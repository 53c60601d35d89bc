"""Progress on stderr: bars with time left on a terminal, a line every ten seconds elsewhere."""

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from otherlight.records.progress import Advance, Reporter, reporter, teller

EVERY = 10.0
"""Seconds between two plain lines of one task."""
LONG = 2.0
"""Seconds from which a finished task leaves a line behind on a terminal."""


@contextmanager
def shown_progress() -> Generator[None]:
    """Show the progress of whatever runs in the block."""
    if sys.stderr.isatty():
        with _bars() as (reports, above), _set(reports, above):
            yield
        return
    with _set(lines(_to_stderr), _to_stderr):
        yield


@contextmanager
def _set(reports: Reporter, tells: Callable[[str], None]) -> Generator[None]:
    tokens = reporter.set(reports), teller.set(tells)
    try:
        yield
    finally:
        reporter.reset(tokens[0])
        teller.reset(tokens[1])


def lines(write: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> Reporter:
    """Tell progress in plain lines: how far, in per cent, and how long it will take."""

    @contextmanager
    def report(description: str, total: int | None) -> Generator[Advance]:
        line = _Line(description, total, write, clock)
        yield line.advance
        line.end()

    return report


class _Line:
    """One task told in lines.

    Its speed counts from the first items, so that what an earlier run had done does not flatter it.
    """

    def __init__(
        self,
        description: str,
        total: int | None,
        write: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._description, self._total = description, total
        self._write, self._clock = write, clock
        self._started = self._told = clock()
        self._done = 0
        self._base: tuple[float, int] | None = None
        if total is None:
            write(description)

    def advance(self, count: int) -> None:
        self._done += count
        now = self._clock()
        if self._base is None:
            self._base = (now, self._done)
        if now - self._told >= EVERY:
            self._told = now
            self._write(self._say(now))

    def end(self) -> None:
        took = self._clock() - self._started
        if took >= EVERY:
            self._write(f"{self._description}: done in {duration(took)}")

    def _say(self, now: float) -> str:
        if not self._total:
            return f"{self._description}: {self._done}"
        text = (
            f"{self._description}: {self._done}/{self._total} ({100 * self._done // self._total} %)"
        )
        assert self._base is not None
        since, before = self._base
        if self._done > before and now > since:
            left = (self._total - self._done) * (now - since) / (self._done - before)
            text += f", {duration(left)} left"
        return text


def duration(seconds: float) -> str:
    """Write seconds as people do.

    >>> duration(7.4), duration(83.0), duration(3725.0)
    ('0:07', '1:23', '1:02:05')
    """
    whole = max(0, round(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def _bars() -> Generator[tuple[Reporter, Callable[[str], None]]]:
    """Hand out what draws bars, and what prints a sentence above them."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.progress import TimeRemainingColumn as TimeLeftColumn

    bars = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeLeftColumn(),
        console=Console(stderr=True),
        transient=True,
    )

    @contextmanager
    def report(description: str, total: int | None) -> Generator[Advance]:
        started = time.monotonic()
        bars.start()
        depth = len(bars.tasks)
        bar = bars.add_task("  " * depth + description, total=total)
        try:
            yield lambda count: bars.advance(bar, count)
            took = time.monotonic() - started
            if took >= LONG:
                bars.console.print(
                    f"{'  ' * depth}{description}: done in {duration(took)}",
                    markup=False,
                    highlight=False,
                )
        finally:
            bars.remove_task(bar)
            if not bars.tasks:
                bars.stop()

    def above(sentence: str) -> None:
        bars.console.print(sentence, markup=False, highlight=False)

    try:
        yield report, above
    finally:
        bars.stop()
