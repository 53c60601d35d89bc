"""``run.json``: what a run folder holds, what it was made from, and whether it is done."""

import platform
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from otherlight.errors import BusyError, CheckpointError
from otherlight.records.files import digest, read_json, write_json

SCHEMA = 1
_PACKAGES = ("otherlight", "torch", "torchvision", "numpy", "opencv-python-headless", "pillow")


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run: kind, config, seed, inputs by hash, versions, steps done, licences."""

    kind: str
    hash: str
    config: dict[str, Any]
    seed: int
    inputs: list[dict[str, str]]
    versions: dict[str, str]
    instruction_set: str
    steps: int
    licences: list[str]
    done: bool
    results: dict[str, Any] = field(default_factory=dict[str, Any])
    schema: int = SCHEMA


def versions() -> dict[str, str]:
    """Say which releases of the packages that shape a result are at work."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found


def describe_run(
    kind: str,
    config: dict[str, Any],
    seed: int,
    inputs: dict[str, str],
    licences: tuple[str, ...] = (),
    instruction_set: str = "",
) -> RunRecord:
    """Describe a run that has not started; its hash covers kind, config, seed and inputs."""
    roles = [{"role": role, "hash": value} for role, value in inputs.items()]
    return RunRecord(
        kind=kind,
        hash=digest({"kind": kind, "config": config, "seed": seed, "inputs": roles}),
        config=config,
        seed=seed,
        inputs=roles,
        versions=versions(),
        instruction_set=instruction_set,
        steps=0,
        licences=list(licences),
        done=False,
    )


def begin_run(folder: Path, record: RunRecord) -> RunRecord:
    """Start a run in a folder, or find the same run there begun or done.

    A run that was refused before it made anything leaves its folder to the next, so that a command
    can be mended and given again.

    Raises:
        BusyError: the folder holds a different run, or files that no run wrote.
    """
    there = read_run(folder) if (folder / "run.json").exists() else None
    made = _made(folder)
    if there is not None and there.hash == record.hash:
        return there
    if there is not None and (there.done or made):
        raise BusyError(
            f"{folder} must be empty or hold this very run; it holds "
            f"{_difference(there, record)}. Give another folder, or remove this one."
        )
    if made:
        raise BusyError(
            f"{folder} must be empty or hold this very run; it holds {made[0]!r} and no "
            f"run.json. Give another folder."
        )
    write_run(folder, record)
    return record


def _made(folder: Path) -> list[str]:
    """Name what a folder holds beside a record and a log that nothing was written to."""
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    return [
        entry.name
        for entry in entries
        if entry.name not in (".lock", "run.json")
        and not (entry.name == "log.jsonl" and not entry.stat().st_size)
    ]


def finish_run(
    folder: Path, record: RunRecord, steps: int, results: dict[str, Any] | None = None
) -> RunRecord:
    """Mark a run done."""
    finished = replace(record, steps=steps, done=True, results=results or {})
    write_run(folder, finished)
    return finished


def write_run(folder: Path, record: RunRecord) -> None:
    """Write ``run.json``."""
    write_json(folder / "run.json", asdict(record))


def read_run(folder: Path) -> RunRecord:
    """Read the record of a run folder."""
    path = folder / "run.json"
    if not path.exists():
        raise CheckpointError(
            f"A run folder must hold run.json; {folder} does not. Point to a run."
        )
    try:
        return RunRecord(**read_json(path))
    except TypeError as error:
        raise CheckpointError(
            f"{path} must be of schema {SCHEMA}; it has other keys ({error}). It was written by "
            f"another version: train again, or use that version."
        ) from error


def _difference(there: RunRecord, wanted: RunRecord) -> str:
    if there.kind != wanted.kind:
        return f"a {there.kind}, not a {wanted.kind}"
    if there.seed != wanted.seed:
        return f"the same with seed {there.seed}, not {wanted.seed}"
    for key in sorted(there.config.keys() | wanted.config.keys()):
        if there.config.get(key) != wanted.config.get(key):
            return f"a run with {key} = {there.config.get(key)!r}, not {wanted.config.get(key)!r}"
    return "a run made from other inputs"
