"""The one place that touches global random state, and where torch's generators come from.

Chance is a function of (seed, what it is for): a step, an image. What needs no torch lies in
`otherlight.records.seeds`, so that floors below can use it; it can be had from here too.
"""

from collections.abc import Generator
from contextlib import contextmanager

import torch

from otherlight.records.seeds import numpy_generator, seed_of

__all__ = ["numpy_generator", "seed_everything", "seed_of", "seeded", "torch_generator"]


def torch_generator(seed: int, *purpose: str | int) -> torch.Generator:
    """Make a torch generator for one purpose."""
    return torch.Generator().manual_seed(seed_of(seed, *purpose))


def seed_everything(seed: int) -> None:
    """Seed torch's global state, for networks that draw their first weights from it."""
    torch.manual_seed(seed_of(seed, "global"))


@contextmanager
def seeded(seed: int, *purpose: str | int) -> Generator[None]:
    """Seed torch's global state for a block, for parts of torch that take no generator."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(seed, *purpose))
        yield
