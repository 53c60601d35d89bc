"""Features on the way through a ResNet generator, by the numbers of CUT's paper and code.

Park et al. 2020 (https://arxiv.org/abs/2007.15651) number the layers of their generator, which
blurs before it halves; ours has fewer layers, so that their numbers are taken by meaning:

====== ==================================================== =================
number features                                             place in `layers`
====== ==================================================== =================
0      the image itself                                     before the first
4      the first halving convolution, before its norm       4
8      the second, before its norm                          7
12     the first residual block; 13 the second, and so on   10; 11 and so on
====== ==================================================== =================
"""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from otherlight.images.tensors import Images
from otherlight.nets.resnet_generator import ResNetGenerator

Features = Float[Tensor, "batch _ _ _"]
"""Channels, rows and columns are each layer's own."""

PIXELS, _FIRST_HALVING, _SECOND_HALVING, _FIRST_BLOCK = 0, 4, 8, 12
_PLACES = {_FIRST_HALVING: 4, _SECOND_HALVING: 7}


def numbers(blocks: int) -> tuple[int, ...]:
    """Count out the layers that features can be had of.

    >>> numbers(3)
    (0, 4, 8, 12, 13, 14)
    """
    return (PIXELS, *_PLACES, *(_FIRST_BLOCK + block for block in range(blocks)))


def channels_of(width: int, number: int) -> int:
    """Count the channels of a layer's features in a generator of some width.

    >>> [channels_of(64, number) for number in (0, 4, 8, 12, 16)]
    [3, 128, 256, 256, 256]
    """
    return {PIXELS: 3, _FIRST_HALVING: 2 * width}.get(number, 4 * width)


class Tapped(nn.Module):
    """A generator that gives features beside its images; the weights are the generator's."""

    def __init__(self, net: ResNetGenerator, layers: Sequence[int]) -> None:
        super().__init__()
        self.net = net
        self.layers = tuple(layers)

    def forward(self, images: Images) -> tuple[Images, list[Features]]:
        """Repaint images, and give the features of each layer asked for, in that order."""
        height, width = images.shape[-2:]
        features, painted = _walk(self.net, images, self.layers, len(self.net.layers))
        return self.net.finished(painted[..., :height, :width], images), features


class Encoder(nn.Module):
    """The part of a generator that features come from; the weights are the generator's."""

    def __init__(self, net: ResNetGenerator, layers: Sequence[int]) -> None:
        super().__init__()
        self.net = net
        self.layers = tuple(layers)

    def forward(self, images: Images) -> list[Features]:
        """Give the features of each layer asked for, in that order, and go no further."""
        end = 1 + max(map(_place, self.layers))
        return _walk(self.net, images, self.layers, end)[0]


def _walk(
    net: ResNetGenerator, images: Images, layers: Sequence[int], end: int
) -> tuple[list[Features], Features]:
    """Pass images through the layers before ``end``; remember what is asked for."""
    inside = net.laid_out(images)
    # Pixels as they came: what is padded to make a size fit, and bf16, are the network's affair.
    seen = {_place(PIXELS): images}
    wanted = {_place(number) for number in layers}
    for place, layer in enumerate(net.layers[:end]):
        inside = layer(inside)
        if place in wanted:
            seen[place] = inside
    return [seen[_place(number)] for number in layers], inside


def _place(number: int) -> int:
    if number == PIXELS:
        return -1
    return _PLACES.get(number, number - 2)
