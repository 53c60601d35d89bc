"""From a mapping to a frozen config, with no key left unread."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, is_dataclass
from difflib import get_close_matches
from typing import Any, TypeVar

from otherlight.errors import PlanError

T = TypeVar("T")


def nearest(wrong: str, known: Iterable[str]) -> str:
    """Suggest the known name nearest to a misspelt one.

    >>> nearest("identity_wieght", ["identity_weight", "cycle_weight"])
    "Did you mean 'identity_weight'?"
    >>> nearest("x", ["b", "a"])
    'Known: a, b.'
    """
    names = sorted(known)
    near = get_close_matches(wrong, names, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(names)}."


def check_keys(given: Iterable[str], known: Iterable[str], where: str) -> None:
    """Refuse a key that nobody reads."""
    names = list(known)
    for key in given:
        if key not in names:
            raise PlanError(f"[{where}] has no key {key!r}. {nearest(key, names)}")


def build(config: type[T], values: Mapping[str, Any], where: str) -> T:
    """Build a frozen dataclass from plain values; unknown keys and wrong types are PlanErrors.

    ``where`` is the section's name as the user wrote it.
    """
    assert is_dataclass(config)
    _check_nested(config, values, where)
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(config).validate_python(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "value_error":  # a config's own sentence, which says what came
            inside = ".".join((where, *map(str, first["loc"])))
            raise PlanError(f"[{inside}] {first['msg'].removeprefix('Value error, ')}") from error
        place = ".".join(str(part) for part in first["loc"])
        raise PlanError(f"[{where}] {place}: {first['msg']}; {first['input']!r} came.") from error


def _check_nested(config: Any, values: Mapping[str, Any], where: str) -> None:
    """Refuse keys that nobody reads, in the sections within sections too."""
    known = {field.name: field.type for field in fields(config)}
    check_keys(values, known, where)
    for key, value in values.items():
        if is_dataclass(known[key]) and isinstance(value, Mapping):
            _check_nested(known[key], value, f"{where}.{key}")


def plain(config: Any) -> dict[str, Any]:
    """Turn a config into JSON values, in the order of its fields; tuples become lists."""
    return {key: _listed(value) for key, value in asdict(config).items()}


def _listed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _listed(item) for key, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, list | tuple) else value
