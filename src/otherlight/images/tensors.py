"""The forms of an image, and the only ways between them.

On disk an image is ``uint8`` in 0..255. Inside a network it is ``float32`` in -1..1. What works on
one image by numpy or OpenCV takes ``float32`` in 0..1. Nothing else in the house changes the range
of pixels.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor

Images = Float[Tensor, "batch 3 height width"]
"""Network images, -1..1."""
Pixels = UInt8[Tensor, "batch 3 height width"]
"""Stored images, 0..255."""
Tones = Float32[np.ndarray, "height width 3"]
"""One image as rows of RGB, 0..1, as a display takes them (not linear in light)."""


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


def from_shares(shares: Images) -> Images:
    """Bring images of 0..1, as torchvision and Albumentations hold floats, into a network's range.

    >>> from_shares(torch.tensor([0.0, 1.0]).expand(1, 3, 1, 2)).unique()
    tensor([-1.,  1.])
    """
    return shares.float() * 2.0 - 1.0


def to_shares(images: Images) -> Images:
    """Bring a network's images to 0..1, clipping what is out of range.

    >>> to_shares(torch.tensor([-1.2, 0.0, 1.0]).expand(1, 3, 1, 3)).unique()
    tensor([0.0000, 0.5000, 1.0000])
    """
    return ((images.float() + 1.0) * 0.5).clamp(0.0, 1.0)


def stack(arrays: Sequence[UInt8[np.ndarray, "height width 3"]]) -> Pixels:
    """Join decoded files of one size to a batch, channels first."""
    # np.stack copies: what files decode to may be read-only, which torch warns of.
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2)


def to_array(pixels: UInt8[Tensor, "3 height width"]) -> UInt8[np.ndarray, "height width 3"]:
    """Turn one stored image back into rows of RGB, as files hold them."""
    return np.ascontiguousarray(pixels.permute(1, 2, 0).numpy())


def to_tones(image: Float[Tensor, "3 height width"]) -> Tones:
    """Bring one network image to rows of RGB, 0..1, for numpy and OpenCV.

    >>> to_tones(torch.tensor([-1.0, 0.0, 1.0]).reshape(3, 1, 1)).tolist()
    [[[0.0, 0.5, 1.0]]]
    """
    rows = image.detach().cpu().float().permute(1, 2, 0).numpy()
    return np.clip((rows + 1.0) * 0.5, 0.0, 1.0).astype(np.float32)


def from_tones(tones: Tones) -> Float[Tensor, "3 height width"]:
    """Bring rows of RGB back to a network image; what lies outside 0..1 is clipped."""
    rows = np.clip(tones, 0.0, 1.0) * np.float32(2.0) - np.float32(1.0)
    return torch.from_numpy(np.ascontiguousarray(rows.transpose(2, 0, 1)))
