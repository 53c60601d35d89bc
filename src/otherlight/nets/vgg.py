"""VGG16 and VGG19 (Simonyan and Zisserman 2014, https://arxiv.org/abs/1409.1556), without the end.

Layers are named as the papers on style name them: ``conv3_2`` is the second convolution of the
third block, after its ReLU. Published weights differ in what they were trained to see (RGB or BGR,
0..1 or 0..255); ``entry`` brings an image of -1..1 to that, so nobody else need know.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from otherlight.images.tensors import Images

Features = Float[Tensor, "batch channels rows columns"]
Deeper = Float[Tensor, "batch wider fewer_rows fewer_columns"]
Depth = Literal["vgg16", "vgg19"]
Pooling = Literal["max", "average"]
Padding = Literal["zeros", "reflect"]

BLOCKS: Mapping[Depth, tuple[int, ...]] = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
"""Convolutions in each block."""
WIDTHS = (64, 128, 256, 512, 512)
"""Channels of each block."""


def layer_names(depth: Depth) -> tuple[str, ...]:
    """Name the convolutions, from the image on.

    >>> layer_names("vgg16")[:4]
    ('conv1_1', 'conv1_2', 'conv2_1', 'conv2_2')
    """
    blocks = enumerate(BLOCKS[depth], start=1)
    return tuple(f"conv{block}_{n}" for block, count in blocks for n in range(1, count + 1))


def positions(depth: Depth) -> dict[str, int]:
    """Number the convolutions as torchvision's ``features`` does, where each ReLU and pool counts.

    >>> positions("vgg16")["conv2_1"], positions("vgg19")["conv5_4"]
    (5, 34)
    """
    names = layer_names(depth)
    return {name: 2 * place + _block(name) - 1 for place, name in enumerate(names)}


class Entry(nn.Module):
    """Bring RGB in -1..1 to the colours a network was trained on; nothing here is trained."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("matrix", torch.eye(3))
        self.register_buffer("offset", torch.zeros(3))

    def forward(self, images: Images) -> Images:
        """Multiply each pixel by a matrix and add an offset."""
        matrix, offset = self.get_buffer("matrix"), self.get_buffer("offset")
        return F.conv2d(images, matrix[..., None, None], offset)


class LoadedConvolution(nn.Conv2d):
    """A convolution whose weights are about to come: to draw them first would be lost time."""

    def reset_parameters(self) -> None:
        """Leave the memory as it is."""


class VGG(nn.Module):
    """The convolutions of a VGG up to the deepest of some layers, frozen."""

    def __init__(
        self,
        depth: Depth,
        layers: Sequence[str],
        pooling: Pooling = "max",
        padding: Padding = "zeros",
    ) -> None:
        super().__init__()
        names = layer_names(depth)
        self.names = names[: max(names.index(layer) for layer in layers) + 1]
        self.pooling: Pooling = pooling
        self.padding: Padding = padding
        self.entry = Entry()
        widths = (3, *(WIDTHS[_block(name) - 1] for name in self.names))
        self.convolutions = nn.ModuleDict(
            {
                name: LoadedConvolution(narrow, wide, 3)
                for name, (narrow, wide) in zip(self.names, pairwise(widths), strict=True)
            }
        )
        self.requires_grad_(False)

    def forward(self, images: Images, layers: Sequence[str]) -> dict[str, Features]:
        """Compute the named layers; what lies behind the last of them is not computed."""
        found: dict[str, Features] = {}
        values = self.entry(images)
        for name in self.names[: max(self.names.index(layer) for layer in layers) + 1]:
            values = self.advance(name, values)
            if name in layers:
                found[name] = values
        return found

    def advance(self, name: str, values: Features, pooled: bool = False) -> Deeper:
        """Compute one layer from what the layer before it gave; ``pooled`` says that it is."""
        if name.endswith("_1") and name != "conv1_1" and not pooled:
            shrink = F.max_pool2d if self.pooling == "max" else F.avg_pool2d
            values = shrink(values, 2)
        layer = self.convolutions[name]
        assert isinstance(layer, nn.Conv2d)
        mode = "reflect" if self.padding == "reflect" else "constant"
        return F.relu(layer(F.pad(values, (1, 1, 1, 1), mode=mode)))


def _block(name: str) -> int:
    return int(name[4])
