"""Checkpoints: one safetensors file with all a run needs to go on as if nothing had happened."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Generator, Tensor, nn
from torch.optim import Optimizer

from otherlight.errors import CheckpointError
from otherlight.records.files import writing

State = dict[str, Tensor]


def save_state(path: Path, state: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Write tensors and a few facts about them; whole or not at all.

    One metadata entry only: the order of several is not defined, and equal runs give equal bytes.
    """
    plain = {name: value.detach().cpu().contiguous().clone() for name, value in state.items()}
    with writing(path) as temporary:
        save_file(plain, temporary, {"about": json.dumps(dict(about), sort_keys=True)})


def load_state(path: Path) -> tuple[State, dict[str, Any]]:
    """Read what `save_state` wrote.

    Raises:
        CheckpointError: there is no such file, it is torn, or what it says of itself is no facts.
    """
    try:
        with safe_open(path, "pt") as file:
            about = _facts((file.metadata() or {}).get("about", "{}"), path)
            return {name: file.get_tensor(name) for name in file.keys()}, about  # noqa: SIM118
    except FileNotFoundError as error:
        raise CheckpointError(f"There must be a checkpoint at {path}; there is none.") from error
    except SafetensorError as error:
        raise CheckpointError(
            f"{path} must be a whole safetensors file; it cannot be read ({error}). "
            f"Remove it and run again."
        ) from error


def _facts(text: str, path: Path) -> dict[str, Any]:
    """Read the facts beside the tensors."""
    try:
        about = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = f"it cannot be read ({str(error)[:80]})"
    else:
        if isinstance(about, dict):
            return about
        reason = f"it is a {type(about).__name__}"
    raise CheckpointError(
        f"What {path} says of itself, its entry 'about', must be a JSON object; {reason}. "
        f"Remove it and run again, or give another file."
    )


def module_state(name: str, module: nn.Module) -> State:
    """Name a module's tensors under a prefix."""
    return {f"{name}.{key}": value for key, value in module.state_dict().items()}


def load_module(name: str, module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load what `module_state` named; a missing or misshapen tensor is a CheckpointError."""
    own = {key.removeprefix(f"{name}."): state[key] for key in state if key.startswith(f"{name}.")}
    try:
        module.load_state_dict(own)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise CheckpointError(
            f"The weights of {name!r} do not fit this network: {reason}."
        ) from error


def optimiser_state(name: str, optimiser: Optimizer) -> State:
    """Name an optimiser's moments and counters; its settings come from the config."""
    moments = optimiser.state_dict()["state"]
    return {
        f"{name}.{index}.{key}": torch.as_tensor(value)
        for index, slots in moments.items()
        for key, value in slots.items()
        if value is not None
    }


def load_optimiser(name: str, optimiser: Optimizer, state: Mapping[str, Tensor]) -> None:
    """Load what `optimiser_state` named.

    Moments are laid out as their parameters are: fused steps walk both in the order of memory.
    """
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    moments: dict[int, dict[str, Tensor]] = {}
    for key, value in state.items():
        if key.startswith(f"{name}."):
            place, slot = key.removeprefix(f"{name}.").split(".", 1)
            moments.setdefault(int(place), {})[slot] = _laid_out(value, parameters[int(place)])
    optimiser.load_state_dict(
        {"state": moments, "param_groups": optimiser.state_dict()["param_groups"]}
    )


def _laid_out(value: Tensor, parameter: Tensor) -> Tensor:
    if value.shape != parameter.shape:
        return value.clone()
    return torch.empty_like(parameter, dtype=value.dtype).copy_(value).detach()


def generator_state(name: str, generator: Generator) -> State:
    """Name a generator's state."""
    return {name: generator.get_state()}


def load_generator(name: str, generator: Generator, state: Mapping[str, Tensor]) -> None:
    """Load what `generator_state` named."""
    generator.set_state(state[name])
