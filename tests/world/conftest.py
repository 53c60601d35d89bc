"""Scenes that several tests look at; drawn once."""

import pytest

from otherlight.records.seeds import numpy_generator
from otherlight.world.project import Packed, pack
from otherlight.world.traffic import draw_scene
from otherlight.world.view import View, look

SIZE = (256, 144)


@pytest.fixture(scope="session")
def scenes() -> list[Packed]:
    return [pack(draw_scene(numpy_generator(11, "test", index), 3.2)) for index in range(12)]


@pytest.fixture(scope="session")
def views(scenes: list[Packed]) -> list[tuple[Packed, View]]:
    return [
        (packed, look(packed, SIZE, seconds)) for packed in scenes for seconds in (0.0, 1.2, 2.8)
    ]
