"""Variables of a plan: ``${...}`` filled in through OmegaConf, with sentences for what is missing.

A step sees the plan's head (name, about, to, seed, folder, variables) and the steps above it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from otherlight.config import nearest
from otherlight.errors import PlanError
from otherlight.experiment.plan_files import PLAN_KEYS, Key, Text, section_of

_VARIABLE = re.compile(r"\$\{\s*([A-Za-z0-9_-]+)([^}]*)")
_MISSING = re.compile(r"Interpolation key '(.+?)' not found")


def fill_in_head(text: Text, files: Sequence[Path], to: Path | None) -> dict[str, Any]:
    """Fill in what stands above the steps: name, about, to, seed, folder and the variables.

    The name stays the first file's under every overlay, so that looks at a test set are counted
    together; the folder differs, so that variants lie side by side.
    """
    stems = [file.stem for file in files]
    folder = "runs/" + "+".join(["${name}", *stems[1:]])
    values = text.values
    variables = section_of(text, "variables")
    for name in variables:
        if name in PLAN_KEYS or name == "folder":
            place = text.places.of(("variables", name))
            raise PlanError(f"{place}: A variable has a name of its own; {name!r} is the plan's.")
    _refuse_unread(text, variables)
    scope = {
        "name": values.get("name") or stems[0],
        "about": values.get("about") or "",
        "seed": 0 if values.get("seed") is None else values["seed"],
        "folder": str(files[0].parent),
        "to": str(to) if to is not None else values.get("to") or folder,
        **variables,
    }
    head = {
        key: _fill_in(text, scope, key, ("variables",) if key in variables else ()) for key in scope
    }
    if not isinstance(head["seed"], int) or isinstance(head["seed"], bool):
        place = text.places.of(("seed",))
        raise PlanError(f"{place}: seed must be a whole number; {head['seed']!r} came.")
    return head


def fill_in_step(
    text: Text,
    scope: Mapping[str, Any],
    name: str,
    step: Mapping[str, Any],
    later: tuple[str, ...],
) -> dict[str, Any]:
    """Fill in one step from what stands above it; ``later`` names itself and those below."""
    return _fill_in(text, {**scope, name: dict(step)}, name, ("steps",), later)


def names_read(value: Any, ending: str = "") -> Iterable[str]:
    """Name what starts a ``${...}`` anywhere below a value, and goes on with ``ending``."""
    if isinstance(value, str):
        for name, rest in _VARIABLE.findall(value):
            if rest.strip().startswith(ending):
                yield name
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from names_read(item, ending)
    elif isinstance(value, list):
        for item in value:
            yield from names_read(item, ending)


def _fill_in(
    text: Text, scope: Mapping[str, Any], key: str, above: Key, later: tuple[str, ...] = ()
) -> Any:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        value = OmegaConf.create(dict(scope))[key]
        if OmegaConf.is_config(value):
            value = OmegaConf.to_container(value, resolve=True, throw_on_missing=True)
        return value
    except OmegaConfBaseException as error:
        full = _split(str(getattr(error, "full_key", None) or key))
        place = text.places.of((*above, *full))
        raise PlanError(f"{place}: {_say(error, full, scope, later)}") from error


def _split(full: str) -> Key:
    words = re.split(r"[.\[\]]+", full)
    return tuple(int(word) if word.isdigit() else word for word in words if word)


def _say(error: Exception, key: Key, scope: Mapping[str, Any], later: tuple[str, ...]) -> str:
    """Turn OmegaConf's complaint into a sentence, with the nearest name where one is missing."""
    if "issing mandatory value" in str(error):
        dotted = ".".join(map(str, key))
        return f"A value written ??? must come from an overlay or key=value; {dotted} did not."
    missing = _MISSING.search(str(error))
    if missing is None:
        return f"A variable cannot be filled in: {str(error).splitlines()[0]}."
    wanted = missing.group(1)
    words = wanted.split(".")
    if words[0] in later:
        return (
            f"${{{wanted}}} must come from a step above; [{words[0]}] stands here or further down. "
            f"Move it up."
        )
    known: Any = scope
    for word in words:
        if not isinstance(known, Mapping) or word not in known:
            names = list(known) if isinstance(known, Mapping) else []
            hint = f" {nearest(word, names)}" if names else ""
            return f"There is no variable ${{{wanted}}}; {word!r} is unknown.{hint}"
        known = known[word]
    return f"There is no variable ${{{wanted}}}."


def _refuse_unread(text: Text, variables: Mapping[str, Any]) -> None:
    """A variable that nothing reads is as wrong as a misspelt key."""
    read = set(names_read(text.values))
    for name in variables:
        if name not in read:
            others = [other for other in variables if other != name]
            hint = f" {nearest(name, others)}" if others else ""
            raise PlanError(
                f"{text.places.of(('variables', name))}: [variables] has a key {name!r} that "
                f"nothing reads; no value holds ${{{name}}}.{hint}"
            )
