"""Passes through networks that cost less: two batches in one, and through weights that stay."""

from collections.abc import Generator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn


def in_one_pass(
    net: nn.Module, first: Float[Tensor, "one ..."], second: Float[Tensor, "other ..."]
) -> tuple[Tensor, Tensor]:
    """Run two batches as one; right for networks that look at each image alone.

    Instance norm does, batch norm does not.
    """
    both = net(torch.cat([first, second]))
    return both[: len(first)], both[len(first) :]


@contextmanager
def frozen(*nets: nn.Module) -> Generator[None]:
    """Let gradients pass through, and make none for the weights."""
    for net in nets:
        net.requires_grad_(False)
    try:
        yield
    finally:
        for net in nets:
            net.requires_grad_(True)
