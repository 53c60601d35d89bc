"""The table at the end of an import: what was read, kept and dropped, by class and by rule."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_MOST = 40
"""Classes shown; sets with more of them show those with the most boxes, and a line for the rest."""


def print_counts(counts: Mapping[str, Any]) -> None:
    """Print what became of images and boxes; narrow terminals wrap, nothing is cut off."""
    console = Console(highlight=False)
    console.print(_by_class(counts))
    if rules := _rules(counts):
        console.print(_by_rule(rules, counts))


def _by_class(counts: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, show_footer=False)
    table.add_column("", overflow="fold")
    for word in ("read", "kept", "ignored", "dropped"):
        table.add_column(word, justify="right", no_wrap=True)
    dropped = sum(counts["images_dropped"].values())
    table.add_row("images", *_cells(counts["read"], counts["kept"], None, dropped))
    classes = {name: each for name, each in counts["by_class"].items() if each["read"]}
    table.add_row("boxes", *_sum(classes.values()))
    shown = sorted(classes, key=lambda name: (-classes[name]["read"], name))
    for name in shown[:_MOST]:
        becomes = f" > {classes[name]['becomes']}" if "becomes" in classes[name] else ""
        table.add_row(escape(f"  {name}{becomes}"), *_sum([classes[name]]))
    if more := [classes[name] for name in shown[_MOST:]]:
        table.add_row(f"  {len(more)} more", *_sum(more))
    return table


def _sum(classes: Any) -> tuple[str, ...]:
    every = list(classes)
    read, kept, ignored = (sum(each[w] for each in every) for w in ("read", "kept", "ignored"))
    return _cells(read, kept, ignored, sum(sum(each["dropped"].values()) for each in every))


def _cells(*numbers: int | None) -> tuple[str, ...]:
    return tuple("" if number is None else f"{number:,}" for number in numbers)


def _rules(counts: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    return [
        (kind, rule, times)
        for kind in ("dropped", "noted")
        for rule, times in sorted(counts.get(kind, {}).items(), key=lambda pair: -pair[1])
    ]


def _by_rule(rules: list[tuple[str, str, int]], counts: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for kind, rule, times in rules:
        of = {
            name: each["dropped"][rule]
            for name, each in counts["by_class"].items()
            if rule in each["dropped"]
        }
        told = sorted(of, key=lambda name: -of[name])
        classes = ", ".join(f"{name} {of[name]:,}" for name in told[:8])
        words = [rule]
        if len(of) > 1:
            words.append(f"({classes}{', ...' if len(told) > 8 else ''})")
        if first := counts.get("first", {}).get(rule):
            words.append(f"(first: {first})")
        table.add_row(kind, f"{times:,}", escape(" ".join(words)))
    return table
