"""PatchGAN (Isola et al. 2017, https://arxiv.org/abs/1611.07004, section 3.2.2).

Instance norm, the paper's, takes the brightness of a whole image out of sight after the first
layer. Spectral norm (Miyato et al. 2018, https://arxiv.org/abs/1802.05957) bounds each layer and
leaves brightness in.
"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from otherlight.nets.convolution import Convolution
from otherlight.nets.instance_norm import InstanceNorm
from otherlight.nets.layout import suited

Judged = Float[Tensor, "batch channels height width"]
"""Images, or images beside what they were made from: 6 channels."""
Logits = Float[Tensor, "batch 1 rows columns"]
Norm = Literal["instance", "spectral"]


class PatchGAN(nn.Module):
    """Judge overlapping patches: one logit a patch, none for the whole image.

    ``channels`` is 3, or 6 where images are judged beside what they were made from. With
    ``depth=3`` each logit sees 70 x 70 pixels, with 2 it sees 34 x 34, with 1 16 x 16.
    """

    def __init__(
        self,
        width: int = 64,
        depth: int = 3,
        norm: Norm = "instance",
        precision: torch.dtype = torch.float32,
        channels: int = 3,
    ) -> None:
        super().__init__()
        instance = norm == "instance"
        self.precision = precision
        first = Convolution(channels, width, 4, 2, 1)
        layers: list[nn.Module] = [first, nn.LeakyReLU(0.2, inplace=True)]
        inside = width
        for level in range(1, depth + 1):
            stride = 2 if level < depth else 1
            wider = width * min(2**level, 8)
            layers += [
                # Instance norm would take a bias out again.
                Convolution(inside, wider, 4, stride, 1, bias=not instance),
                *([InstanceNorm()] if instance else []),
                nn.LeakyReLU(0.2, inplace=True),
            ]
            inside = wider
        layers.append(Convolution(inside, 1, 4, 1, 1))
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Judged) -> Logits:
        """Judge every patch; high means captured, low means generated."""
        laid_out = suited(images.to(self.precision))
        return self.layers(laid_out).float()


def bound_layers(net: PatchGAN) -> None:
    """Divide each kernel by its largest singular value, from now on, whatever is learned.

    It comes after the first weights, and starts its search for that value from torch's global
    random state.
    """
    for layer in net.layers:
        if isinstance(layer, Convolution):
            spectral_norm(layer)


def receptive_field(depth: int) -> int:
    """Count the pixels across that one logit sees.

    >>> [receptive_field(depth) for depth in (1, 2, 3)]
    [16, 34, 70]
    """
    field = 4
    for level in range(depth, -1, -1):
        field = (field - 1) * (2 if level < depth else 1) + 4
    return field
