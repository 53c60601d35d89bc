"""The colours of a domain, and the way of an image to them.

After Reinhard et al. 2001 (https://doi.org/10.1109/38.946629): each channel of an image takes the
mean and the deviation of another picture; here those of a whole domain, and before tanh, so that
nothing clips.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

Unsquashed = Float[Tensor, "batch 3 height width"]

_BRIGHTEST = 0.97
_EVEN = 0.05  # an image with less contrast is not stretched to the full of another domain


class Colours(nn.Module):
    """Mean and deviation of each channel over all images seen so far.

    Counted in fp64 on the CPU, since not every accelerator has fp64.
    """

    count: Tensor
    total: Tensor
    squares: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("count", "total", "squares"):
            zeros = torch.zeros(3, 1, 1, dtype=torch.float64, device="cpu")
            self.register_buffer(name, zeros)

    @torch.no_grad()
    def see(self, images: Float[Tensor, "batch 3 height width"]) -> None:
        """Take a batch in -1..1 into account."""
        values = unsquashed(images).cpu().double().transpose(0, 1).flatten(1)
        self.count += values.shape[1]
        self.total += values.sum(1).reshape(3, 1, 1)
        self.squares += values.square().sum(1).reshape(3, 1, 1)

    def mean(self) -> Float[Tensor, "3 1 1"]:
        """Mean of each channel before tanh."""
        return self.total / self.count

    def deviation(self) -> Float[Tensor, "3 1 1"]:
        """Standard deviation of each channel before tanh; never nought."""
        return (self.squares / self.count - self.mean().square()).clamp(min=1e-4).sqrt()


class ColourTransfer(nn.Module):
    """Give each channel of each image one domain's mean and deviation, before tanh."""

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(3, 1, 1))
        self.register_buffer("deviation", torch.ones(3, 1, 1))

    def lead(self, target: Colours) -> None:
        """Take the mean and deviation of the domain to come to."""
        self.mean.copy_(target.mean().float())
        self.deviation.copy_(target.deviation().float())

    def forward(self, values: Unsquashed) -> Float[Tensor, "batch 3 height width"]:
        """Scale and shift each image by its own mean and deviation."""
        deviation, mean = torch.std_mean(values, (2, 3), correction=0, keepdim=True)
        return (values - mean) / deviation.clamp(min=_EVEN) * self.deviation + self.mean


def unsquashed(images: Float[Tensor, "batch 3 height width"]) -> Unsquashed:
    """Undo tanh, short of black and white, which it never reaches."""
    return images.clamp(-_BRIGHTEST, _BRIGHTEST).atanh()
