"""The generators that others publish weights of, built plainly from their descriptions.

Each is one numbered list of torch's own layers, so that its tensors have the names that files have.
"""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def binomial(size: int) -> Tensor:
    """A kernel of Pascal's triangle, of sum 1."""
    row = {3: [1.0, 2.0, 1.0], 4: [1.0, 3.0, 3.0, 1.0]}[size]
    kernel = torch.outer(torch.tensor(row), torch.tensor(row))
    return kernel / kernel.sum()


class BlurDown(nn.Module):
    """Zhang 2019: blur over reflected borders, then drop every second pixel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("filt", binomial(3).expand(channels, 1, 3, 3).clone())

    def forward(self, features: Tensor) -> Tensor:
        kernel = self.get_buffer("filt")
        blurred = F.conv2d(nn.ReflectionPad2d(1)(features), kernel, groups=len(kernel))
        return blurred[..., ::2, ::2]


class BlurUp(nn.Module):
    """Zhang 2019: zeros between the pixels of a replicated border, then blur, at four times."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("filt", (4 * binomial(4)).expand(channels, 1, 4, 4).clone())

    def forward(self, features: Tensor) -> Tensor:
        kernel = self.get_buffer("filt")
        height, width = features.shape[-2:]
        around = nn.ReplicationPad2d(1)(features)
        apart = features.new_zeros(*around.shape[:2], 2 * height + 4, 2 * width + 4)
        apart[..., ::2, ::2] = around
        # The kernel is its own mirror image; its centre lies between two pixels.
        blurred = F.conv2d(apart, kernel, padding=2, groups=len(kernel))
        return blurred[..., 2 : 2 * height + 2, 2 : 2 * width + 2]


class Residual(nn.Module):
    def __init__(self, name: str, layers: list[nn.Module]) -> None:
        super().__init__()
        self.add_module(name, nn.Sequential(*layers))
        self.name = name

    def forward(self, features: Tensor) -> Tensor:
        return features + self.get_submodule(self.name)(features)


class Original(nn.Module):
    """``model`` is the numbered list."""

    def __init__(
        self,
        width: int,
        blocks: int,
        norm: str = "instance",
        blur_down: bool = False,
        up: str = "transposed",
        dropout: bool = False,
        word: str = "conv_block",
    ) -> None:
        super().__init__()
        bias = norm == "instance"

        def normed(conv: nn.Module, channels: int, *after: nn.Module) -> list[nn.Module]:
            kind = nn.InstanceNorm2d if norm == "instance" else nn.BatchNorm2d
            return [conv, kind(channels), *after]

        def reflected(channels: int, *after: nn.Module) -> list[nn.Module]:
            conv = nn.Conv2d(channels, channels, 3, bias=bias)
            return [nn.ReflectionPad2d(1), *normed(conv, channels, *after)]

        layers = [nn.ReflectionPad2d(3)]
        layers += normed(nn.Conv2d(3, width, 7, bias=bias), width, nn.ReLU())
        for narrow, wide in pairwise((width, 2 * width, 4 * width)):
            conv = nn.Conv2d(narrow, wide, 3, 1 if blur_down else 2, 1, bias=bias)
            layers += normed(conv, wide, nn.ReLU(), *([BlurDown(wide)] if blur_down else []))
        drop = [nn.Dropout(0.5)] if dropout else []
        for _ in range(blocks):
            inside = [*reflected(4 * width, nn.ReLU(), *drop), *reflected(4 * width)]
            layers.append(Residual(word, inside))
        for wide, narrow in pairwise((4 * width, 2 * width, width)):
            if up == "transposed":
                conv = nn.ConvTranspose2d(wide, narrow, 3, 2, 1, output_padding=1, bias=bias)
            else:
                layers.append(BlurUp(wide) if up == "blurred" else nn.Upsample(scale_factor=2))
                conv = nn.Conv2d(wide, narrow, 3, 1, 1, bias=bias)
            layers += normed(conv, narrow, nn.ReLU())
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        return self.model(images)


def trained(**build: Any) -> Original:
    """An original whose every tensor, running statistics and biases too, is that of no other."""
    net = Original(**build).eval()
    chance = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if name.endswith("filt") or not value.is_floating_point():
                continue
            drawn = torch.randn(value.shape, generator=chance)
            if value.ndim == 4:
                # A last layer at half gain leaves tanh room, as trained ones do.
                value.copy_(drawn * value[0].numel() ** -0.5 * (0.5 if len(value) == 3 else 1.0))
            elif name.endswith(("running_var", "weight")):
                value.copy_(1.0 + 0.3 * drawn.abs())
            else:
                value.copy_(0.1 * drawn)
    return net
