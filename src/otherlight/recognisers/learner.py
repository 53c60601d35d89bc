"""What a fit changes, how it begins, and its checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.optim import Optimizer

from otherlight.recognisers.fit_config import FitConfig
from otherlight.recognisers.optimisers import build_optimisers
from otherlight.recognisers.protocols import LearnedDetector
from otherlight.recognisers.table import build_detector
from otherlight.recognisers.weights import load_weights
from otherlight.records.seeds import seed_of
from otherlight.training.average import averaged
from otherlight.training.checkpoint import (
    load_module,
    load_optimiser,
    load_state,
    module_state,
    optimiser_state,
    save_state,
)
from otherlight.training.devices import channels_last, choose_device, resolve_precision

_FILE = "state.safetensors"


@dataclass(frozen=True, kw_only=True)
class Learner:
    """The detector, the average of its weights, which is what detects later, and the optimisers."""

    detector: LearnedDetector
    average: nn.Module
    optimisers: dict[str, Optimizer]


def begin(config: FitConfig, classes: Sequence[str], seed: int) -> Learner:
    """Build a learner at its first weights: drawn from the seed, or those of ``config.init``."""
    device = choose_device(config.device)
    generator = torch.Generator().manual_seed(seed_of(seed, "weights"))
    detector = build_detector(config.name, config.options, len(classes), generator)
    if config.init is not None:
        load_weights(config.init, detector.network, tuple(classes))
    channels_last(detector.network.to(device)).train()
    precision = resolve_precision(config.precision, device)
    return Learner(
        detector=detector,
        average=averaged(detector.network),
        optimisers=build_optimisers(detector.network, config, precision),
    )


def save(learner: Learner, step: int, to: Path) -> None:
    """Write all that the next step depends on; the rest follows from the seed and the step."""
    state = module_state("network", learner.detector.network)
    state |= module_state("average", learner.average)
    for name, optimiser in learner.optimisers.items():
        state |= optimiser_state(name, optimiser)
    save_state(to / _FILE, state, {"step": step})


def resume(learner: Learner, to: Path) -> int:
    """Load the checkpoint of a run that was stopped, if there is one; the steps done so far."""
    if not (to / _FILE).exists():
        return 0
    state, about = load_state(to / _FILE)
    load_module("network", learner.detector.network, state)
    load_module("average", learner.average, state)
    for name, optimiser in learner.optimisers.items():
        load_optimiser(name, optimiser, state)
    return int(about["step"])


def forget(to: Path) -> None:
    """Remove the checkpoint of a run that is done."""
    (to / _FILE).unlink(missing_ok=True)
