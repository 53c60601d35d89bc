"""Detectors made of chance alone, whose true AP is known: for calibrating what judges real ones.

A test set holds objects and distractors. A run gives each a score, and lists those above zero. An
object is as hard for every run as it is (shared), its group has a difficulty of its own (shared),
an arm answers to groups in its own way, a seed shifts the skill. All are normal, so over the
population of groups the scores of objects and of distractors are normal too, and AP follows.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import ndtr, roots_hermitenorm

from otherlight.metrics.matching import Matches

_SHARED_GROUP, _SHARED_OBJECT, _NOISE = 0.5, 1.0, 0.7
_DISTRACTOR = -0.5  # mean score of what is no object


@dataclass(frozen=True, kw_only=True)
class SimulatedDetector:
    """An arm: mean score of objects, its SD over seeds, and its SD over groups."""

    skill: float = 1.0
    seed_spread: float = 0.1
    group_spread: float = 0.3


@dataclass(frozen=True, kw_only=True)
class SimulatedTest:
    """Candidates (objects and distractors) in groups of unequal size; an image is a group."""

    groups: int
    group: Int[np.ndarray, " candidates"]
    real: Bool[np.ndarray, " candidates"]
    shared: Float[np.ndarray, " candidates"]


def draw_test(groups: int, generator: np.random.Generator, per_group: int = 30) -> SimulatedTest:
    """Draw a test set with ``per_group`` candidates in a group on average, half of them objects."""
    sizes = 2 + generator.poisson(generator.gamma(4.0, (per_group - 2) / 4.0, groups))
    group = np.repeat(np.arange(groups), sizes)
    hard = generator.normal(0, _SHARED_GROUP, groups)[group]
    return SimulatedTest(
        groups=groups,
        group=group,
        real=generator.random(len(group)) < 0.5,
        shared=hard + generator.normal(0, _SHARED_OBJECT, len(group)),
    )


def simulated_runs(
    test: SimulatedTest, detector: SimulatedDetector, seeds: int, generator: np.random.Generator
) -> list[Matches]:
    """Detect with ``seeds`` runs of one arm; they share how the arm answers to groups."""
    answer = generator.normal(0, detector.group_spread, test.groups)[test.group]
    truths = np.bincount(test.group[test.real], minlength=test.groups)[:, None]
    runs: list[Matches] = []
    for shift in generator.normal(0, detector.seed_spread, seeds):
        score = test.shared + answer + generator.normal(0, _NOISE, len(answer))
        score += np.where(test.real, detector.skill + shift, _DISTRACTOR)
        listed = np.flatnonzero(score > 0)
        listed = listed[np.argsort(-score[listed])]
        hit = test.real[listed][None]
        runs.append(
            Matches(
                images=test.groups,
                classes=1,
                ious=(0.5,),
                offsets=np.array([0, len(listed)]),
                image=test.group[listed],
                row=listed,
                score=score[listed],
                true_positive=hit,
                false_positive=~hit,
                truths=truths,
            )
        )
    return runs


def true_average_precision(detector: SimulatedDetector) -> float:
    """Mean over seeds of the 101-point AP on the whole population of groups.

    >>> keen, dull = SimulatedDetector(skill=2.0), SimulatedDetector(skill=0.5)
    >>> true_average_precision(keen) > true_average_precision(dull)
    True
    """
    nodes, weights = roots_hermitenorm(15)
    skills = detector.skill + detector.seed_spread * nodes
    values = [_average_precision(float(skill), detector.group_spread) for skill in skills]
    return float(np.asarray(values) @ weights / weights.sum())


def _average_precision(skill: float, group_spread: float) -> float:
    """AP of normal scores that are listed above zero."""
    spread = math.hypot(_SHARED_GROUP, _SHARED_OBJECT, _NOISE, group_spread)
    thresholds = np.linspace(12.0, 0.0, 20_001)
    recall = ndtr((skill - thresholds) / spread)
    false = ndtr((_DISTRACTOR - thresholds) / spread)
    precision = np.maximum.accumulate((recall / (recall + false))[::-1])[::-1]
    place = np.searchsorted(recall, np.linspace(0, 1, 101))
    return float(np.append(precision, 0.0)[place].mean())
