"""Chance is a function of (seed, what it is for), here without torch.

So a resumed run, another number of workers or another machine of a cluster draws the same numbers.
"""

import hashlib

import numpy as np


def seed_of(seed: int, *purpose: str | int) -> int:
    """Derive a seed for one purpose.

    >>> seed_of(0, "pair", 7) == seed_of(0, "pair", 7) != seed_of(0, "pair", 8)
    True
    """
    text = "\0".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def numpy_generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """Make a numpy generator for one purpose."""
    return np.random.default_rng(seed_of(seed, *purpose))
