"""A differentiable edge operator without weights, after Sobel and Feldman 1968 (described in Duda
and Hart 1973, Pattern Classification and Scene Analysis, p. 271).

Ours: at three scales, all colours together, against the image's own mean; so that a dark image has
as many edges as a bright one.
"""  # noqa: D205

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from otherlight.images.tensors import Images
from otherlight.nets.edges import EdgeMap

_SCALES = (1, 2, 4)
_LEAST = 0.005
"""Mean slope below which an image counts as empty; so its noise does not become edges."""
_HALF, _STEEP = 2.0, 3.0
"""Slopes this many times the mean are an edge as likely as not; and how fast that rises."""


class SobelEdges(nn.Module):
    """Compare the slope at each pixel with the image's mean slope; nothing is learned."""

    def forward(self, images: Images) -> EdgeMap:
        """Give the logit of an edge at every pixel."""
        size = images.shape[-2:]
        slopes = [
            F.interpolate(_slope(_smaller(images, scale)), size, mode="bilinear")
            for scale in _SCALES
        ]
        slope = torch.stack(slopes).mean(0)
        usual = slope.mean((2, 3), keepdim=True) + _LEAST
        return _STEEP * (slope / usual - _HALF)


def _smaller(images: Images, scale: int) -> Float[Tensor, "batch 3 rows columns"]:
    return images if scale == 1 else F.avg_pool2d(images, scale, ceil_mode=True)


def _slope(images: Float[Tensor, "batch 3 rows columns"]) -> Float[Tensor, "batch 1 rows columns"]:
    """Length of Sobel's gradient over all channels."""
    across = images.new_tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 8.0
    kernels = torch.stack([across, across.T]).unsqueeze(1)
    rows = images.flatten(0, 1).unsqueeze(1)
    slopes = F.conv2d(F.pad(rows, (1, 1, 1, 1), mode="replicate"), kernels)
    squares = slopes.square().reshape(len(images), -1, *images.shape[-2:]).sum(1, keepdim=True)
    # The root of nought has no slope.
    return (squares + 1e-8).sqrt()
