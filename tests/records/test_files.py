"""Write, then rename: a kill, a full disk or a second run loses nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from otherlight.errors import BusyError, CheckpointError, DatasetError, DiskFullError
from otherlight.records.files import holding, read_json, write_bytes, write_json, writing
from otherlight.records.progress import reporter, task, track
from otherlight.records.run import begin_run, describe_run, finish_run, read_run


def test_a_full_disk_keeps_the_old_file_and_leaves_no_rest(tiny_disk: Path):
    write_bytes(tiny_disk / "state", b"old" * 1000)
    with pytest.raises(DiskFullError, match="needs room on its disk; there is none left"):
        write_bytes(tiny_disk / "state", b"new" * 2_000_000)
    assert (tiny_disk / "state").read_bytes() == b"old" * 1000
    assert [entry.name for entry in tiny_disk.iterdir()] == ["state"]


def test_a_full_disk_stops_a_checkpoint_in_a_sentence(tiny_disk: Path):
    import torch

    from otherlight.training.checkpoint import load_state, save_state

    save_state(tiny_disk / "last.safetensors", {"weight": torch.ones(100)}, {"step": 1})
    with pytest.raises(DiskFullError, match="what is done is kept"):
        save_state(tiny_disk / "last.safetensors", {"weight": torch.ones(2_000_000)}, {"step": 2})
    assert load_state(tiny_disk / "last.safetensors")[1] == {"step": 1}


def test_a_block_that_fails_leaves_the_old_file(tmp_path: Path):
    write_json(tmp_path / "a.json", {"a": 1})

    def fail_half_way() -> None:
        with writing(tmp_path / "a.json") as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert read_json(tmp_path / "a.json") == {"a": 1}
    assert len(list(tmp_path.iterdir())) == 1


def test_a_kill_while_writing_leaves_the_old_file(tmp_path: Path):
    write_bytes(tmp_path / "a", b"old")
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from otherlight.records.files import writing\n"
        "with writing(Path(sys.argv[1])) as part:\n"
        "    part.write_bytes(b'half')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a")], check=False)
    assert (tmp_path / "a").read_bytes() == b"old"
    with holding(tmp_path):
        left = sorted(entry.name for entry in tmp_path.iterdir())
    assert left == [".lock", "a"]


def test_a_second_run_is_told_that_the_folder_is_busy(tmp_path: Path):
    with (
        holding(tmp_path),
        pytest.raises(BusyError, match="another run is writing there now"),
        holding(tmp_path),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "must be JSON; Expecting property name"), ("[1,", "must be JSON")],
)
def test_torn_json_is_named(tmp_path: Path, text: str, message: str):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DatasetError, match=message):
        read_json(tmp_path / "a.json")
    with pytest.raises(DatasetError, match="There must be a file"):
        read_json(tmp_path / "b.json")


def test_a_run_begins_once_and_is_found_again(tmp_path: Path):
    record = describe_run(
        "translator", {"method": "gamma"}, 0, {"source": "1"}, instruction_set="x"
    )
    assert begin_run(tmp_path, record) == record
    assert not begin_run(tmp_path, record).done
    finish_run(tmp_path, record, steps=7)
    assert begin_run(tmp_path, record).steps == 7
    assert read_run(tmp_path).done


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "recogniser"}, "holds a translator, not a recogniser"),
        ({"config": {"method": "cut"}}, "a run with method = 'gamma', not 'cut'"),
        ({"seed": 3}, "the same with seed 0, not 3"),
        ({"inputs": {"source": "2"}}, "a run made from other inputs"),
    ],
)
def test_a_folder_holds_one_run(tmp_path: Path, change: dict[str, object], message: str):
    first: dict[str, object] = {
        "kind": "translator", "config": {"method": "gamma"}, "seed": 0, "inputs": {"source": "1"},
    }  # fmt: skip
    begun = begin_run(tmp_path, describe_run(**first))  # pyright: ignore[reportArgumentType]
    other = describe_run(**{**first, **change})  # pyright: ignore[reportArgumentType]
    (tmp_path / "log.jsonl").write_text("{}\n")
    with pytest.raises(BusyError, match=message):
        begin_run(tmp_path, other)
    (tmp_path / "log.jsonl").unlink()
    finish_run(tmp_path, begun, steps=1)
    with pytest.raises(BusyError, match=message):
        begin_run(tmp_path, other)


def test_a_run_that_made_nothing_leaves_its_folder_to_the_next(tmp_path: Path):
    begin_run(tmp_path, describe_run("translator", {"weights": ""}, 0, {}))
    (tmp_path / "log.jsonl").touch()
    mended = describe_run("translator", {"weights": "vgg19.pth"}, 0, {})
    assert begin_run(tmp_path, mended) == mended
    assert read_run(tmp_path) == mended


def test_a_folder_with_other_files_is_not_written_to(tmp_path: Path):
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(BusyError, match="holds 'holiday.jpg' and no run.json"):
        begin_run(tmp_path, describe_run("translator", {}, 0, {}))


def test_a_folder_without_a_run_says_so(tmp_path: Path):
    with pytest.raises(CheckpointError, match="must hold run.json"):
        read_run(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({"shape": "other"}))
    with pytest.raises(CheckpointError, match="must be of schema 1"):
        read_run(tmp_path)


def test_progress_reaches_whoever_shows_it():
    from collections.abc import Generator
    from contextlib import contextmanager

    seen: list[tuple[str, int]] = []

    @contextmanager
    def show(description: str, total: int | None) -> Generator[object]:
        del total
        yield lambda count: seen.append((description, count))

    token = reporter.set(show)  # pyright: ignore[reportArgumentType]
    assert list(track("ab", "letters", 2)) == ["a", "b"]
    reporter.reset(token)
    with task("silent", None) as advance:
        advance(1)
    assert seen == [("letters", 1), ("letters", 1)]
