"""Patch NCE (Park et al. 2020, https://arxiv.org/abs/2007.15651, section 3.2).

A patch of a generated image should be more like the patch it was made from than like other patches
of the same image. As in the paper, the other patches of the image itself are the negatives, and no
gradient reaches the keys.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

Patches = Float[Tensor, "batch patches channels"]
"""Vectors of length 1."""
Scalar = Float[Tensor, ""]


def patch_nce(query: Patches, key: Patches, temperature: float = 0.07) -> Scalar:
    """Pick out each query's key among all keys of its image: cross-entropy over similarities.

    ``mean over images and patches s of -log(exp(q_s k_s / t) / sum_n exp(q_s k_n / t))``

    >>> import torch
    >>> alike = torch.eye(2)[None]
    >>> f"{patch_nce(alike, alike):.4f} {patch_nce(alike, alike.flip(1)):.2f}"
    '0.0000 14.29'
    """
    likeness = query @ key.detach().mT / temperature
    own = torch.arange(query.shape[1], device=query.device).expand(len(query), -1)
    return F.cross_entropy(likeness.flatten(0, 1), own.flatten())
