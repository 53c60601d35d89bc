"""How images lie in memory where convolutions are fastest."""

import torch
from jaxtyping import Float
from torch import Tensor

Laid = Float[Tensor, "batch channels rows columns"]


def wants_channels_last(device: torch.device) -> bool:
    """Say whether convolutions there are faster with channels last.

    All are but CPUs that have AVX2 and nothing wider: in fp32 their backward pass takes up to
    twice as long with channels last as without (benchmarks/cyclegan_step.md).
    """
    return device.type != "cpu" or torch.backends.cpu.get_cpu_capability() != "AVX2"


def suited(features: Laid) -> Laid:
    """Lay features out as convolutions on their device like them."""
    last = wants_channels_last(features.device)
    return features.contiguous(
        memory_format=torch.channels_last if last else torch.contiguous_format
    )
