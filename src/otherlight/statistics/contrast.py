"""A weighted sum of arms, its two sources of chance, and their degrees of freedom.

Chance comes from the groups that happen to be in the test set and from the seeds of the runs.
Their variances add up; Satterthwaite 1946 (https://doi.org/10.2307/3002019) says how many degrees
of freedom the sum is worth.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.special import stdtr, stdtrit


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One metric of one arm in one slice, for each of its runs.

    ``whole`` on the whole test set, ``resampled`` under the weights that all arms share (nan
    where a resample has no truth). A run is a seed of the recogniser, or a translator's mean.
    """

    whole: Float[np.ndarray, " runs"]
    resampled: Float[np.ndarray, "runs resamples"]


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """An estimate with the variances of test groups and of seeds, and degrees of freedom."""

    estimate: float
    test_variance: float
    seed_variance: float
    dof: float

    @property
    def error(self) -> float:
        """Standard error: groups and seeds together."""
        return math.sqrt(self.test_variance + self.seed_variance)

    @property
    def p(self) -> float:
        """Two-sided p value of "no difference"; nan where nothing varied."""
        if not self.error > 0:
            return math.nan
        return float(2 * stdtr(self.dof, -abs(self.estimate) / self.error))

    def interval(self, level: float = 0.95, family: int = 1) -> tuple[float, float]:
        """Two-sided t interval, widened so that ``family`` of them hold together (Bonferroni)."""
        half = quantile(1 - (1 - level) / (2 * family), self.dof) * self.error
        return self.estimate - half, self.estimate + half

    def minimum_effect(self, family: int = 1, level: float = 0.95, power: float = 0.8) -> float:
        """The true difference that this test would have called with probability ``power``."""
        two = quantile(1 - (1 - level) / (2 * family), self.dof) + quantile(power, self.dof)
        return two * self.error


def quantile(probability: float, dof: float) -> float:
    """Student's t below which ``probability`` lies; nan where the degrees of freedom are.

    >>> round(quantile(0.975, 4.0), 3)
    2.776
    """
    return float(stdtrit(dof, probability)) if dof > 0 else math.nan


def contrast(figures: Sequence[Figures], factors: Sequence[float], groups: int) -> Contrast:
    """Judge ``sum(factor * arm)``, each arm the mean of its runs, over ``groups`` test groups.

    With one group, or one run of an arm with a factor, the variance is unknown: nan.
    """
    estimate = sum(
        factor * float(arm.whole.mean()) for factor, arm in zip(factors, figures, strict=True)
    )
    test = bootstrap_variance(figures, factors, groups)
    parts = [(test, groups - 1)]
    parts += [
        (factor**2 * _variance(arm.whole) / len(arm.whole), len(arm.whole) - 1)
        for factor, arm in zip(factors, figures, strict=True)
        if factor
    ]
    return Contrast(
        estimate=estimate,
        test_variance=test,
        seed_variance=sum(variance for variance, _ in parts[1:]),
        dof=degrees_of_freedom(parts),
    )


def degrees_of_freedom(parts: Sequence[tuple[float, int]]) -> float:
    """Satterthwaite's degrees of freedom of a sum of (variance, its degrees of freedom).

    >>> degrees_of_freedom([(1.0, 4), (1.0, 4), (0.0, 2)])
    8.0
    """
    total = sum(variance for variance, _ in parts)
    if not total > 0:
        return math.nan
    return total**2 / sum(variance**2 / dof for variance, dof in parts if variance > 0)


def bootstrap_variance(figures: Sequence[Figures], factors: Sequence[float], groups: int) -> float:
    """Bootstrap variance of the contrast of run means, times C / (C - 1) for C groups."""
    if groups < 2:
        return math.nan
    values = resampled_contrast(figures, factors)
    return _variance(values) * groups / (groups - 1)


def resampled_contrast(
    figures: Sequence[Figures], factors: Sequence[float]
) -> Float[np.ndarray, " resamples"]:
    """The contrast of run means in each resample where all arms have a value."""
    lengths = {arm.resampled.shape[1] for arm in figures}
    if len(lengths) != 1:
        raise ValueError(f"All arms must share their resamples; got {sorted(lengths)} of them.")
    means = [arm.resampled.mean(0) for arm in figures]
    values = np.asarray(factors, np.float64) @ np.stack(means)
    return values[~np.isnan(values)]


def seeds_within(figures: Figures, translators: Int[np.ndarray, " runs"]) -> Figures:
    """Average an arm's recogniser seeds within each translator seed, which then are its runs.

    The estimate then speaks of the procedure and no more of one translator.
    """
    names, member = np.unique(translators, return_inverse=True)
    if len(names) < 3:
        raise ValueError(
            f"To speak of the procedure takes at least 3 translator seeds; got {len(names)}."
        )
    share = (member == np.arange(len(names))[:, None]).astype(np.float64)
    share /= share.sum(1, keepdims=True)
    return Figures(whole=share @ figures.whole, resampled=share @ figures.resampled)


def _variance(values: Float[np.ndarray, " values"]) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else math.nan
