"""The table of conditions a scene renders in; adding one is one file and one line here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from otherlight.config import nearest
from otherlight.errors import PlanError
from otherlight.world.day import draw_sun, render_day
from otherlight.world.fog import draw_fog, render_fog
from otherlight.world.light import Picture
from otherlight.world.night import draw_dark, render_night
from otherlight.world.night_rain import draw_night_rain, render_night_rain
from otherlight.world.overcast import draw_overcast, render_overcast
from otherlight.world.project import Packed
from otherlight.world.rain import draw_rain, render_rain
from otherlight.world.snow import draw_snow, render_snow
from otherlight.world.sunset import draw_sunset, render_sunset
from otherlight.world.view import View


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """How scenes look: ``mood`` is drawn once a sequence and handed to every ``render``.

    The mood of a ``dense`` condition also takes the density of its air and has it as ``beta``.
    """

    timeofday: str
    weather: str
    mood: Callable[..., Any]
    render: Callable[[Packed, View, Any, np.random.Generator], Picture]
    dense: bool = False


CONDITIONS: dict[str, Condition] = {
    "day": Condition(timeofday="day", weather="clear", mood=draw_sun, render=render_day),
    "night": Condition(timeofday="night", weather="clear", mood=draw_dark, render=render_night),
    "overcast": Condition(
        timeofday="day", weather="overcast", mood=draw_overcast, render=render_overcast
    ),
    "sunset": Condition(
        timeofday="twilight", weather="clear", mood=draw_sunset, render=render_sunset
    ),
    "fog": Condition(timeofday="day", weather="fog", mood=draw_fog, render=render_fog, dense=True),
    "rain": Condition(timeofday="day", weather="rain", mood=draw_rain, render=render_rain),
    "night_rain": Condition(
        timeofday="night", weather="rain", mood=draw_night_rain, render=render_night_rain
    ),
    "snow": Condition(timeofday="day", weather="snow", mood=draw_snow, render=render_snow),
}


def condition_of(name: str) -> Condition:
    """Find a condition by its name."""
    if name not in CONDITIONS:
        raise PlanError(
            f"A world is rendered in a known condition; {name!r} came. {nearest(name, CONDITIONS)}"
        )
    return CONDITIONS[name]
