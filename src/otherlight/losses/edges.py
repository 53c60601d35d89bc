"""Edge consistency (Mohwald et al. 2023, https://arxiv.org/abs/2309.16351), and the loss that edge
networks learn by (Xie and Tu 2015, https://arxiv.org/abs/1504.06375, equation 2).
"""  # noqa: D205

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

EdgeMap = Float[Tensor, "batch 1 height width"]
"""Logits."""
Scalar = Float[Tensor, ""]
EdgeDistance = Literal["l1", "bce"]


def edge_consistency(found: EdgeMap, wanted: EdgeMap, distance: EdgeDistance = "l1") -> Scalar:
    """Ask a translated image for the edges that its source has; both maps are logits.

    ``l1``, the paper's: ``mean |s(found) - s(wanted)|``, s the sigmoid. ``bce``, not in the paper:
    ``mean -(s(wanted) log s(found) + (1 - s(wanted)) log(1 - s(found)))``. No gradient reaches
    ``wanted``.

    >>> import torch
    >>> edge_consistency(torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 50.0))
    tensor(0.5000)
    """
    wanted = wanted.detach().sigmoid()
    if distance == "l1":
        return F.l1_loss(found.sigmoid(), wanted)
    return F.binary_cross_entropy_with_logits(found, wanted)


def edge_distillation(student: EdgeMap, teacher: EdgeMap) -> Scalar:
    """Ask a student for the teacher's map, before the sigmoid: ``mean |student - teacher|``.

    >>> import torch
    >>> edge_distillation(torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 3.0))
    tensor(3.)
    """
    return F.l1_loss(student, teacher.detach())


def balanced_edges(found: EdgeMap, edges: Float[Tensor, "batch 1 height width"]) -> Scalar:
    """Teach a map the true edges (0 or 1), rare as they are.

    ``-(mean over pixels of (1 - share) y log s(found) + share (1 - y) log(1 - s(found)))``, where
    ``share`` is each image's share of edge pixels.

    >>> import torch
    >>> balanced_edges(torch.zeros(1, 1, 1, 4), torch.tensor([[[[1.0, 0.0, 0.0, 0.0]]]]))
    tensor(0.2599)
    """
    share = edges.mean((1, 2, 3), keepdim=True)
    weight = torch.where(edges > 0.5, 1.0 - share, share)
    return F.binary_cross_entropy_with_logits(found, edges, weight)
