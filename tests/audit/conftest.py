"""One small set, and one detector that knows it by heart, for all tests of this floor."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from otherlight.recognisers import Ingredient, Run, fit
from otherlight.sets import ImageSet
from recognisers.scenes import OVERFIT, scenes


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    return scenes(tmp_path_factory.mktemp("audit") / "day")


@pytest.fixture(scope="session")
def detector(day: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> Run:
    to = tmp_path_factory.mktemp("audit") / "detector"
    return fit([Ingredient(images=day)], day, OVERFIT, 0, to)
