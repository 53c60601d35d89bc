"""The one place that touches global random state, and where generators come from.

Chance is a function of (seed, what it is for): a step, an image. So a resumed run, another batch
size or another machine of a cluster draws the same numbers.
"""

import hashlib

import numpy as np
import torch


def seed_of(seed: int, *purpose: str | int) -> int:
    """Derive a seed for one purpose.

    >>> seed_of(0, "pair", 7) == seed_of(0, "pair", 7) != seed_of(0, "pair", 8)
    True
    """
    text = "\0".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def torch_generator(seed: int, *purpose: str | int) -> torch.Generator:
    """Make a torch generator for one purpose."""
    return torch.Generator().manual_seed(seed_of(seed, *purpose))


def numpy_generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """Make a numpy generator for one purpose."""
    return np.random.default_rng(seed_of(seed, *purpose))


def seed_everything(seed: int) -> None:
    """Seed torch's global state, for networks that draw their first weights from it."""
    torch.manual_seed(seed_of(seed, "global"))
