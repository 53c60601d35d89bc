"""From a name, a run folder or a model file to a translator that is ready to translate."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from otherlight.config import build, plain
from otherlight.errors import CheckpointError
from otherlight.records.files import digest, sha256_of
from otherlight.training.checkpoint import load_state, save_state
from otherlight.training.seeding import torch_generator
from otherlight.translators import TRANSLATORS, Translator, method_of
from otherlight.translators.borrowed import licences_of
from otherlight.translators.foreign import SUFFIXES, load_foreign
from otherlight.translators.layouts import Layout
from otherlight.translators.published import PUBLISHED

MODEL = "model.safetensors"


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A translator, and what the lineage of its images says of it."""

    translator: Translator
    method: str
    options: Mapping[str, Any]
    identity: str
    """The hash of a model's file, or of a training-free method with its options."""
    licence: str
    borrowed: tuple[str, ...] = ()
    """What is known of the licences of weights that others trained and the method used."""


def save_model(path: Path, translator: Translator, about: Mapping[str, Any]) -> None:
    """Write what translating needs into one file that says by itself how to be read."""
    model = {name: value for name, value in translator.state().items() if _of_model(name)}
    save_state(path, model, about)


def load_translator(
    what: str | Path,
    options: Mapping[str, Any],
    device: torch.device,
    seed: int = 0,
    layout: Layout = "auto",
) -> Loaded:
    """Load a run folder or model file, or build a training-free method by its name.

    Weights that go with the package are asked for by their name in the table `PUBLISHED`.
    ``layout`` says who wrote a file of weights that no run of ours did; its tensors' names tell.

    Raises:
        PlanError: nothing has that name, or the options do not fit.
        CheckpointError: the run is not finished, or its weights do not fit its method.
    """
    name = str(what)
    if name in TRANSLATORS:
        return _by_name(name, options, device, seed, layout)
    path = (PUBLISHED[name].file if name in PUBLISHED else None) or Path(what)
    if path.suffix.lower() in SUFFIXES:
        return _from_others(path, options, device, layout)
    if (path / "run.json").exists() or path.suffix == ".safetensors":
        return _from_file(path, options, device, layout)
    return _by_name(name, options, device, seed, layout)


def _by_name(
    name: str, options: Mapping[str, Any], device: torch.device, seed: int, layout: Layout
) -> Loaded:
    method = method_of(name)
    if layout != "auto":
        raise CheckpointError(
            f"A layout is said of weights that others trained; {name!r} is a method by its name. "
            f"Leave layout out."
        )
    config = build(method.config, options, name)
    with device:
        translator = method.build(config, torch_generator(seed, "weights"))
    if hasattr(translator, "step"):
        raise CheckpointError(
            f"{name!r} must be trained before it translates; only its name came. Give the folder "
            f"of a run, or train one: otherlight train PLAN --to RUN."
        )
    settled = plain(config)
    return Loaded(
        translator=translator,
        method=name,
        options=settled,
        identity=digest({"method": name, "options": settled, **_weights_of(settled)}),
        licence=method.licence,
        borrowed=licences_of(config),
    )


def _weights_of(options: Mapping[str, Any]) -> dict[str, str]:
    """A network that a method only looks through counts by its bytes too, not by its name alone."""
    file = str(options.get("weights") or "")
    return {"weights": sha256_of(Path(file))} if os.path.isfile(file) else {}  # noqa: PTH113


def _from_file(
    path: Path, options: Mapping[str, Any], device: torch.device, layout: Layout
) -> Loaded:
    file = path / MODEL if path.is_dir() else path
    _check_no_options(path, options)
    if not file.exists():
        raise CheckpointError(
            f"A trained translator must hold {MODEL}; {path} does not: its training is not "
            f"finished. Run the same train command again, and it goes on."
        )
    state, about = load_state(file)
    if "method" not in about:
        return _from_others(file, options, device, layout)
    if layout != "auto":
        raise CheckpointError(
            f"A layout is said of weights that others trained; {file} says itself that it is a "
            f"{about['method']}. Leave layout out."
        )
    method = method_of(about["method"])
    with device:
        translator = method.build(
            build(method.config, about["options"], about["method"]), torch_generator(0, "weights")
        )
    translator.load_state(state)
    return Loaded(
        translator=translator,
        method=about["method"],
        options=about["options"],
        identity=sha256_of(file),
        licence=method.licence,
        borrowed=tuple(map(str, said)) if isinstance(said := about.get("licences"), list) else (),
    )


def _from_others(
    file: Path, options: Mapping[str, Any], device: torch.device, layout: Layout
) -> Loaded:
    _check_no_options(file, options)
    borrowed = load_foreign(file, layout, device)
    return Loaded(
        translator=borrowed.translator,
        method=f"{borrowed.reading.layout} weights",
        options=borrowed.options(),
        identity=sha256_of(file),
        licence="unknown",
    )


def _check_no_options(path: Path, options: Mapping[str, Any]) -> None:
    if options:
        raise CheckpointError(
            f"A trained translator brings its own options; {sorted(options)[0]!r} came beside "
            f"{path}. Leave the options out."
        )


def _of_model(name: str) -> bool:
    return name.startswith("model.")
