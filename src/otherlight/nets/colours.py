"""The colours of a domain, and the way from one domain's to another's.

After Reinhard et al. 2001 (https://doi.org/10.1109/38.946629): each channel takes the mean and the
deviation of the other domain. Here over whole domains, and before tanh, so that nothing clips.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

Unsquashed = Float[Tensor, "batch 3 height width"]

_BRIGHTEST = 0.97


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
    """Scale and shift each channel before tanh; at first it changes nothing."""

    scale: Tensor
    shift: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(3, 1, 1))
        self.register_buffer("shift", torch.zeros(3, 1, 1))

    def lead(self, source: Colours, target: Colours) -> None:
        """Bring the source's mean and deviation to the target's."""
        scale = target.deviation() / source.deviation()
        self.scale.copy_(scale.float())
        self.shift.copy_((target.mean() - scale * source.mean()).float())

    def forward(self, values: Unsquashed) -> Float[Tensor, "batch 3 height width"]:
        """Scale and shift."""
        return values * self.scale + self.shift


def unsquashed(images: Float[Tensor, "batch 3 height width"]) -> Unsquashed:
    """Undo tanh, short of black and white, which it never reaches."""
    return images.clamp(-_BRIGHTEST, _BRIGHTEST).atanh()
