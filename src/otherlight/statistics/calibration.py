"""How often the decision errs: false calls between equal arms, and coverage of the interval.

The rule of decision.py is run on worlds whose true differences are known. An A/A comparison
should be called in 5 % of worlds, and 95 % of intervals should hold the truth.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from otherlight.statistics.bootstrap import group_weights
from otherlight.statistics.contrast import Figures
from otherlight.statistics.decision import Question, decide


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One simulated comparison: arms against a reference, and the differences that are true."""

    arms: tuple[Figures, ...]
    reference: Figures
    truth: tuple[float, ...]
    groups: int


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Shares of simulations, and the standard error that a share of 5 % or 95 % has.

    ``called``: at least one arm of the family was called although all were equal (else: called
    at all). ``covered``: single 95 % intervals that hold the truth. ``width``: their mean width.
    """

    simulations: int
    called: float
    covered: float
    width: float

    @property
    def error(self) -> float:
        """Binomial standard error of a true rate of 5 %."""
        return math.sqrt(0.05 * 0.95 / self.simulations)


def rates(
    draw: Callable[[np.random.Generator], Drawn], simulations: int, generator: np.random.Generator
) -> Rates:
    """Decide many simulated comparisons and count."""
    called = np.zeros(simulations, np.bool_)
    covered: list[bool] = []
    widths: list[float] = []
    for simulation in range(simulations):
        drawn = draw(generator)
        family = len(drawn.arms)
        for arm, truth in zip(drawn.arms, drawn.truth, strict=True):
            row = decide(_QUESTION, arm, drawn.reference, groups=drawn.groups, family=family)
            called[simulation] |= row.verdict in ("helps", "harms")
            if family > 1:
                row = decide(_QUESTION, arm, drawn.reference, groups=drawn.groups)
            covered.append(row.low <= truth <= row.high)
            widths.append(row.high - row.low)
    return Rates(
        simulations=simulations,
        called=float(called.mean()),
        covered=float(np.mean(covered)),
        width=float(np.mean(widths)),
    )


_QUESTION = Question(arm="arm", reference="reference")


@dataclass(frozen=True, kw_only=True)
class LinearWorld:
    """Figures that are plain means over groups, equal in truth.

    ``seed_ratio`` is the reference's SD over seeds in units of the standard error that the groups
    give the difference; arms have ``unequal`` times that. ``interaction`` is how much of a
    group's own response differs between seeds (SD, where an arm's own response has 1).
    """

    groups: int
    seeds: int
    seed_ratio: float
    unequal: float = 1.0
    interaction: float = 0.0
    family: int = 1
    resamples: int = 1000

    def draw(self, generator: np.random.Generator) -> Drawn:
        """Draw one comparison."""
        weights = group_weights(np.arange(self.groups), self.resamples, generator) / self.groups
        shared = generator.normal(0, 2, self.groups)
        spread = self.seed_ratio * math.sqrt(2 / self.groups)
        arms = [
            self._arm(shared, factor * spread, weights, generator)
            for factor in (1.0, *[self.unequal] * self.family)
        ]
        return Drawn(
            arms=tuple(arms[1:]),
            reference=arms[0],
            truth=(0.0,) * self.family,
            groups=self.groups,
        )

    def _arm(
        self,
        shared: Float[np.ndarray, " groups"],
        spread: float,
        weights: Float[np.ndarray, "groups resamples"],
        generator: np.random.Generator,
    ) -> Figures:
        own = generator.normal(0, 1, self.groups)
        seeds = generator.normal(0, spread, (self.seeds, 1))
        mixed = generator.normal(0, self.interaction, (self.seeds, self.groups))
        values = shared + own + seeds + mixed
        return Figures(whole=values.mean(1), resampled=values @ weights)


def split_rates(
    runs: Figures, size: int, splits: int, groups: int, generator: np.random.Generator
) -> Rates:
    """A real A/A: runs of one recipe, split ``splits`` times into two arms of ``size`` each."""
    if len(runs.whole) < 2 * size:
        raise ValueError(
            f"Two arms of {size} need at least {2 * size} runs; there are {len(runs.whole)}."
        )

    def draw(generator: np.random.Generator) -> Drawn:
        chosen = generator.permutation(len(runs.whole))
        return Drawn(
            arms=(_some(runs, chosen[:size]),),
            reference=_some(runs, chosen[size : 2 * size]),
            truth=(0.0,),
            groups=groups,
        )

    return rates(draw, splits, generator)


def _some(runs: Figures, chosen: Sequence[int] | np.ndarray) -> Figures:
    return Figures(whole=runs.whole[chosen], resampled=runs.resampled[chosen])
