"""Steps written once and run for each of several values: ``for: {weather: [fog, rain]}``.

The step ``translator`` becomes ``translator-fog`` and ``translator-rain``; inside, ``${weather}``
stands for the value. Other steps name them as ``${translator.fog.output}``, and steps that go
through the same values as ``${translator.${weather}.output}``. Written out by hand, the plan would
be the same.
"""

import re
from collections.abc import Mapping
from typing import Any

from otherlight.errors import PlanError
from otherlight.experiment.plan_files import Key, Places, Text, section_of

_FOR = "for"
_VALUE = re.compile(r"[A-Za-z0-9_-]+")
_VARIABLE = re.compile(r"\$\{\s*([A-Za-z0-9_-]+)\s*\}")

Values = tuple[str, tuple[Any, ...]]
"""A name, and what it stands for in turn."""


def copy_steps(text: Text) -> Text:
    """Write out the steps that have a ``for``, in their places, and the parts that name them.

    Raises:
        PlanError: a ``for`` is not one name with a list of values that can be part of a name.
    """
    written = section_of(text, "steps")
    turns = {
        name: _values(text, name, step[_FOR])
        for name, step in written.items()
        if isinstance(step, Mapping) and _FOR in step
    }
    if not turns:
        return text
    steps: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, step in written.items():
        word, values = turns.get(name, ("", ()))
        once = {key: value for key, value in step.items() if key != _FOR} if values else step
        for value in values:
            copy = f"{name}-{value}"
            if copy in written or copy in steps:
                place = text.places.of(("steps", name, _FOR))
                raise PlanError(f"{place}: A step has a name of its own; there are two {copy!r}.")
            steps[copy] = _renamed(_with_value(once, word, value), turns)
            origins[copy] = name
        if not values:
            steps[name] = _renamed(step, turns)
    whole = {**text.values, "steps": steps}
    if "parts" in text.values:
        whole["parts"] = _parts(section_of(text, "parts"), turns)
    return Text(values=whole, places=_places(text.places, origins))


def _values(text: Text, name: str, given: Any) -> Values:
    """Read ``{weather: [fog, rain]}``; the list may be a variable of the plan."""
    place = text.places.of(("steps", name, _FOR))
    if not isinstance(given, Mapping) or len(given) != 1:
        raise PlanError(
            f"{place}: for is one name with a list of values, such as {{weather: [fog, rain]}}; "
            f"{given!r} came."
        )
    (word, values), *_ = given.items()
    variable = _VARIABLE.fullmatch(values) if isinstance(values, str) else None
    if variable:
        values = section_of(text, "variables").get(variable.group(1))
    if str(word) in section_of(text, "variables") or str(word) in text.values:
        raise PlanError(f"{place}: The name of a for is its own; {word!r} is a variable already.")
    if not isinstance(values, list) or not values or len(set(map(str, values))) < len(values):
        raise PlanError(
            f"{place}: {word} must go through a list of values, each of them once; {values!r} came."
        )
    for value in values:
        if not isinstance(value, str | int) or not _VALUE.fullmatch(str(value)):
            raise PlanError(
                f"{place}: A value of {word} becomes part of a step's name, of letters, digits, - "
                f"and _; {value!r} cannot."
            )
    return str(word), tuple(values)


def _with_value(written: Any, word: str, value: Any) -> Any:
    """Put a value where its name stands; alone in its place it keeps its type."""
    if isinstance(written, Mapping):
        return {key: _with_value(item, word, value) for key, item in written.items()}
    if isinstance(written, list):
        return [_with_value(item, word, value) for item in written]
    if not isinstance(written, str):
        return written
    whole = _VARIABLE.fullmatch(written)
    if whole and whole.group(1) == word:
        return value
    return re.sub(rf"\$\{{\s*{re.escape(word)}\s*\}}", str(value), written)


def _renamed(written: Any, turns: Mapping[str, Values]) -> Any:
    """Let ``${translator.fog.`` name the step ``translator-fog``."""
    if isinstance(written, Mapping):
        return {key: _renamed(item, turns) for key, item in written.items()}
    if isinstance(written, list):
        return [_renamed(item, turns) for item in written]
    if isinstance(written, str):
        for name, (_, values) in turns.items():
            known = "|".join(re.escape(str(value)) for value in values)
            pattern = rf"(\$\{{\s*{re.escape(name)})\.({known})(?=[.\s}}])"
            written = re.sub(pattern, r"\1-\2", written)
    return written


def _parts(parts: Mapping[str, Any], turns: Mapping[str, Values]) -> dict[str, Any]:
    """A part that names a step means all of its copies."""
    return {
        part: [
            copy
            for name in members
            for copy in (
                [f"{name}-{value}" for value in turns[name][1]] if name in turns else [name]
            )
        ]
        if isinstance(members, list)
        else members
        for part, members in parts.items()
    }


def _places(places: Places, origins: Mapping[str, str]) -> Places:
    """Find every copy's values where the step was written."""
    copied = Places({})
    copied.update(places)
    for copy, name in origins.items():
        head: Key = ("steps", name)
        for key, place in places.below(head):
            copied.note(("steps", copy, *key[len(head) :]), place)
    return copied
