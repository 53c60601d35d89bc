"""The recognisers there are, by the names a user can type."""

import torch

from otherlight.config import build, nearest
from otherlight.errors import PlanError
from otherlight.recognisers.compact import LICENCE, CompactConfig, build_compact
from otherlight.recognisers.protocols import LearnedDetector, Method, Options

RECOGNISERS = {
    "compact": Method(config=CompactConfig, build=build_compact, licence=LICENCE),
}


def method_named(name: str) -> Method:
    """Look a recogniser up; a wrong name is answered with the nearest there is."""
    if name not in RECOGNISERS:
        raise PlanError(f"There is no recogniser {name!r}. {nearest(name, RECOGNISERS)}")
    return RECOGNISERS[name]


def build_detector(
    name: str, options: Options, classes: int, generator: torch.Generator
) -> LearnedDetector:
    """Build a recogniser by name, its first weights drawn from the generator."""
    method = method_named(name)
    config = build(method.config, options, f"recogniser {name}: options")
    return method.build(config, classes, generator)
