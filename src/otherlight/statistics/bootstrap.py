"""The cluster bootstrap: whole groups of images are drawn again, never single images of them.

Davison and Hinkley 1997, Bootstrap Methods and their Application, section 3.8. Frames of one
sequence resemble each other, so the group (sequence, else image) is what a test set has many of.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

Weights = Float[np.ndarray, "images resamples"]
"""How often each image occurs in each resample; the same numbers serve every run and metric."""


def group_weights(
    groups: Shaped[np.ndarray, " images"], resamples: int, generator: np.random.Generator
) -> Weights:
    """Draw as many groups as there are, with replacement, ``resamples`` times.

    Images of one group share a weight. Takes 8 bytes per image and resample; ``weight_blocks``
    gives the same columns in pieces.

    >>> weights = group_weights(np.array([7, 7, 9]), 4, np.random.default_rng(0))
    >>> bool((weights[0] == weights[1]).all() and (weights[1] + weights[2] == 2).all())
    True
    """
    return np.concatenate(list(weight_blocks(groups, resamples, generator)), 1)


def weight_blocks(
    groups: Shaped[np.ndarray, " images"],
    resamples: int,
    generator: np.random.Generator,
    block: int = 128,
) -> Iterator[Weights]:
    """Yield the columns of ``group_weights`` in order; the draw does not depend on ``block``."""
    if not len(groups) or resamples < 1:
        raise ValueError(
            f"A bootstrap needs images and resamples; got {len(groups)} and {resamples}."
        )
    names, member = np.unique(groups, return_inverse=True)
    count = len(names)
    for start in range(0, resamples, block):
        width = min(block, resamples - start)
        drawn = generator.integers(0, count, (width, count))
        flat = drawn + np.arange(width)[:, None] * count
        times = np.bincount(flat.ravel(), minlength=width * count).reshape(width, count)
        yield times.T[member].astype(np.float64)


def count_groups(
    groups: Shaped[np.ndarray, " images"], where: Bool[np.ndarray, " images"] | None = None
) -> int:
    """Count the groups with an image in a slice; give the images with truth for a class.

    >>> count_groups(np.array([7, 7, 9]), np.array([True, True, False]))
    1
    """
    return len(np.unique(groups if where is None else groups[where]))


def group_index(names: list[str]) -> Int[np.ndarray, " images"]:
    """Number the groups of a set by their names.

    >>> group_index(["b", "a", "b"])
    array([1, 0, 1])
    """
    return np.unique(np.array(names, np.str_), return_inverse=True)[1].astype(np.int64)
