"""The optimisers of a fit, their rates, and what a step does to them."""

from typing import Literal

import torch
from torch import nn
from torch.optim import AdamW, Optimizer

from otherlight.recognisers.fit_config import FitConfig
from otherlight.training.muon import Muon
from otherlight.training.schedule import warmup_cosine


def build_optimisers(
    network: nn.Module, config: FitConfig, precision: Literal["fp32", "bf16"]
) -> dict[str, Optimizer]:
    """AdamW for all weights, or Muon for the kernels and AdamW for the others.

    Decay spares biases and normalisation, and outputs stay with AdamW, as Muon's authors advise.
    """
    kernels = _kernels(network)
    chosen = {id(weight) for weight in kernels}
    others = [weight for weight in network.parameters() if id(weight) not in chosen]
    decayed = [weight for weight in others if weight.ndim > 1]
    spared = [weight for weight in others if weight.ndim <= 1]
    if config.optimiser == "adamw":
        decayed = [*kernels, *decayed]
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]
    optimisers: dict[str, Optimizer] = {
        "adamw": AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.99), fused=True)
    }
    if config.optimiser == "muon":
        optimisers["muon"] = Muon(
            kernels,
            learning_rate=config.matrix_rate,
            weight_decay=config.weight_decay,
            dtype=torch.bfloat16 if precision == "bf16" else torch.float32,
        )
    return optimisers


def set_rates(optimisers: dict[str, Optimizer], config: FitConfig, step: int) -> None:
    """Set the learning rates of a step (from 1): a warm-up, then half a cosine."""
    factor = warmup_cosine(step - 1, config.steps, min(config.warmup, config.steps))
    peaks = {"adamw": config.learning_rate, "muon": config.matrix_rate}
    for name, optimiser in optimisers.items():
        for group in optimiser.param_groups:
            group["lr"] = peaks[name] * factor


def _kernels(network: nn.Module) -> list[nn.Parameter]:
    """Weights of convolutions without bias: all but the outputs."""
    kernels: list[nn.Parameter] = []
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d) and layer.bias is None and layer.groups == 1:
            assert isinstance(layer.weight, nn.Parameter)
            kernels.append(layer.weight)
    return kernels
