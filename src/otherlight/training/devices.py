"""Where to compute and how precisely."""

import os
import shutil
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Literal

import torch
from torch import nn

from otherlight.errors import PlanError
from otherlight.nets.layout import wants_channels_last

Precision = Literal["auto", "fp32", "bf16"]


def choose_device(name: str = "auto") -> torch.device:
    """Pick the accelerator there is, or the one that is asked for.

    Raises:
        PlanError: the device is unknown or absent.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise PlanError(f"A device is auto, cpu, cuda, cuda:N or mps; {name!r} came.") from error
    present = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not present.get(device.type, False):
        raise PlanError(
            f"The device {name!r} must be present; this machine has none. Say device: auto."
        )
    return device


def has_fast_bf16(device: torch.device) -> bool:
    """Say whether bf16 arithmetic is done in hardware there."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        flags = torch.cpu.get_capabilities()
        return bool(flags.get("avx512_bf16") or flags.get("amx_bf16") or flags.get("bf16"))
    return False


def resolve_precision(precision: Precision, device: torch.device) -> Literal["fp32", "bf16"]:
    """Turn "auto" into bf16 where the hardware has it."""
    if precision == "auto":
        return "bf16" if has_fast_bf16(device) else "fp32"
    return precision


def autocast(
    device: torch.device, precision: Literal["fp32", "bf16"]
) -> AbstractContextManager[Any]:
    """Compute matrix products and convolutions in bf16, or leave everything in fp32."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def channels_last(module: nn.Module) -> nn.Module:
    """Lay weights out with channels last where convolutions like it (`otherlight.nets.layout`)."""
    first = next(module.parameters(), None)
    if first is None or not wants_channels_last(first.device):
        return module
    return module.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def compiled(module: nn.Module, device: torch.device) -> nn.Module:
    """Let torch fuse what surrounds the products; the weights stay those of the module.

    Raises:
        PlanError: on a CPU, there is no C++ compiler to do it with.
    """
    compiler = os.environ.get("CXX", "g++")
    if device.type == "cpu" and shutil.which(compiler) is None:
        raise PlanError(
            f"compile: true needs a C++ compiler on this machine's CPU; there is no {compiler!r}. "
            f"Install one or say compile: false."
        )
    return torch.compile(module, dynamic=False)  # pyright: ignore[reportReturnType, reportUnknownVariableType]


def instruction_set() -> str:
    """Name what torch's CPU kernels were chosen for; results are equal only where this is."""
    return torch.backends.cpu.get_cpu_capability()


@contextmanager
def threads(count: int) -> Generator[None]:
    """Compute on so many threads of the CPU, then as before; 0 leaves it to torch."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
