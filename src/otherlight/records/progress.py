"""Progress without printing: work says how far it is and what it meets; the command line shows it.

>>> with task("counting", total=2) as advance:
...     advance(1)
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TypeVar

Advance = Callable[[int], None]
Reporter = Callable[[str, int | None], AbstractContextManager[Advance]]
T = TypeVar("T")


@contextmanager
def _silent(description: str, total: int | None) -> Generator[Advance]:
    del description, total
    yield lambda count: None


reporter: ContextVar[Reporter] = ContextVar("reporter", default=_silent)
"""Who shows progress; the command line sets it, libraries leave it silent."""


teller: ContextVar[Callable[[str], None]] = ContextVar("teller", default=lambda sentence: None)
"""Who shows sentences that cannot wait for the end; set and left silent likewise."""


def tell(sentence: str) -> None:
    """Say a sentence while work goes on; what must not be lost is written down elsewhere too."""
    teller.get()(sentence)


def task(description: str, total: int | None) -> AbstractContextManager[Advance]:
    """Open one line of progress; call what it hands out with the number of items just done."""
    return reporter.get()(description, total)


def track(items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
    """Pass items through, counting them."""
    with task(description, total) as advance:
        for item in items:
            yield item
            advance(1)
