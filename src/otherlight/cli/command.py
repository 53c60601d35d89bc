"""What every command shares: progress while it runs, one sentence when it fails."""

import functools
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import typer

from otherlight.cli.progress import shown_progress
from otherlight.errors import OtherlightError

INTERRUPTED = 130
"""What shells expect of a command that Ctrl-C ended."""


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Show progress, and end with 0, 1 (a user can put it right) or 130 (interrupted)."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            with shown_progress():
                function(*args, **kwargs)
        except OtherlightError as error:
            _leave(1, str(error))
        except KeyboardInterrupt:
            _leave(
                INTERRUPTED,
                "Interrupted; what is done is kept. Run the same command again to continue.",
            )

    return wrapped


def _leave(code: int, sentence: str) -> NoReturn:
    print(f"otherlight: {sentence}", file=sys.stderr)
    raise typer.Exit(code)
