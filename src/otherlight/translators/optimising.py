"""Descend on the pixels of one picture.

L-BFGS (Liu and Nocedal 1989, https://doi.org/10.1007/BF01589116) or Adam (Kingma and Ba 2014,
https://arxiv.org/abs/1412.6980).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

Levels = Float[Tensor, "1 3 height width"]
Scalar = Float[Tensor, ""]

_HISTORY = 10
_FIRST = 4.0


@dataclass(frozen=True)
class Optimiser:
    """How far to descend; L-BFGS forgets what it knows of the slope after each round."""

    name: Literal["lbfgs", "adam"]
    rounds: int
    evaluations: int
    learning_rate: float


def optimised(levels: Levels, loss: Callable[[Levels], Scalar], how: Optimiser) -> Levels:
    """Return the picture that the loss led to."""
    # L-BFGS tries first to move all numbers together by 1: in these units, each by _FIRST levels.
    unit = 1.0 if how.name == "adam" else _FIRST * levels.numel()
    # Decoded files come with channels last, which L-BFGS cannot flatten.
    scaled = (levels.detach().contiguous() / unit).requires_grad_()

    def evaluate() -> float:
        scaled.grad = None
        value = loss(scaled * unit)
        value.backward()
        return float(value.detach())

    if how.name == "adam":
        adam = torch.optim.Adam([scaled], how.learning_rate)
        for _ in range(how.rounds * how.evaluations):
            evaluate()
            adam.step()
        return scaled.detach()
    for _ in range(how.rounds):
        lbfgs = torch.optim.LBFGS(
            [scaled],
            max_iter=how.evaluations,
            max_eval=how.evaluations,
            # The budget alone ends it: the scale of the losses differs too much for a tolerance.
            tolerance_grad=0.0,
            tolerance_change=0.0,
            history_size=_HISTORY,
            line_search_fn="strong_wolfe",
        )
        lbfgs.step(evaluate)
    return scaled.detach() * unit
