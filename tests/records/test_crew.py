"""A crew of real processes: in order, told of errors, stopped with its caller."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from otherlight.errors import DatasetError
from otherlight.records.crew import share_out

HELPER = """
import os
import sys
import time
from pathlib import Path

from otherlight.errors import DatasetError
from otherlight.training.interrupt import stoppable


def work(job):
    def do(item):
        here = Path(job["to"]) / str(item)
        here.with_suffix(".pid").write_text(str(os.getpid()))
        if item == "bad":
            raise DatasetError("it must be good; it is bad")
        if item == "gone":
            os._exit(3)
        with stoppable() as stop:
            for _ in range({"long": 1000, "slow": 50}.get(item, 2)):
                time.sleep(0.02)
                if stop.asked:
                    here.with_suffix(".saved").touch()
                    raise KeyboardInterrupt
        here.with_suffix(".done").write_text(str(time.monotonic()))

    return do
"""
CALLER = """
import json
import sys

from otherlight.records.crew import share_out

for number in share_out("crew_helper:work", {"to": sys.argv[1]}, json.loads(sys.argv[2]), 2):
    print(number, flush=True)
"""


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "crew_helper.py").write_text(HELPER)
    monkeypatch.syspath_prepend(tmp_path)  # pyright: ignore[reportUnknownMemberType]
    return tmp_path


def caller(folder: Path, items: list[Any]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", CALLER, str(folder), json.dumps(items)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


def wait_for(there: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"


@pytest.mark.parametrize("workers", [1, 2])
def test_every_item_is_done_once_and_after_what_it_needs(helper: Path, workers: int):
    items = ["a", "b", "c", "d", "e"]
    work = share_out("crew_helper:work", {"to": str(helper)}, items, workers, {3: 0, 4: 2})
    assert sorted(work) == [0, 1, 2, 3, 4]
    done = {item: float((helper / f"{item}.done").read_text()) for item in items}
    assert done["a"] < done["d"]
    assert done["c"] < done["e"]
    processes = {(helper / f"{item}.pid").read_text() for item in items}
    assert len(processes) == workers
    assert (str(os.getpid()) in processes) == (workers == 1)
    assert not any(lives(int(process)) for process in processes - {str(os.getpid())})


def test_nobody_waits_for_another_while_there_is_something_to_do(helper: Path):
    items = ["slow", "needs slow", "free"]
    work = share_out("crew_helper:work", {"to": str(helper)}, items, 2, {1: 0})
    assert list(work) == [2, 0, 1]


def test_an_error_comes_out_as_it_was_and_the_others_are_asked_to_stop(helper: Path):
    work = share_out("crew_helper:work", {"to": str(helper)}, ["long", "bad"], 2)
    with pytest.raises(DatasetError, match="it must be good; it is bad"):
        list(work)
    assert (helper / "long.saved").exists()


def test_a_process_that_dies_is_told_by_its_item(helper: Path):
    with pytest.raises(RuntimeError, match='ended over "gone"'):
        list(share_out("crew_helper:work", {"to": str(helper)}, ["gone", "a"], 2))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_caller_reaches_all_once(helper: Path, number: signal.Signals):
    job = caller(helper, ["long", "long", "a"])
    wait_for((helper / "long.pid").exists)
    time.sleep(0.3)
    job.send_signal(number)
    assert "KeyboardInterrupt" in job.communicate()[1]
    assert (helper / "long.saved").exists()
    assert not (helper / "a.pid").exists()


def test_a_killed_caller_leaves_nobody_behind(helper: Path):
    job = caller(helper, ["long", "a"])
    wait_for((helper / "a.done").exists)
    process = int((helper / "long.pid").read_text())
    assert lives(process)
    job.kill()
    job.communicate()
    wait_for(lambda: not lives(process), 5.0)
    assert not (helper / "long.saved").exists()
