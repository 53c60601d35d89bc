"""How far two collections of images are from each other, without learned weights.

Images become vectors of colour and texture (`look_of`); the maximum mean discrepancy of the vectors
(Gretton et al. 2012, https://jmlr.org/papers/v13/gretton12a.html) is tested by permutations.
"""

import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.nn import functional as F

from otherlight.images.tensors import Images
from otherlight.metrics.appearance import gradients, luminance

Vectors = Float[Tensor, "images values"]
Kernel = Float[Tensor, "both both"]

_SIZE = 32
_FILTERS = 48
_SCALES = 3
_LEAST = 0.01
"""Share of the mean deviation that a value's deviation counts as at least."""


def look_of(images: Images) -> Vectors:
    """Colour and texture of each image, brought to 32 x 32 pixels.

    Mean and deviation of each channel; mean edge strength at three scales; and of each of 48 fixed
    random filters of 5 x 5 pixels how strongly it answers, and how unevenly.
    """
    small = F.interpolate(images, (_SIZE, _SIZE), mode="area")
    colours = [small.mean((2, 3)), small.std((2, 3))]
    scales = [F.avg_pool2d(small, 2**scale) if scale else small for scale in range(_SCALES)]
    edges = [gradients(luminance(each)).mean((1, 2))[:, None] for each in scales]
    # Filters are drawn once for all: distances of different days must be of one kind.
    filters = torch.randn(_FILTERS, 3, 5, 5, generator=Generator().manual_seed(0)) / 75**0.5
    answers = F.conv2d(small, filters.to(small.device)).relu()
    return torch.cat([*colours, *edges, answers.mean((2, 3)), answers.std((2, 3))], 1)


def discrepancy(
    some: Vectors,
    others: Float[Tensor, "others values"],
    permutations: int,
    generator: Generator,
    ruler: Float[Tensor, "known values"] | None = None,
) -> tuple[float, float]:
    """Squared maximum mean discrepancy, unbiased, and its p value by random permutations.

    The kernel is exp(-d^2 / (2 m)), with m the median of the squared distances of all pairs; values
    are first divided by their deviation. Two samples of one distribution give about 0 (it may be
    below), and a p that is uniform; p is (1 + number as large) / (1 + permutations).

    Deviations and m are those of both samples together, so that a few wild vectors make everything
    else look near. Where several samples are compared with one, give ``ruler``: the distance is
    then measured by its deviations and its m. The p, whose ruler must not know the samples
    apart, stays that of both together.
    """
    if min(len(some), len(others)) < 2:
        raise ValueError(f"Two of each are needed; {len(some)} and {len(others)} came.")
    both = torch.cat([some, others]).double()
    kernel = _kernel(both, both)
    count = len(kernel)
    orders = torch.stack(
        [
            torch.arange(count),
            *(torch.randperm(count, generator=generator) for _ in range(permutations)),
        ]
    )
    chosen = torch.zeros(len(orders), count, dtype=torch.float64)
    chosen.scatter_(1, orders[:, : len(some)], 1.0)
    values = _unbiased(kernel, chosen)
    as_large = int((values[1:] >= values[0] - 1e-12).sum())
    if ruler is not None:
        values = _unbiased(_kernel(both, ruler.double()), chosen[:1])
    return float(values[0]), (1 + as_large) / (1 + permutations)


def _kernel(vectors: Float[Tensor, "both values"], ruler: Float[Tensor, "known values"]) -> Kernel:
    deviation = ruler.std(0)
    # What hardly varies in the ruler must not drown all else where it varies in the vectors.
    scale = deviation.clamp(min=max(1e-9, _LEAST * float(deviation.mean())))
    usual = _squares(ruler / scale)
    above = usual[torch.triu_indices(len(usual), len(usual), 1).unbind()]
    return torch.exp(-_squares(vectors / scale) / (2.0 * above.median().clamp(min=1e-12)))


def _squares(vectors: Float[Tensor, "rows values"]) -> Float[Tensor, "rows rows"]:
    return torch.cdist(vectors, vectors).square()


def _unbiased(kernel: Kernel, chosen: Float[Tensor, "splits both"]) -> Float[Tensor, " splits"]:
    """Of every split into chosen and others: mean within each, less twice the mean between."""
    others = 1.0 - chosen
    apart = kernel - torch.diag(kernel.diag())
    m, n = chosen.sum(1), others.sum(1)
    within = ((chosen @ apart) * chosen).sum(1) / (m * (m - 1))
    without = ((others @ apart) * others).sum(1) / (n * (n - 1))
    between = ((chosen @ apart) * others).sum(1) / (m * n)
    return within + without - 2.0 * between
