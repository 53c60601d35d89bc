"""What a translation left of labelled objects: their edges and their contrast, in the box."""

import torch
from jaxtyping import Float
from torch import Tensor

from otherlight.metrics.appearance import gradients

Region = Float[Tensor, "rows columns"]
"""Brightness in and around one box, 0..1."""

_SEEN = 0.01
"""Deviation of brightness under which nothing can be seen, so that nothing can be lost."""


def object_kept(before: Region, after: Region) -> float | None:
    """How much of an object is left, 0..1: the lesser of edges and contrast; None if it had none.

    Edges: the correlation of gradient lengths, so that what turned from dark on light to light on
    dark is kept. Contrast: the deviation of brightness over what it was, at most 1.
    """
    level = float(before.std(correction=0))
    if level < _SEEN:
        return None
    contrast = min(1.0, float(after.std(correction=0)) / level)
    old, new = (gradients(each[None])[0].flatten() for each in (before, after))
    old, new = old - old.mean(), new - new.mean()
    lengths = float(old.norm() * new.norm())
    edges = float(torch.dot(old, new)) / lengths if lengths > 1e-9 else 0.0
    return min(contrast, max(0.0, edges))
