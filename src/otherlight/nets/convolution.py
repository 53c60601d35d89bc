"""Convolutions that compute in the precision of what comes, with weights kept in fp32.

torch.autocast would do, but on a CPU it sends reflection padding, and all that follows, back to
fp32, at more cost than the convolution saves (benchmarks/cyclegan_step.md).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from otherlight.nets import winograd
from otherlight.nets.layout import suited, wants_channels_last

_WIDE = 128
"""Channels from which matrices are large enough for Winograd's way to gain."""

Features = Float[Tensor, "batch channels rows columns"]
Convolved = Float[Tensor, "batch wider tall wide"]
Kernel = Float[Tensor, "outside inside 3 3"]


class Convolution(nn.Conv2d):
    """A convolution in the precision of what comes."""

    def forward(self, input: Features) -> Convolved:
        """Convolve."""
        if _pays(self, input):
            assert isinstance(self.padding[0], int)
            return winograd.convolve(input, self.weight, self.padding[0])
        bias = None if self.bias is None else self.bias.to(input.dtype)
        weight = self.weight.to(input.dtype)
        return F.conv2d(suited(input), weight, bias, self.stride, self.padding)


def _pays(layer: nn.Conv2d, input: Tensor) -> bool:
    """Say whether a convolution learns sooner by Winograd's way (benchmarks/cyclegan_step.md).

    Images are made by the plain way all the same, which a batch's size does not change in the last
    digit.
    """
    return (
        layer.kernel_size == (3, 3)
        and layer.stride == (1, 1)
        and layer.bias is None
        and min(layer.in_channels, layer.out_channels) >= _WIDE
        and input.dtype == torch.float32
        and torch.is_grad_enabled()
        and not wants_channels_last(input.device)
        and not torch.is_autocast_enabled(input.device.type)
        and not torch.compiler.is_compiling()
    )


class TransposedDoubling(nn.ConvTranspose2d):
    """Twice as high and wide by a transposed 3 x 3 convolution."""

    def __init__(self, channels: int, narrower: int) -> None:
        super().__init__(channels, narrower, 3, 2, 1, output_padding=1, bias=False)

    def forward(self, input: Features, output_size: list[int] | None = None) -> Convolved:
        """Enlarge."""
        assert output_size is None
        return F.conv_transpose2d(
            suited(input), self.weight.to(input.dtype), stride=2, padding=1, output_padding=1
        )


class NearestDoubling(nn.Conv2d):
    """Repeat every pixel 2 x 2, pad by reflection, convolve 3 x 3, in one pass.

    Each row of the large image sees only two rows of the small one, so that the three taps of the
    kernel fall together to two: written as a transposed 4 x 4 convolution it needs 4/9 of the
    products. Reflecting the large image by one pixel repeats the edge of the small one.
    """

    def __init__(self, channels: int, narrower: int) -> None:
        super().__init__(channels, narrower, 3, bias=False)

    def forward(self, input: Features) -> Convolved:
        """Enlarge."""
        return F.conv_transpose2d(
            F.pad(suited(input), (1, 1, 1, 1), mode="replicate"),
            _spread(self.weight).to(input.dtype),
            stride=2,
            padding=3,
        )


def _spread(weight: Kernel) -> Float[Tensor, "inside outside 4 4"]:
    """Turn a kernel over repeated pixels into the transposed kernel over the pixels themselves.

    A small pixel is repeated at two places, so that what it sends out is the kernel laid down
    twice, one apart, along each axis.
    """
    mirrored = weight.transpose(0, 1).flip(2, 3)
    wide = F.pad(mirrored, (0, 1, 0, 0)) + F.pad(mirrored, (1, 0, 0, 0))
    tall = F.pad(wide, (0, 0, 0, 1)) + F.pad(wide, (0, 0, 1, 0))
    return suited(tall)
