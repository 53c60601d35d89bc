"""The decoder of AdaIN (Huang and Belongie 2017, https://arxiv.org/abs/1703.06868, section 5).

It mirrors the encoder with nearest-neighbour doubling in place of pooling, pads by reflection and
has no norm: a norm would take the style out again.
"""

from collections.abc import Sequence

from torch import nn

from otherlight.images.tensors import Images
from otherlight.nets.vgg import Features


class StyleDecoder(nn.Module):
    """Paint an image from features; what it paints may leave -1..1.

    ``widths`` are the channels of each level from the image on, ``counts`` the convolutions between
    two levels; ``halved`` says that the first level is of half the image's size already.
    """

    def __init__(self, widths: Sequence[int], counts: Sequence[int], halved: bool = False) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        deep = widths[-1]
        for width, count in zip(widths[-2::-1], counts[::-1], strict=True):
            layers += [*_convolution(deep, width), nn.Upsample(scale_factor=2)]
            for _ in range(count - 1):
                layers += _convolution(width, width)
            deep = width
        if halved:
            layers.append(nn.Upsample(scale_factor=2))
        layers += [nn.ReflectionPad2d(1), nn.Conv2d(deep, 3, 3)]
        self.layers = nn.Sequential(*layers)

    def forward(self, features: Features) -> Images:
        """Paint."""
        return self.layers(features)


def _convolution(channels: int, wide: int) -> list[nn.Module]:
    return [nn.ReflectionPad2d(1), nn.Conv2d(channels, wide, 3), nn.ReLU()]
