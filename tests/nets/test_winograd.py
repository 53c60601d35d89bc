"""Winograd's way equals the plain sum, forwards and backwards, at every size."""

import pytest
import torch
from torch.nn import functional as F

from otherlight.nets import convolution, winograd
from otherlight.nets.convolution import Convolution

SIZES = [(3, 3), (6, 6), (7, 12), (17, 23), (18, 30)]


def _largest_difference(one: torch.Tensor, other: torch.Tensor) -> float:
    assert one.shape == other.shape
    return float(((one - other).abs().max() / other.abs().max()).detach())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("padding", [0, 1])
def test_equals_the_plain_sum(size: tuple[int, int], padding: int):
    chance = torch.Generator().manual_seed(0)
    features = torch.randn(2, 16, *size, generator=chance, requires_grad=True)
    kernel = torch.randn(24, 16, 3, 3, generator=chance, requires_grad=True)
    plain = F.conv2d(features, kernel, padding=padding)
    fast = winograd.convolve(features, kernel, padding)
    assert _largest_difference(fast, plain) < 2e-5
    gradient = torch.randn(plain.shape, generator=chance)
    asked = (features, kernel)
    for one, other in zip(
        torch.autograd.grad(fast, asked, gradient),
        torch.autograd.grad(plain, asked, gradient),
        strict=True,
    ):
        assert _largest_difference(one, other) < 2e-5


@pytest.mark.parametrize(
    ("kernel", "stride", "channels", "dtype", "learning", "expected"),
    [
        (3, 1, 128, torch.float32, True, True),
        (3, 1, 128, torch.float32, False, False),
        (3, 1, 128, torch.bfloat16, True, False),
        (3, 2, 128, torch.float32, True, False),
        (4, 1, 128, torch.float32, True, False),
        (3, 1, 64, torch.float32, True, False),
    ],
)
def test_is_taken_where_it_was_timed_to_pay(
    monkeypatch: pytest.MonkeyPatch,
    kernel: int,
    stride: int,
    channels: int,
    dtype: torch.dtype,
    *,
    learning: bool,
    expected: bool,
):
    taken: list[bool] = []

    def convolve(features: torch.Tensor, weight: torch.Tensor, padding: int) -> torch.Tensor:
        taken.append(True)
        return F.conv2d(features, weight, padding=padding)

    monkeypatch.setattr(winograd, "convolve", convolve)
    monkeypatch.setattr(convolution, "wants_channels_last", lambda _: False)
    layer = Convolution(channels, channels, kernel, stride, bias=False)
    with torch.set_grad_enabled(learning):
        layer(torch.zeros(1, channels, 6, 6, dtype=dtype))
    assert bool(taken) == expected
