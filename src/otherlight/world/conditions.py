"""The table of conditions a scene renders in; adding one is one file and one line here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from otherlight.config import nearest
from otherlight.errors import PlanError
from otherlight.world.day import draw_sun, render_day
from otherlight.world.light import Picture
from otherlight.world.night import draw_dark, render_night
from otherlight.world.project import Packed
from otherlight.world.view import View


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """How scenes look: ``mood`` is drawn once a sequence and handed to every ``render``."""

    timeofday: str
    weather: str
    mood: Callable[[np.random.Generator], Any]
    render: Callable[[Packed, View, Any, np.random.Generator], Picture]


CONDITIONS: dict[str, Condition] = {
    "day": Condition(timeofday="day", weather="clear", mood=draw_sun, render=render_day),
    "night": Condition(timeofday="night", weather="clear", mood=draw_dark, render=render_night),
}


def condition_of(name: str) -> Condition:
    """Find a condition by its name."""
    if name not in CONDITIONS:
        raise PlanError(
            f"A world is rendered in a known condition; {name!r} came. {nearest(name, CONDITIONS)}"
        )
    return CONDITIONS[name]
