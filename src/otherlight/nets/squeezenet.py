"""SqueezeNet 1.1 (Iandola et al. 2016, https://arxiv.org/abs/1602.07360), without the classifier.

A small stand-in for VGG: 3 MB of weights and a fiftieth of the work. Its pictures are worse.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from otherlight.images.tensors import Images
from otherlight.nets.vgg import Deeper, Entry, Features, LoadedConvolution

LAYERS = {"conv1": 0, "fire2": 3, "fire3": 4, "fire4": 6, "fire5": 7, "fire6": 9, "fire7": 10}
"""The places of layers among torchvision's ``features``, so that its files load."""
_WIDTHS = ((64, 16, 64), (128, 16, 64), (128, 32, 128), (256, 32, 128), (256, 48, 192))
_LAST = (384, 48, 192)


class SqueezeNet(nn.Module):
    """The layers of SqueezeNet up to the deepest of some, frozen.

    Every halving is padded, unlike the published network's, so that an image of any size comes out
    at halves of its size, rounded up.
    """

    def __init__(self, layers: Sequence[str]) -> None:
        super().__init__()
        self.entry = Entry()
        whole: dict[str, nn.Module] = {"conv1": LoadedConvolution(3, 64, 3, stride=2, padding=1)}
        for name, widths in zip(list(LAYERS)[1:], (*_WIDTHS, _LAST), strict=True):
            whole[name] = Fire(*widths)
        deepest = max(LAYERS[layer] for layer in layers)
        self.layers = nn.ModuleDict(
            {str(LAYERS[name]): whole[name] for name in whole if LAYERS[name] <= deepest}
        )
        self.requires_grad_(False)

    def forward(self, images: Images, layers: Sequence[str]) -> dict[str, Features]:
        """Compute the named layers, each after its ReLU."""
        deepest = max(LAYERS[layer] for layer in layers)
        found: dict[str, Features] = {}
        values = self.entry(images)
        for name, place in LAYERS.items():
            if place > deepest:
                break
            if name in ("fire2", "fire4", "fire6"):
                values = F.max_pool2d(values, 3, 2, 1)
            values = F.relu(self.layers[str(place)](values))
            if name in layers:
                found[name] = values
        return found


class Fire(nn.Module):
    """Squeeze the channels, then widen them by 1 x 1 and by 3 x 3 convolutions side by side."""

    def __init__(self, channels: int, squeezed: int, wide: int) -> None:
        super().__init__()
        self.squeeze = LoadedConvolution(channels, squeezed, 1)
        self.expand1x1 = LoadedConvolution(squeezed, wide, 1)
        self.expand3x3 = LoadedConvolution(squeezed, wide, 3, padding=1)

    def forward(self, values: Features) -> Deeper:
        """Convolve; the last ReLU is the caller's."""
        squeezed = F.relu(self.squeeze(values))
        return torch.cat([self.expand1x1(squeezed), self.expand3x3(squeezed)], dim=1)
