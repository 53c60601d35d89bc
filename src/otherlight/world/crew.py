"""Sequences rendered side by side."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from otherlight.config import plain
from otherlight.records.crew import share_out
from otherlight.records.files import write_json
from otherlight.world.config import WorldConfig
from otherlight.world.sequence import render_sequence


def render_all(
    config: WorldConfig, sequences: Sequence[int], to: Path, parts: Path, workers: int
) -> Iterator[int]:
    """Render sequences into ``to`` and their rows into ``parts``; yield each number once done."""
    job = {"config": plain(config), "to": str(to), "parts": str(parts)}
    work = renderer if workers > 1 else renderer_here
    for number in share_out(f"{__name__}:{work.__name__}", job, sequences, workers):
        yield sequences[number]


def renderer(job: Mapping[str, Any]) -> Callable[[int], None]:
    """Be a process of the crew, which leaves the other cores alone."""
    import cv2

    cv2.setNumThreads(1)
    return renderer_here(job)


def renderer_here(job: Mapping[str, Any]) -> Callable[[int], None]:
    """Make what renders a sequence by its number and writes its rows beside."""
    config = WorldConfig(**job["config"])
    to, parts = Path(job["to"]), Path(job["parts"])

    def render(sequence: int) -> None:
        write_json(part_of(parts, sequence), render_sequence(config, sequence, to))

    return render


def part_of(parts: Path, sequence: int) -> Path:
    """Where the rows of a finished sequence wait until all are done."""
    return parts / f"{sequence:06d}.json"
