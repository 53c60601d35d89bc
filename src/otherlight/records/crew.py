"""Processes that work off a list side by side.

Each is a plain interpreter that is told what to do by name, reads items by lines and answers when
one is done. Neither fork (unsafe once torch has threads) nor multiprocessing's spawn (which runs
the caller's script again) is needed, so a script needs no guard.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib import import_module
from queue import SimpleQueue
from types import FrameType
from typing import Any

import otherlight.errors as errors

PATIENCE = 60.0
"""Seconds that a process has, once asked to stop, to write down how far it is."""

_Worker = subprocess.Popen[str]
Work = Callable[[Any], object]


def cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share_out(
    work: str,
    job: Any,
    items: Sequence[Any],
    workers: int,
    after: Mapping[int, int] | None = None,
) -> Iterator[int]:
    """Have every item done by one of so many processes; yield the number of each once it is.

    ``work`` names ``module:function``, which makes, of the job, what does an item; jobs and items
    are JSON values. ``after`` says which earlier item must be done before an item, by numbers. One
    worker is this process itself. When the caller stops early, or one item fails, processes get
    SIGTERM and `PATIENCE`; when the caller dies they end at once.
    """
    after = after or {}
    if workers <= 1:
        do = _found(work)(job)
        for number, item in enumerate(items):
            do(item)
            yield number
        return
    free: SimpleQueue[_Worker] = SimpleQueue()
    crew = [_hire(work, job) for _ in range(workers)]
    for worker in crew:
        free.put(worker)
    try:
        with _interrupted_by_sigterm(), ThreadPoolExecutor(workers) as threads:
            # Nobody waits for another: an item is handed in once what it needs is done.
            done: SimpleQueue[Future[int]] = SimpleQueue()
            ready: list[int] = [number for number in range(len(items)) if number not in after]
            try:
                for _ in items:
                    for number in ready:
                        future = threads.submit(_ask, free, number, items[number])
                        future.add_done_callback(done.put)
                    finished = done.get().result()
                    ready = [number for number, first in after.items() if first == finished]
                    yield finished
            finally:
                threads.shutdown(wait=False, cancel_futures=True)
                _dismiss(crew)
    finally:
        _dismiss(crew)


def serve() -> None:
    """Be one of the crew: what to do, then items, by lines; ends at once with its caller."""
    orders: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_read_orders, args=(orders,), daemon=True).start()
    about = json.loads(orders.get())
    with suppress(KeyboardInterrupt):
        do: Work = _found(about["work"])(about["job"])
        while True:
            item = json.loads(orders.get())
            try:
                do(item)
                answer = {}
            except errors.OtherlightError as error:
                answer = {"error": type(error).__name__, "message": str(error)}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


def _read_orders(orders: "SimpleQueue[str]") -> None:
    for line in sys.stdin:
        orders.put(line)
    os._exit(0)


def _found(work: str) -> Callable[[Any], Work]:
    module, _, name = work.partition(":")
    return getattr(import_module(module), name)


def _hire(work: str, job: Any) -> _Worker:
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)  # noqa: PTH109
    worker = subprocess.Popen(
        [sys.executable, "-c", "from otherlight.records.crew import serve; serve()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": path},
        # Ctrl-C reaches the caller alone, who passes it on once.
        start_new_session=True,
    )  # fmt: skip
    _tell(worker, {"work": work, "job": job})
    return worker


def _tell(worker: _Worker, value: Any) -> None:
    assert worker.stdin is not None
    worker.stdin.write(json.dumps(value) + "\n")
    worker.stdin.flush()


def _ask(free: "SimpleQueue[_Worker]", number: int, item: Any) -> int:
    """Let the next free worker do an item; what went wrong there is raised here."""
    worker = free.get()
    try:
        _tell(worker, item)
        assert worker.stdout is not None
        line = worker.stdout.readline()
        if not line:
            raise RuntimeError(f"A process ended over {json.dumps(item)}; what it said is above.")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise getattr(errors, answer["error"])(answer["message"])
        return number
    finally:
        free.put(worker)


@contextmanager
def _interrupted_by_sigterm() -> Generator[None]:
    """Let SIGTERM end this process as Ctrl-C does, so that the others are told."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _dismiss(crew: Sequence[_Worker]) -> None:
    for worker in crew:
        worker.terminate()
    try:
        for worker in crew:
            with suppress(subprocess.TimeoutExpired):
                worker.wait(PATIENCE)
    finally:
        for worker in crew:
            worker.kill()
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                if pipe is not None and not pipe.closed:
                    with suppress(OSError):
                        pipe.close()
