"""Batch normalisation (Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167) for networks that
are built with instance norm.
"""  # noqa: D205

from typing import TypeVar

import torch
from torch import Generator, nn

from otherlight.nets.instance_norm import InstanceNorm

Net = TypeVar("Net", bound=nn.Module)


def with_batch_norm(net: Net, chance: Generator, deviation: float = 0.02) -> Net:
    """Put a batch norm in place of every instance norm; its scales are drawn from N(1, deviation).

    Learning, it looks at a whole batch; translating (``net.eval()``), at the running mean, so that
    each image is as if it were alone.
    """
    channels = 0
    for parent in list(net.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                channels = layer.out_channels
            elif isinstance(layer, InstanceNorm):
                setattr(parent, name, _batch_norm(channels, chance, deviation))
    return net


def _batch_norm(channels: int, chance: Generator, deviation: float) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(channels)
    with torch.no_grad():
        drawn = torch.randn(channels, generator=chance, device="cpu")
        norm.weight.copy_(1.0 + drawn * deviation)
    return norm
