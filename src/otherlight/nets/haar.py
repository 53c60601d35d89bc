"""Haar wavelets as pooling (Yoo et al. 2019, https://arxiv.org/abs/1903.09760, section 3.2)."""

from jaxtyping import Float
from torch import Tensor

Features = Float[Tensor, "batch channels rows columns"]
Half = Float[Tensor, "batch channels half_rows half_columns"]
Bands = tuple[Half, Half, Half, Half]


def haar_pool(values: Features) -> Bands:
    """Split into low and high: both low, then high across, high down, both high.

    Each 2 x 2 of even rows and columns becomes one value a band, with factors of 1/2, so that no
    energy is lost.

    >>> import torch
    >>> [band.item() for band in haar_pool(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]))]
    [5.0, 1.0, 2.0, 0.0]
    """
    a, b = values[..., 0::2, 0::2], values[..., 0::2, 1::2]
    c, d = values[..., 1::2, 0::2], values[..., 1::2, 1::2]
    return (a + b + c + d) / 2, (b + d - a - c) / 2, (c + d - a - b) / 2, (a + d - b - c) / 2


def haar_unpool(low: Half, across: Half, down: Half, both: Half) -> tuple[Features, ...]:
    """Bring each band back to its full size; the sum of the four is what was split."""
    return (
        _spread(low, (1, 1, 1, 1)),
        _spread(across, (-1, 1, -1, 1)),
        _spread(down, (-1, -1, 1, 1)),
        _spread(both, (1, -1, -1, 1)),
    )


def _spread(band: Half, signs: tuple[int, int, int, int]) -> Features:
    whole = band.new_empty(*band.shape[:2], 2 * band.shape[2], 2 * band.shape[3])
    for place, sign in enumerate(signs):
        whole[..., place // 2 :: 2, place % 2 :: 2] = band * (sign / 2)
    return whole
