"""Files that ``torch.save`` wrote, read as tensors and plain values; nothing in them is run."""

import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from otherlight.errors import CheckpointError

_BYTES = 1 << 31
_CLASS = re.compile(r"GLOBAL\s+(\S+)")


def read_pytorch(path: Path) -> Any:
    """Read a ``.pth`` file of any age, on the CPU.

    Raises:
        CheckpointError: there is no such file, it is larger than 2 GiB or torn, or it holds a
            function or class (it is named, and nothing of it is run).
    """
    _check_file(path)
    try:
        with warnings.catch_warnings():
            # That sparse tensors are checked first; `check_tensors` refuses them by name.
            warnings.simplefilter("ignore", UserWarning)
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a stranger's bytes bring torch to raise
        named = _CLASS.search(str(error))
        if named:
            raise CheckpointError(
                f"A file of weights may hold tensors and plain values alone; {path} also holds "
                f"{named[1][:80]}. Nothing of it was run: save the network's state_dict() by "
                f"itself, or ask for such a file."
            ) from None
        reason = " ".join(str(error).split())[-150:] or type(error).__name__
        raise CheckpointError(
            f"A file of weights must be whole and written by torch.save; {path} cannot be read "
            f"({reason}). Fetch it again."
        ) from None


def check_tensors(tensors: dict[Any, Any], path: Path) -> dict[str, Tensor]:
    """Make sure that a mapping names dense numbers that are all there and finite.

    Raises:
        CheckpointError: a value is none; the first is named.
    """
    for name, value in tensors.items():
        if not isinstance(name, str) or not isinstance(value, Tensor) or not _is_dense(value):
            raise CheckpointError(
                f"Weights are dense tensors by name; {str(name)[:60]!r} in {path} is "
                f"{_described(value)}. Save a generator's state_dict() by itself."
            )
    dense: dict[str, Tensor] = tensors
    claimed = sum(value.numel() * value.element_size() for value in dense.values())
    # A tensor may repeat one number a billion times at no cost to the file, and all cost to us.
    if claimed > path.stat().st_size:
        raise CheckpointError(
            f"Weights must lie in their file as often as they are named; {path} has "
            f"{path.stat().st_size:,} bytes for {claimed:,} bytes of tensors. Fetch it again."
        )
    for name, value in dense.items():
        if not bool(value.isfinite().all()):
            raise CheckpointError(
                f"Weights must be finite; {name[:60]!r} in {path} holds nan or infinity: its "
                f"training came to grief. Take an earlier checkpoint."
            )
    return dense


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise CheckpointError(f"Expected a file of weights at {path}; there is none.")
    if path.stat().st_size > _BYTES:
        raise CheckpointError(
            f"A file of weights may have 2 GiB; {path} has {path.stat().st_size >> 20} MiB."
        )
    try:
        with zipfile.ZipFile(path) as archive:
            packed = any(each.compress_type != zipfile.ZIP_STORED for each in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        # Releases before 1.6 wrote no zip; what is neither, torch.load refuses right after this.
        packed = False
    if packed:
        raise CheckpointError(
            f"torch.save writes its files uncompressed; {path} is compressed, and may unfold to "
            f"any size. Fetch the original."
        )


def _is_dense(value: Tensor) -> bool:
    return value.layout == torch.strided and not value.is_quantized and value.device.type == "cpu"


def _described(value: Any) -> str:
    if isinstance(value, Tensor):
        return "a sparse or quantised tensor"
    return f"a {type(value).__name__}"
