"""`otherlight info` of a run or of a file of weights: the record, and the networks in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from otherlight.cli.show import print_facts, print_rows

_MODEL = "model.safetensors"
_TORCH = (".pth", ".pt")


def run_facts(path: Path) -> dict[str, Any] | None:
    """Say what a run's folder or a file of weights holds; None where it is neither.

    Only a ``.pth`` file needs torch to be read.
    """
    if path.suffix.lower() in _TORCH and path.is_file():
        return _foreign(path)
    if path.suffix == ".safetensors" and path.is_file():
        return _model(path)
    if (path / "set.json").exists() or not (path / "run.json").exists():
        return None
    from dataclasses import asdict

    from otherlight.records.run import read_run

    model = path / _MODEL
    held = {"networks": _model(model)["networks"]} if model.exists() else {}
    return asdict(read_run(path)) | held


def print_run(facts: Mapping[str, Any]) -> None:
    """Print the facts, then each network's layers in columns."""
    print_facts({key: value for key, value in facts.items() if key != "networks"})
    for name, network in facts.get("networks", {}).items():
        print(f"\n{name}: {network['parameters']:,} parameters")
        print_rows(
            (f"  {line['layer']}", _shapes(line["shapes"]), f"{line['parameters']:,}")
            for line in network["layers"]
        )


def _model(path: Path) -> dict[str, Any]:
    from otherlight.records.networks import networks, read_header

    shapes, about = read_header(path)
    return {"file": str(path), **about, "networks": networks(shapes)}


def _foreign(path: Path) -> dict[str, Any]:
    import torch

    from otherlight.records.networks import networks
    from otherlight.translators.foreign import load_foreign

    borrowed = load_foreign(path, "auto", torch.device("cpu"))
    state = borrowed.translator.state()
    shapes = {name: tuple(value.shape) for name, value in state.items()}
    return {"file": str(path), **borrowed.options(), "networks": networks(shapes)}


def _shapes(shapes: Mapping[str, list[int]]) -> str:
    """Write the shapes of a layer's tensors, the weights' first."""
    ordered = sorted(shapes.items(), key=lambda item: item[0] != "weight")
    return ", ".join(f"{name} {' x '.join(map(str, shape)) or '1'}" for name, shape in ordered)
