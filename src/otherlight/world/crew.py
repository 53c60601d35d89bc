"""Processes that render sequences side by side.

Each is a plain interpreter that reads sequence numbers and answers when one is on disk. Neither
fork (unsafe once torch has threads) nor multiprocessing's spawn (which runs the caller's script
again) is needed, so a script needs no guard.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import otherlight.errors as errors
from otherlight.config import plain
from otherlight.records.files import write_json
from otherlight.world.config import WorldConfig
from otherlight.world.sequence import render_sequence

_Worker = subprocess.Popen[str]


def render_all(
    config: WorldConfig, sequences: Sequence[int], to: Path, parts: Path, workers: int
) -> Iterator[int]:
    """Render sequences into ``to`` and their rows into ``parts``; yield each number once done."""
    if workers <= 1:
        for sequence in sequences:
            _one(config, sequence, to, parts)
            yield sequence
        return
    job = json.dumps({"config": plain(config), "to": str(to), "parts": str(parts)})
    free: SimpleQueue[_Worker] = SimpleQueue()
    crew = [_hire(job) for _ in range(workers)]
    for worker in crew:
        free.put(worker)
    try:
        with ThreadPoolExecutor(workers) as threads:
            waiting = [threads.submit(_ask, free, sequence) for sequence in sequences]
            try:
                for done in as_completed(waiting):
                    yield done.result()
            finally:
                threads.shutdown(wait=False, cancel_futures=True)
                _dismiss(crew)
    finally:
        _dismiss(crew)


def serve() -> None:
    """Be one of the crew: a job, then sequence numbers, by lines; ends with its caller."""
    import cv2

    cv2.setNumThreads(1)
    job = json.loads(sys.stdin.readline())
    config = WorldConfig(**job["config"])
    for line in sys.stdin:
        try:
            _one(config, int(line), Path(job["to"]), Path(job["parts"]))
            answer = {}
        except errors.OtherlightError as error:
            answer = {"error": type(error).__name__, "message": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def part_of(parts: Path, sequence: int) -> Path:
    """Where the rows of a finished sequence wait until all are done."""
    return parts / f"{sequence:06d}.json"


def _one(config: WorldConfig, sequence: int, to: Path, parts: Path) -> None:
    write_json(part_of(parts, sequence), render_sequence(config, sequence, to))


def _hire(job: str) -> _Worker:
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)  # noqa: PTH109
    worker = subprocess.Popen(
        [sys.executable, "-c", "from otherlight.world.crew import serve; serve()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    _tell(worker, job)
    return worker


def _tell(worker: _Worker, line: str) -> None:
    assert worker.stdin is not None
    worker.stdin.write(line + "\n")
    worker.stdin.flush()


def _ask(free: "SimpleQueue[_Worker]", sequence: int) -> int:
    """Let the next free worker render one sequence; what went wrong there is raised here."""
    worker = free.get()
    try:
        _tell(worker, str(sequence))
        assert worker.stdout is not None
        line = worker.stdout.readline()
        if not line:
            raise RuntimeError(f"A rendering process ended at sequence {sequence}.")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise getattr(errors, answer["error"])(answer["message"])
        return sequence
    finally:
        free.put(worker)


def _dismiss(crew: Sequence[_Worker]) -> None:
    for worker in crew:
        worker.kill()
        worker.wait()
        for pipe in (worker.stdin, worker.stdout):
            if pipe is not None and not pipe.closed:
                try:
                    pipe.close()
                except OSError:
                    continue
