"""Words for light and weather: the sources' spellings, and the house's."""

from collections.abc import Mapping
from typing import Any

from otherlight.datasets.samples import Tally

TIMEOFDAY = {
    "daytime": "day", "day": "day", "night": "night", "nighttime": "night",
    "dawn/dusk": "twilight", "dawn": "twilight", "dusk": "twilight", "twilight": "twilight",
}  # fmt: skip
WEATHER = {
    "clear": "clear", "partly cloudy": "partly_cloudy", "partly_cloudy": "partly_cloudy",
    "overcast": "overcast", "cloudy": "overcast", "rainy": "rain", "rain": "rain",
    "snowy": "snow", "snow": "snow", "foggy": "fog", "fog": "fog",
}  # fmt: skip
Words = dict[tuple[tuple[str, str], ...], dict[str, str]]
"""Attributes by what they hold."""
_MOST = 1 << 12
_KNOWN: Mapping[str, Mapping[str, str]] = {"timeofday": TIMEOFDAY, "weather": WEATHER}
_UNKNOWN = ("", "undefined", "unknown")


def normalise(attributes: Mapping[str, Any], at: str, tally: Tally) -> dict[str, str | None]:
    """Turn a source's words into the columns timeofday, weather and scene.

    A word that is not known leaves its column null and is counted; the word itself stays among
    the attributes.
    """
    columns: dict[str, str | None] = {}
    for column, known in _KNOWN.items():
        word = str(attributes.get(column) or "").strip().lower()
        columns[column] = known.get(word)
        if word not in known and word not in _UNKNOWN:
            tally.note(f"{column} {word!r} is no known word, left open", at)
    scene = str(attributes.get("scene") or "")
    columns["scene"] = None if scene in _UNKNOWN else scene
    return columns


def spoken(row: Mapping[str, Any]) -> dict[str, str]:
    """Say an image's attributes so that `normalise` finds its timeofday, weather and scene again.

    >>> spoken({"attributes": {"weather": "rainy"}, "weather": "rain", "timeofday": "night",
    ...         "scene": None})
    {'weather': 'rainy', 'timeofday': 'night'}
    """
    words = dict(row["attributes"])
    said = normalise(words, "", Tally())
    return words | {
        column: row[column]
        for column in ("timeofday", "weather", "scene")
        if row[column] is not None and said[column] != row[column]
    }


def as_words(values: Mapping[str, Any]) -> dict[str, str]:
    """Turn a source's attributes into words; nothing is lost but nulls.

    >>> as_words({"occluded": False, "weather": "rainy", "crowd": None})
    {'occluded': 'false', 'weather': 'rainy'}
    """
    return {
        str(key): str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in values.items()
        if value is not None
    }


def share(words: dict[str, str], known: Words) -> dict[str, str]:
    """Give back equal words that came before, so that many images share one piece of memory."""
    return known.setdefault(tuple(words.items()), words) if len(known) < _MOST else words
