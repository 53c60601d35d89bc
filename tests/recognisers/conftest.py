"""One small set, and one recogniser fitted to it, for all tests of this floor."""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from scenes import OVERFIT, scenes

from otherlight.recognisers import Ingredient, Run, fit
from otherlight.sets import ImageSet


@pytest.fixture(scope="session")
def eight(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    return scenes(tmp_path_factory.mktemp("eight"))


@pytest.fixture(scope="session")
def by_heart(eight: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Run]:
    """Fit a recogniser of the table to the eight images, once for all tests."""

    @cache
    def learn(name: str) -> Run:
        to = tmp_path_factory.mktemp(name) / "run"
        return fit([Ingredient(images=eight)], eight, replace(OVERFIT, name=name), 0, to)

    return learn


@pytest.fixture
def fitted(by_heart: Callable[[str], Run]) -> Run:
    return by_heart("compact")
