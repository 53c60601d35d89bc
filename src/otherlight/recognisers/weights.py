"""Weights of recognisers on disk: `model.safetensors`, which says itself what it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from otherlight.config import plain
from otherlight.errors import CheckpointError
from otherlight.training.checkpoint import load_module, load_state, module_state, save_state

FILE = "model.safetensors"
_PREFIX = "network"


@dataclass(frozen=True, kw_only=True)
class About:
    """What is needed to detect with stored weights."""

    name: str
    options: dict[str, Any]
    classes: tuple[str, ...]
    width: int
    height: int


def save_weights(to: Path, network: nn.Module, about: About) -> None:
    """Write a run's weights and what they are."""
    save_state(to / FILE, module_state(_PREFIX, network), plain(about))


def read_weights(path: Path) -> tuple[dict[str, torch.Tensor], About]:
    """Read the weights of a run folder or file, and what they are."""
    file = weights_file(path)
    state, facts = load_state(file)
    try:
        facts["classes"] = tuple(facts["classes"])
        return state, About(**facts)
    except (KeyError, TypeError) as error:
        raise CheckpointError(
            f"{file} must say which recogniser and classes its weights are for; it does not. "
            f"Point to a run of otherlight fit, or to its {FILE}."
        ) from error


def load_weights(path: Path, network: nn.Module, classes: tuple[str, ...]) -> None:
    """Start a network from stored weights made for the same classes.

    Raises:
        CheckpointError: they were made for other classes, or for a network of other widths.
    """
    state, about = read_weights(path)
    if about.classes != classes:
        raise CheckpointError(
            f"Weights to start from must be for the same classes in the same order; {path} has "
            f"{len(about.classes)} ({_some(about.classes)}), the images have {len(classes)} "
            f"({_some(classes)}). Name the same classes, or start without weights."
        )
    load_network(network, state)


def load_network(network: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Load what `save_weights` wrote."""
    load_module(_PREFIX, network, state)


def weights_file(path: Path) -> Path:
    """Find the weights of a run folder, or of a file itself."""
    file = path / FILE if path.is_dir() else path
    if not file.exists():
        raise CheckpointError(
            f"Weights must lie in a run folder or a .safetensors file; {file} is not there. Fit a "
            f"recogniser first, or mend the path."
        )
    return file


def _some(classes: tuple[str, ...]) -> str:
    return ", ".join(classes[:3]) + (", ..." if len(classes) > 3 else "")
