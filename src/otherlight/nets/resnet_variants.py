"""ResNet generators as others build them, so that weights people already have can be run.

Like `otherlight.nets.resnet_generator` after Johnson et al. 2016 (https://arxiv.org/abs/1603.08155)
and Zhu et al. 2017 (https://arxiv.org/abs/1703.10593), with what their descendants change: blurred
sampling (Zhang 2019, https://arxiv.org/abs/1904.11486, as in CUT, Park et al. 2020,
https://arxiv.org/abs/2007.15651), nearest-neighbour upsampling that pads with zeros, batch norm by
its running statistics. For translating only: dropout does nothing then, and has no layer here.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from otherlight.images.tensors import Images
from otherlight.nets.instance_norm import InstanceNorm
from otherlight.nets.resnet_generator import padded

Features = Float[Tensor, "batch channels rows columns"]
Convolved = Float[Tensor, "batch wider tall wide"]
Norm = Literal["instance", "batch"]
Down = Literal["strided", "blurred"]
Up = Literal["transposed", "blurred", "nearest"]


@dataclass(frozen=True, kw_only=True)
class Build:
    """In what one generator differs from the next."""

    width: int
    """Channels of the first layer."""
    blocks: int
    norm: Norm = "instance"
    down: Down = "strided"
    up: Up = "transposed"


class VariantGenerator(nn.Module):
    """Repaint an image: 3 channels in -1..1 to as many, of the same size, whatever the size."""

    def __init__(self, build: Build) -> None:
        super().__init__()
        width, norm = build.width, build.norm
        self.start = Layer(nn.Conv2d(3, width, 7, bias=False), norm, reflect=3)
        self.down = nn.Sequential(*(Halving(wide, build) for wide in (width, 2 * width)))
        self.blocks = nn.Sequential(*(Block(4 * width, norm) for _ in range(build.blocks)))
        self.up = nn.Sequential(*(Doubling(wide, build) for wide in (4 * width, 2 * width)))
        self.end = Layer(nn.Conv2d(width, 3, 7), None, reflect=3)

    def forward(self, images: Images) -> Images:
        """Repaint; sizes that do not halve twice are reflected up to one that does and cut back."""
        height, width = images.shape[-2:]
        features = self.blocks(self.down(self.start(padded(images)).relu()))
        return self.end(self.up(features))[..., :height, :width].tanh()


class Layer(nn.Module):
    """Reflect, convolve, normalise."""

    def __init__(
        self, conv: nn.Conv2d | nn.ConvTranspose2d, norm: Norm | None, reflect: int = 0
    ) -> None:
        super().__init__()
        self.reflect = reflect
        self.conv = conv
        self.norm = nn.Identity() if norm is None else _norm(norm, conv.out_channels)

    def forward(self, features: Features) -> Convolved:
        """Convolve."""
        if self.reflect:
            features = F.pad(features, (self.reflect,) * 4, mode="reflect")
        return self.norm(self.conv(features))


class Block(nn.Module):
    """Add two reflected 3 x 3 convolutions to what came."""

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        self.first, self.second = (
            Layer(nn.Conv2d(channels, channels, 3, bias=False), norm, reflect=1) for _ in range(2)
        )

    def forward(self, features: Features) -> Features:
        """Keep the shape."""
        return features + self.second(self.first(features).relu())


class FixedNorm(nn.Module):
    """Batch norm with the statistics that training left (Ioffe and Szegedy 2015)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        for name in ("weight", "bias", "running_mean", "running_var"):
            self.register_buffer(name, torch.zeros(channels))

    def forward(self, features: Features) -> Features:
        """Normalise every image alike, whatever the batch."""
        mean, variance = self.get_buffer("running_mean"), self.get_buffer("running_var")
        scale, shift = self.get_buffer("weight"), self.get_buffer("bias")
        return F.batch_norm(features, mean, variance, scale, shift, training=False, eps=1e-5)


class BlurredHalving(nn.Module):
    """Rectify, blur each channel by the file's own 3 x 3 kernel, take every second pixel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("kernel", torch.zeros(channels, 1, 3, 3))

    def forward(self, features: Features) -> Convolved:
        """Halve, rounding up."""
        kernel = self.get_buffer("kernel")
        around = F.pad(features.relu(), (1, 1, 1, 1), mode="reflect")
        return F.conv2d(around, kernel, stride=2, groups=len(kernel))


class BlurredDoubling(nn.Module):
    """Put zeros between the pixels of each channel and blur by the file's own 4 x 4 kernel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("kernel", torch.zeros(channels, 1, 4, 4))

    def forward(self, features: Features) -> Convolved:
        """Double."""
        kernel = self.get_buffer("kernel")
        around = F.pad(features, (1, 1, 1, 1), mode="replicate")
        wide = F.conv_transpose2d(around, kernel, stride=2, groups=len(kernel))
        # What the repeated edge adds outside the doubled image is cut off again.
        return wide[..., 3:-3, 3:-3]


class Halving(nn.Module):
    """Convolve to half the height and width and twice the channels; rectify."""

    def __init__(self, channels: int, build: Build) -> None:
        super().__init__()
        blurred = build.down == "blurred"
        conv = nn.Conv2d(channels, 2 * channels, 3, 1 if blurred else 2, 1, bias=False)
        self.layer = Layer(conv, build.norm)
        self.blur = BlurredHalving(2 * channels) if blurred else nn.ReLU()

    def forward(self, features: Features) -> Convolved:
        """Halve, rounding up."""
        return self.blur(self.layer(features))


class Doubling(nn.Module):
    """Convolve to twice the height and width and half the channels; rectify."""

    def __init__(self, channels: int, build: Build) -> None:
        super().__init__()
        narrower = channels // 2
        if build.up == "transposed":
            conv = nn.ConvTranspose2d(channels, narrower, 3, 2, 1, output_padding=1, bias=False)
        else:
            conv = nn.Conv2d(channels, narrower, 3, padding=1, bias=False)
        self.blur = {
            "transposed": nn.Identity,
            "blurred": lambda: BlurredDoubling(channels),
            "nearest": lambda: nn.Upsample(scale_factor=2),
        }[build.up]()
        self.layer = Layer(conv, build.norm)

    def forward(self, features: Features) -> Convolved:
        """Double."""
        return self.layer(self.blur(features)).relu()


def _norm(norm: Norm, channels: int) -> nn.Module:
    return InstanceNorm() if norm == "instance" else FixedNorm(channels)
