"""Muon: momentum whose matrices are made orthogonal before each step (Jordan et al. 2024,
https://kellerjordan.github.io/posts/muon/).

A kernel counts as a matrix with a row for each output channel, as in the authors' CIFAR-10 speed
runs. A network that sees few images learns markedly faster (benchmarks/detector.md).
"""  # noqa: D205

from collections.abc import Callable, Iterable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim import Optimizer

_STEPS = 5
_A, _B, _C = 3.4445, -4.7750, 2.0315
"""Jordan's quintic: five turns bring singular values from 0.001..1 to about 0.7..1.2."""

Matrix = Float[Tensor, "rows columns"]


class Muon(Optimizer):
    """Steps of equal size in every direction a matrix knows; Nesterov momentum, decoupled decay.

    For weights of two or more axes; give the others to AdamW. ``dtype`` is that of the
    orthogonalisation, which bf16 serves.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        *,
        learning_rate: float = 0.02,
        momentum: float = 0.9,
        weight_decay: float = 0.05,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(
            parameters,
            {"lr": learning_rate, "momentum": momentum, "weight_decay": weight_decay},
        )
        self._dtype = dtype

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Take one step along the gradients there are."""
        assert closure is None
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    update = self._direction(weight, group["momentum"])
                    weight.mul_(1.0 - group["lr"] * group["weight_decay"])
                    weight.add_(update, alpha=-group["lr"])

    def _direction(self, weight: Tensor, momentum: float) -> Tensor:
        assert weight.grad is not None
        state = self.state[weight]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(weight)
        average = state["momentum"].lerp_(weight.grad, 1.0 - momentum)
        ahead = weight.grad.lerp(average, momentum).reshape(len(weight), -1)
        straight = orthogonal(ahead.to(self._dtype)).to(weight.dtype)
        taller = max(1.0, ahead.shape[0] / ahead.shape[1])
        return straight.reshape(weight.shape) * taller**0.5


def orthogonal(matrix: Matrix) -> Matrix:
    """Bring all singular values near 1, in place of a costly decomposition (Newton-Schulz).

    X <- a X + (b G + c G^2) X with G = X X^T, on the wide side, from X over its Frobenius norm.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    wide = matrix.T if tall else matrix
    wide = wide / wide.norm().clamp(min=1e-7)
    for _ in range(_STEPS):
        gram = wide @ wide.T
        wide = _A * wide + (_B * gram + _C * gram @ gram) @ wide
    return wide.T if tall else wide
