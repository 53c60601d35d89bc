"""The encoder and decoder of WCT2 (Yoo et al. 2019, https://arxiv.org/abs/1903.09760, figure 3).

VGG with Haar wavelets in place of its pooling: the low band goes on, the three high bands and what
was split go across to the decoder, so that no detail is lost on the way.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from otherlight.images.tensors import Images
from otherlight.nets.haar import haar_pool, haar_unpool
from otherlight.nets.vgg import BLOCKS, VGG, WIDTHS, Deeper, Depth, Features

LEVELS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1")
"""Where the style is laid on."""
Deepest = Float[Tensor, "batch deep low_rows low_columns"]
Across = list[tuple[Tensor, ...]]
Repaint = Callable[[str, Features], Features]


def encode(net: VGG, images: Images, repaint: Repaint) -> tuple[Deepest, Across]:
    """Compute the deepest level, and what goes across; ``repaint`` may change each level."""
    values, across = net.entry(images), Across()
    for name in net.names:
        pooled = name in LEVELS[1:]
        if pooled:
            low, *high = haar_pool(values)
            across.append((*high, values))
            values = low
        values = net.advance(name, values, pooled)
        if name in LEVELS:
            values = repaint(name, values)
    return values, across


class WaveletDecoder(nn.Module):
    """Paint an image of 0..1 from the deepest level and what went across."""

    def __init__(self, depth: Depth) -> None:
        super().__init__()
        self.blocks = BLOCKS[depth][:3]
        self.layers = nn.ModuleDict({"conv4_1": nn.Conv2d(WIDTHS[3], WIDTHS[2], 3)})
        for block, count in reversed(list(enumerate(self.blocks, start=1))):
            width, narrow = WIDTHS[block - 1], (3, *WIDTHS)[block - 1]
            for place in range(count, 0, -1):
                wide = 5 * width if place == count else width
                self.layers[f"conv{block}_{place}"] = nn.Conv2d(
                    wide, narrow if place == 1 else width, 3
                )

    def forward(self, values: Deepest, across: Across) -> Images:
        """Paint; the last layer has no ReLU."""
        values = self._advance("conv4_1", values)
        for block, count in reversed(list(enumerate(self.blocks, start=1))):
            *high, whole = across[block - 1]
            bands = haar_unpool(values, *high)
            values = torch.cat([*bands, whole], dim=1)
            for place in range(count, 0, -1):
                values = self._advance(f"conv{block}_{place}", values)
        return values

    def _advance(self, name: str, values: Features) -> Deeper:
        values = self.layers[name](F.pad(values, (1, 1, 1, 1), mode="reflect"))
        return values if name == "conv1_1" else F.relu(values)
