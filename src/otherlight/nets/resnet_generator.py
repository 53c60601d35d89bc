"""ResNet generator of CycleGAN (Zhu et al. 2017, https://arxiv.org/abs/1703.10593, appendix 7.2).

After Johnson et al. 2016 (https://arxiv.org/abs/1603.08155): two strided convolutions down,
residual blocks, two steps up. ``upsampling="nearest"`` repeats pixels and convolves then, which
leaves no checkerboard (Odena et al. 2016, https://distill.pub/2016/deconv-checkerboard).
With a ``start`` the network paints the change of an image instead of the image; the paper has none.
What it changes is what ``start`` makes of the image: itself, or the image in other colours already
(`otherlight.nets.colours`).
"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from otherlight.images.tensors import Images
from otherlight.nets.colours import unsquashed
from otherlight.nets.convolution import Convolution, NearestDoubling, TransposedDoubling
from otherlight.nets.instance_norm import InstanceNorm
from otherlight.nets.layout import suited

Features = Float[Tensor, "batch channels rows columns"]
Upsampling = Literal["transposed", "nearest"]

_STRIDE = 4
_SMALLEST = 8  # two bottleneck pixels remain to normalise and to reflect


def blocks_for(size: int) -> int:
    """Count the residual blocks that the paper uses for training images of this size.

    >>> blocks_for(128), blocks_for(256)
    (6, 9)
    """
    return 6 if size < 256 else 9


class ResNetGenerator(nn.Module):
    """Repaint an image: 3 channels in -1..1 to as many, of the same size, whatever the size."""

    def __init__(
        self,
        width: int = 64,
        blocks: int = 9,
        upsampling: Upsampling = "transposed",
        start: nn.Module | None = None,
        precision: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.precision = precision
        self.start = start
        self.layers = nn.Sequential(
            *_convolution(3, width, 7, reflect=3),
            *_convolution(width, 2 * width, 3, stride=2),
            *_convolution(2 * width, 4 * width, 3, stride=2),
            *(ResidualBlock(4 * width) for _ in range(blocks)),
            *_doubling(4 * width, 2 * width, upsampling),
            *_doubling(2 * width, width, upsampling),
            nn.ReflectionPad2d(3),
            Convolution(width, 3, 7),
        )

    def forward(self, images: Images, coarse: int = 1) -> Images:
        """Repaint; sizes that do not halve twice are reflected up to one that does and cut back.

        With ``coarse`` the change is painted on an image that many times smaller and enlarged, so
        that the detail stays the image's own; only a network with a ``start`` can.
        """
        small = shrunk(images, coarse)
        height, width = small.shape[-2:]
        change = self.layers(self.laid_out(small))[..., :height, :width]
        return self.finished(change, images, coarse)

    def laid_out(self, images: Images) -> Float[Tensor, "batch 3 tall wide"]:
        """Bring images into the precision, the order in memory and a size that ``layers`` want."""
        return padded(suited(images.to(self.precision)))

    def finished(
        self, change: Float[Tensor, "batch 3 rows columns"], images: Images, coarse: int = 1
    ) -> Images:
        """Turn what came out of ``layers`` into the repainted images."""
        # The last squashing in fp32, so that dark tones keep their steps.
        change = change.float()
        if self.start is None:
            return change.tanh()
        if coarse > 1:
            height, width = images.shape[-2:]
            change = F.interpolate(change, scale_factor=coarse, mode="bilinear")
            change = change[..., :height, :width]
        return (change + self.start(unsquashed(images))).tanh()


class ResidualBlock(nn.Module):
    """Add two reflected 3 x 3 convolutions to what came."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_convolution(channels, channels, 3, reflect=1),
            nn.ReflectionPad2d(1),
            Convolution(channels, channels, 3, bias=False),
            InstanceNorm(),
        )

    def forward(self, features: Features) -> Features:
        """Keep the shape."""
        return features + self.layers(features)


def _convolution(
    channels: int, wider: int, kernel: int, stride: int = 1, reflect: int = 0
) -> list[nn.Module]:
    """Convolve without a bias (the norm would take it out again), normalise, rectify."""
    pad: list[nn.Module] = [nn.ReflectionPad2d(reflect)] if reflect else []
    conv = Convolution(channels, wider, kernel, stride, 0 if reflect else 1, bias=False)
    return [*pad, conv, InstanceNorm(), nn.ReLU(inplace=True)]


def _doubling(channels: int, narrower: int, upsampling: Upsampling) -> list[nn.Module]:
    """Double height and width, normalise, rectify."""
    step = NearestDoubling if upsampling == "nearest" else TransposedDoubling
    return [step(channels, narrower), InstanceNorm(), nn.ReLU(inplace=True)]


def shrunk(images: Images, coarse: int) -> Float[Tensor, "batch 3 rows columns"]:
    """Average squares of ``coarse`` x ``coarse`` pixels; those at the far edges may be cut off."""
    return images if coarse == 1 else F.avg_pool2d(images, coarse, ceil_mode=True)


def padded(images: Images) -> Float[Tensor, "batch 3 tall wide"]:
    """Reflect up to a size that halves twice, below and at the right."""
    height, width = images.shape[-2:]
    down, right = (max(-size % _STRIDE, _SMALLEST - size) for size in (height, width))
    if not down and not right:
        return images
    # Reflection needs more pixels than it adds; an image of a few pixels repeats its edge.
    mode = "reflect" if down < height and right < width else "replicate"
    return F.pad(images, (0, right, 0, down), mode=mode)
