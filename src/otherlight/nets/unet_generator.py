"""The U-Net of pix2pix (Isola et al. 2017, https://arxiv.org/abs/1611.07004, appendix 6.1.1).

The paper's batch norm over a batch of one is instance norm, which ours is for every batch; the
innermost layer has none, since a single pixel would be normalised to nought.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from otherlight.images.tensors import Images
from otherlight.nets.convolution import Convolution
from otherlight.nets.instance_norm import InstanceNorm
from otherlight.nets.layout import suited

Features = Float[Tensor, "batch channels rows columns"]
Convolved = Float[Tensor, "batch wider tall wide"]
Noise = list[Float[Tensor, "batch _ _ _"]]
"""What dropout multiplies with: 0 or 2, one tensor a layer."""

_NOISY = 3


class UNetGenerator(nn.Module):
    """Halve ``depth`` times, double as often, each level beside what it was halved from.

    The paper's depth for 256 pixels is 8: the innermost features are one pixel.
    """

    def __init__(
        self, width: int = 64, depth: int = 8, precision: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        self.precision = precision
        self.depth = depth
        self.channels = [width * min(2**level, 8) for level in range(depth)]
        ways = list(zip([3, *self.channels], self.channels, strict=False))
        self.halvings = nn.ModuleList(
            _halving(narrow, wide, first=level == 0, last=level == depth - 1)
            for level, (narrow, wide) in enumerate(ways)
        )
        self.doublings = nn.ModuleList(
            # From the second on, what comes lies beside what was halved from that size.
            _doubling(wide if level == depth - 1 else 2 * wide, narrow, last=level == 0)
            for level, (narrow, wide) in reversed(list(enumerate(ways)))
        )

    def forward(self, images: Images, noise: Noise) -> Images:
        """Repaint; sizes that do not halve ``depth`` times are reflected up and cut back."""
        height, width = images.shape[-2:]
        inside = _padded(suited(images.to(self.precision)), 2**self.depth)
        levels: list[Tensor] = []
        for halving in self.halvings:
            inside = halving(inside)
            levels.append(inside)
        inside = levels.pop()
        for place, doubling in enumerate(self.doublings):
            inside = doubling(inside)
            if place < len(noise):
                inside = inside * noise[place].to(inside.dtype)
            if levels:
                inside = torch.cat([levels.pop(), inside], dim=1)
        return inside[..., :height, :width].float().tanh()

    def noise(self, images: Images, chance: Sequence[Generator]) -> Noise:
        """Draw the dropout of the innermost layers for images, each from chance of its own.

        It is the only noise that the paper's generator has, and stays when it translates.
        """
        step = 2**self.depth
        tall, wide = (-(-size // step) for size in images.shape[-2:])
        noise: Noise = []
        for place, channels in enumerate(reversed(self.channels[:-1])):
            if place == _NOISY:
                break
            tall, wide = 2 * tall, 2 * wide
            shape = (len(images), channels, tall, wide)
            drawn = torch.empty(shape, device="cpu")
            for image, generator in zip(drawn, chance, strict=True):
                image.bernoulli_(0.5, generator=generator)
            noise.append(suited((2.0 * drawn).to(images.device)))
        return noise


class _Enlarging(nn.ConvTranspose2d):
    """Twice as high and wide by a transposed 4 x 4 convolution, in the precision of what comes."""

    def __init__(self, channels: int, narrower: int, *, bias: bool) -> None:
        super().__init__(channels, narrower, 4, 2, 1, bias=bias)

    def forward(self, input: Features, output_size: list[int] | None = None) -> Convolved:
        """Enlarge."""
        assert output_size is None
        bias = None if self.bias is None else self.bias.to(input.dtype)
        weight = self.weight.to(input.dtype)
        return F.conv_transpose2d(suited(input), weight, bias, stride=2, padding=1)


def _halving(narrow: int, wide: int, *, first: bool, last: bool) -> nn.Module:
    """Rectify and convolve; normalise, but for the first layer and the innermost.

    Nothing is done in place: what comes is wanted again beside a layer of its size.
    """
    normed = not first and not last
    rectify: list[nn.Module] = [] if first else [nn.LeakyReLU(0.2)]
    norm: list[nn.Module] = [InstanceNorm()] if normed else []
    return nn.Sequential(*rectify, Convolution(narrow, wide, 4, 2, 1, bias=not normed), *norm)


def _doubling(wide: int, narrow: int, *, last: bool) -> nn.Module:
    """Rectify, enlarge and, but for the image itself, normalise."""
    norm: list[nn.Module] = [] if last else [InstanceNorm()]
    return nn.Sequential(nn.ReLU(), _Enlarging(wide, narrow, bias=last), *norm)


def _padded(
    images: Float[Tensor, "batch 3 height width"], step: int
) -> Float[Tensor, "batch 3 tall wide"]:
    height, width = images.shape[-2:]
    down, right = -height % step, -width % step
    if not down and not right:
        return images
    # Reflection needs more pixels than it adds.
    mode = "reflect" if down < height and right < width else "replicate"
    return F.pad(images, (0, right, 0, down), mode=mode)
