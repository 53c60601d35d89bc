"""One small set, and one recogniser fitted to it, for all tests of this floor."""

import sys
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
def fitted(eight: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> Run:
    to = tmp_path_factory.mktemp("fitted") / "run"
    return fit([Ingredient(images=eight)], eight, OVERFIT, 0, to)
