"""Translators: show a scene in another light; geometry never moves, so labels stay true."""

from otherlight.config import nearest
from otherlight.errors import PlanError
from otherlight.translators.cyclegan import CycleGAN, CycleGANConfig
from otherlight.translators.gamma import Gamma, GammaConfig
from otherlight.translators.histogram import Histogram, HistogramConfig
from otherlight.translators.identity import Identity, IdentityConfig
from otherlight.translators.protocols import (
    Context,
    Learned,
    Method,
    Referenced,
    Translator,
    context_for,
)

TRANSLATORS: dict[str, Method] = {
    "cyclegan": Method(config=CycleGANConfig, build=CycleGAN),
    "gamma": Method(config=GammaConfig, build=Gamma),
    "histogram": Method(config=HistogramConfig, build=Histogram),
    "identity": Method(config=IdentityConfig, build=Identity),
}


def method_of(name: str) -> Method:
    """Find a method by its name."""
    if name not in TRANSLATORS:
        raise PlanError(
            f"A translator is a method or a run folder; {name!r} is neither. "
            f"{nearest(name, TRANSLATORS)}"
        )
    return TRANSLATORS[name]


__all__ = [
    "TRANSLATORS",
    "Context",
    "Learned",
    "Method",
    "Referenced",
    "Translator",
    "context_for",
    "method_of",
]
