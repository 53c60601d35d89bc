"""The two tensor forms of an image, and the only ways between them.

On disk an image is ``uint8`` in 0..255. Inside a network it is ``float32`` in -1..1. Nothing else
in the house changes the range of pixels.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

Images = Float[Tensor, "batch 3 height width"]
"""Network images, -1..1."""
Pixels = UInt8[Tensor, "batch 3 height width"]
"""Stored images, 0..255."""


def to_images(pixels: Pixels) -> Images:
    """Bring stored pixels into a network's range.

    >>> to_images(torch.tensor([0, 255], dtype=torch.uint8).expand(1, 3, 1, 2)).unique()
    tensor([-1.,  1.])
    """
    return pixels.float() / 127.5 - 1.0


def to_pixels(images: Images) -> Pixels:
    """Bring a network's images back to stored pixels, clipping what is out of range.

    >>> to_pixels(torch.tensor([-1.2, 0.0, 1.0]).expand(1, 3, 1, 3)).unique()
    tensor([  0, 128, 255], dtype=torch.uint8)
    """
    return ((images.float() + 1.0) * 127.5).round().clamp(0, 255).byte()


def stack(arrays: Sequence[UInt8[np.ndarray, "height width 3"]]) -> Pixels:
    """Join decoded files of one size to a batch, channels first."""
    # np.stack copies: what files decode to may be read-only, which torch warns of.
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2)


def to_array(pixels: UInt8[Tensor, "3 height width"]) -> UInt8[np.ndarray, "height width 3"]:
    """Turn one stored image back into rows of RGB, as files hold them."""
    return np.ascontiguousarray(pixels.permute(1, 2, 0).numpy())
