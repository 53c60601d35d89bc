"""Muon: momentum whose matrices are made orthogonal before each step (Jordan et al. 2024,
https://kellerjordan.github.io/posts/muon/).

A kernel counts as a matrix with a row for each output channel, as in the authors' CIFAR-10 speed
runs. ``benchmarks/detector.py --optimisers muon adamw`` sets it against AdamW alone.
"""  # noqa: D205

from collections.abc import Callable, Iterable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim import Optimizer

_STEPS = 5
_A, _B, _C = 3.4445, -4.7750, 2.0315
"""Jordan's quintic: five turns bring singular values from 0.001..1 to about 0.7..1.2."""

Matrices = Float[Tensor, "matrices rows columns"]


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
            alike: dict[tuple[int, int], list[Tensor]] = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    alike.setdefault((len(weight), weight[0].numel()), []).append(weight)
            # Matrices of one shape go together: many small products are slow one by one.
            for (rows, columns), weights in alike.items():
                ahead = [self._ahead(weight, group["momentum"]).flatten(1) for weight in weights]
                straight = orthogonal(torch.stack(ahead).to(self._dtype))
                pace = group["lr"] * max(1.0, rows / columns) ** 0.5
                for weight, direction in zip(weights, straight.float(), strict=True):
                    weight.mul_(1.0 - group["lr"] * group["weight_decay"])
                    weight.add_(direction.reshape(weight.shape), alpha=-pace)

    def _ahead(self, weight: Tensor, momentum: float) -> Tensor:
        """Nesterov's look ahead along the averaged gradient."""
        assert weight.grad is not None
        state = self.state[weight]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(weight)
        average = state["momentum"].lerp_(weight.grad, 1.0 - momentum)
        return weight.grad.lerp(average, momentum)


def orthogonal(matrices: Matrices) -> Matrices:
    """Bring all singular values near 1, in place of a costly decomposition (Newton-Schulz).

    X <- a X + (b G + c G^2) X with G = X X^T, on the wide side, from X over its Frobenius norm.
    """
    tall = matrices.shape[1] > matrices.shape[2]
    wide = matrices.mT if tall else matrices
    wide = wide / wide.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(_STEPS):
        gram = wide @ wide.mT
        inner = torch.baddbmm(gram, gram, gram, beta=_B, alpha=_C)
        wide = torch.baddbmm(wide, inner, wide, beta=_A)
    return wide.mT if tall else wide
