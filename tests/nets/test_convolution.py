"""Fast forms equal what a textbook writes."""

import pytest
import torch
from torch.nn import functional as F

from otherlight.nets.convolution import Convolution, NearestDoubling, TransposedDoubling


@pytest.fixture
def features() -> torch.Tensor:
    return torch.randn(2, 3, 5, 7, generator=torch.Generator().manual_seed(0))


def test_nearest_doubling_equals_repeat_reflect_convolve(features: torch.Tensor):
    layer = NearestDoubling(3, 4)
    large = F.interpolate(features, scale_factor=2.0, mode="nearest")
    plain = F.conv2d(F.pad(large, (1, 1, 1, 1), mode="reflect"), layer.weight)
    torch.testing.assert_close(layer(features), plain)


def test_transposed_doubling_equals_torch(features: torch.Tensor):
    layer = TransposedDoubling(3, 4)
    plain = F.conv_transpose2d(features, layer.weight, stride=2, padding=1, output_padding=1)
    torch.testing.assert_close(layer(features), plain)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_computes_in_the_precision_of_what_comes(features: torch.Tensor, dtype: torch.dtype):
    for layer in (Convolution(3, 4, 3), NearestDoubling(3, 4), TransposedDoubling(3, 4)):
        assert layer(features.to(dtype)).dtype == dtype
        assert layer.weight.dtype == torch.float32
