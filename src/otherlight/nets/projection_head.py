"""The projection head of CUT (Park et al. 2020, https://arxiv.org/abs/2007.15651, section 3.2)."""

from collections.abc import Sequence

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

Features = Float[Tensor, "batch _ _ _"]
"""Channels, rows and columns are each layer's own."""
Patches = Float[Tensor, "batch _ width"]
Places = Int[Tensor, " _"]


class ProjectionHead(nn.Module):
    """Two layers for each layer of features; vectors of length 1 come out.

    Computes in fp32 whatever the precision of the features: they are few.
    """

    def __init__(self, channels: Sequence[int], width: int = 256) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Linear(depth, width), nn.ReLU(inplace=True), nn.Linear(width, width))
            for depth in channels
        )

    def forward(self, features: Sequence[Features], places: Sequence[Places]) -> list[Patches]:
        """Project the features at some places, numbered row by row: one tensor a layer."""
        return [
            F.normalize(
                layer(depths.flatten(2).index_select(2, chosen).mT.float()), dim=-1, eps=1e-7
            )
            for layer, depths, chosen in zip(self.layers, features, places, strict=True)
        ]
