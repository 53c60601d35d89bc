"""The running average of a network's weights, which serves better than the last weights do."""

import copy

import torch
from torch import nn


def averaged(network: nn.Module) -> nn.Module:
    """Start an average at the network's weights; it learns nothing itself."""
    return copy.deepcopy(network).eval().requires_grad_(requires_grad=False)


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, step: int, decay: float) -> None:
    """Move the average towards the network; early steps (from 1) weigh more, so that it catches up.

    The weight kept is min(decay, step / (step + 9)). Running statistics of normalisation are
    averaged too; counters are copied.
    """
    kept = min(decay, step / (step + 9.0))
    ours, theirs = average.state_dict(), network.state_dict()
    for name, value in ours.items():
        if value.is_floating_point():
            value.lerp_(theirs[name], 1.0 - kept)
        else:
            value.copy_(theirs[name])
