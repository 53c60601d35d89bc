"""A drawn test image whose edges are known: do these weights see their images as they want them?

Published edge networks differ in whether black and white lie 255 or 1 apart, and a file does not
say it. Under the wrong one nothing fails: images that lie too close together have next to no edges,
and images too far apart have them in every grain.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from otherlight.images.tensors import Images
from otherlight.nets.edges import EdgeDetector

_SIDE = 96


def probe_image() -> tuple[Images, Bool[Tensor, "1 1 height width"]]:
    """Draw a box, a disc and a bar of different colours on a slope, and say where they end."""
    rows, columns = torch.meshgrid(torch.arange(_SIDE), torch.arange(_SIDE), indexing="ij")
    image = (0.45 + 0.1 * rows / _SIDE).expand(3, -1, -1).clone()
    shapes = (
        ((rows - 34).abs() < 20) & ((columns - 30).abs() < 16),
        (rows - 58).square() + (columns - 68).square() < 18**2,
        ((rows - 84).abs() < 4) & (columns > 10),
    )
    colours = ((0.85, 0.8, 0.7), (0.1, 0.15, 0.3), (0.9, 0.3, 0.2))
    edges = torch.zeros(_SIDE, _SIDE, dtype=torch.bool)
    for shape, colour in zip(shapes, colours, strict=True):
        image[:, shape] = torch.tensor(colour).unsqueeze(1)
        edges |= _spread(shape, 1) & _spread(~shape, 1)
    return (image * 2.0 - 1.0).unsqueeze(0), edges[None, None]


@torch.no_grad()
def edge_contrast(detector: EdgeDetector) -> float:
    """Say how much likelier a detector takes edges for edges than what lies away from them."""
    image, edges = probe_image()
    chance = detector(image).sigmoid()
    # A map that is a pixel off is as good.
    there = F.max_pool2d(chance, 3, 1, 1)[edges].mean()
    away = chance[~_spread(edges[0, 0], 4)[None, None]].mean()
    return float(there - away)


def _spread(shape: Bool[Tensor, "height width"], reach: int) -> Bool[Tensor, "height width"]:
    floats: Float[Tensor, "1 1 height width"] = shape.float()[None, None]
    return F.max_pool2d(floats, 2 * reach + 1, 1, reach)[0, 0] > 0.5
