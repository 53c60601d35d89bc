"""The log of a run: one JSON object a line, cut back to the checkpoint when a run resumes."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from otherlight.records.files import told_when_full, write_bytes


class RunLog:
    """Append rows of figures to ``log.jsonl``; TensorBoard too, when asked for.

    ``rows`` are those of the whole run. Rows past ``resumed_at`` were written by a run that was
    killed after its last checkpoint; they are dropped, since they will be written again.
    """

    def __init__(self, folder: Path, resumed_at: int = 0, tensorboard: bool = False) -> None:
        self.path = folder / "log.jsonl"
        self.rows = kept = [row for row in read_log(folder) if row["step"] <= resumed_at]
        write_bytes(self.path, "".join(json.dumps(row) + "\n" for row in kept).encode())
        self._offset = kept[-1]["seconds"] if kept else 0.0
        self._started = time.perf_counter()
        self._board = _summary_writer(folder) if tensorboard else None

    def write(
        self, step: int, values: Mapping[str, float], alarms: Mapping[str, str] | None = None
    ) -> None:
        """Add a row; the seconds since the run began are added to it.

        ``alarms`` are the sentences of a check, by name; none at all where nothing was checked.
        """
        seconds = round(self._offset + time.perf_counter() - self._started, 3)
        row = {"step": step, **values, "seconds": seconds}
        self.rows.append(row if alarms is None else {**row, "alarms": dict(alarms)})
        with told_when_full(self.path), self.path.open("a") as file:
            file.write(json.dumps(self.rows[-1]) + "\n")
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(name, value, step)


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Read the rows there are; a last line torn by a kill is left out."""
    path = folder / "log.jsonl"
    if not path.exists():
        return []
    rows: list[dict[str, Any]] = []
    for line in path.read_text().splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def _summary_writer(folder: Path) -> Any:
    from otherlight.errors import MissingExtraError

    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtraError(
            "TensorBoard logs need the package tensorboard; it is not installed. "
            "Run: pip install 'otherlight[tensorboard]'."
        ) from error
    return SummaryWriter(str(folder / "tensorboard"))
