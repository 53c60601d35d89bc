"""What networks a model file holds: layers, shapes, parameters, read from its header alone."""

import json
import re
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

from otherlight.errors import CheckpointError

Shapes = Mapping[str, Sequence[int]]

_COUNTED = frozenset(("weight", "bias"))


def read_header(path: Path) -> tuple[dict[str, tuple[int, ...]], dict[str, Any]]:
    """Read the tensors' shapes and the facts beside them of a ``.safetensors`` file.

    No tensor is read, and torch is not needed.

    Raises:
        CheckpointError: it is no such file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            about = json.loads((file.metadata() or {}).get("about", "{}"))
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(
            f"A model must be a whole safetensors file; {path} cannot be read ({error})."
        ) from error
    return shapes, about if isinstance(about, dict) else {}


def networks(shapes: Shapes) -> dict[str, dict[str, Any]]:
    """Group tensors into networks and layers, and count weights and biases.

    Other tensors, such as running statistics, are shown and not counted: they are not learned.

    >>> networks({"model.net.1.weight": (4, 3), "model.net.1.bias": (4,)})["net"]["layers"]
    [{'layer': '1', 'shapes': {'bias': [4], 'weight': [4, 3]}, 'parameters': 16}]
    """
    found: dict[str, dict[str, dict[str, list[int]]]] = {}
    for name in sorted(shapes, key=_natural):
        network, layer, tensor = _split(name)
        found.setdefault(network, {}).setdefault(layer, {})[tensor] = list(shapes[name])
    return {name: _counted(layers) for name, layers in found.items()}


def _counted(layers: Mapping[str, dict[str, list[int]]]) -> dict[str, Any]:
    lines = [
        {"layer": layer, "shapes": shapes, "parameters": _parameters(shapes)}
        for layer, shapes in layers.items()
    ]
    total = sum(_parameters(shapes) for shapes in layers.values())
    return {"parameters": total, "layers": lines}


def _parameters(shapes: Mapping[str, Sequence[int]]) -> int:
    return sum(prod(shape) for tensor, shape in shapes.items() if tensor in _COUNTED)


def _split(name: str) -> tuple[str, str, str]:
    """Tell network, layer and tensor: ``model.generator_target.layers.1.weight``."""
    parts = name.removeprefix("model.").split(".")
    network, *layer = parts[:-1] or ["network"]
    return network, ".".join(layer) or "-", parts[-1]


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort 9 before 10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]
