"""Learning-rate schedules as plain functions of the step, so that there is no state to resume."""

import math


def constant_then_linear(step: int, steps: int, decay_from: float) -> float:
    """Hold 1 for a share of the steps, then fall linearly to 0 (CycleGAN, appendix 7.1).

    >>> [round(constant_then_linear(step, 4, 0.5), 2) for step in range(4)]
    [1.0, 1.0, 1.0, 0.5]
    """
    start = steps * decay_from
    return 1.0 if step < start else max(0.0, (steps - step) / max(steps - start, 1e-9))


def warmup_cosine(step: int, steps: int, warmup: int, floor: float = 0.01) -> float:
    """Rise linearly over ``warmup`` steps, then follow half a cosine down to ``floor``.

    >>> warmup_cosine(0, 100, 10), warmup_cosine(10, 100, 10), round(warmup_cosine(100, 100, 10), 2)
    (0.1, 1.0, 0.01)
    """
    if step < warmup:
        return (step + 1) / warmup
    along = (step - warmup) / max(steps - warmup, 1)
    return floor + (1.0 - floor) * 0.5 * (1.0 + math.cos(math.pi * along))
