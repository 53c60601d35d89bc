"""How answers look: JSON for programs, aligned words for people."""

import json
from collections.abc import Iterable, Mapping
from typing import Any


def print_json(value: Any) -> None:
    """Print a value for a program."""
    print(json.dumps(value, indent=1, ensure_ascii=False, default=str))


def print_facts(facts: Mapping[str, Any]) -> None:
    """Print a mapping, one fact a line, nested ones on one line each; what is empty is left out."""
    shown = {key: _words(value) for key, value in facts.items() if value not in (None, {}, [], "")}
    width = max((len(key) for key in shown), default=0)
    for key, text in shown.items():
        print(f"{key.replace('_', ' '):<{width}}  {text}")


def print_rows(rows: Iterable[tuple[str, ...]]) -> None:
    """Print rows in columns as wide as they need to be."""
    table = list(rows)
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    for row in table:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def print_table(rows: Iterable[tuple[str, ...]]) -> None:
    """Print rows in columns, figures to the right; a row of one cell is a heading of its own."""
    table = list(rows)
    whole = [row for row in table if len(row) > 1]
    widths = [max(len(cell) for cell in column) for column in zip(*whole, strict=True)]
    for first, *others in table:
        cells = (f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=False))
        print("  ".join((f"{first:<{widths[0]}}", *cells)).rstrip())


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_words(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_words(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
