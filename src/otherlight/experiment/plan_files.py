"""Plan files as they are written: YAML with places, overlays in order, ``key=value`` on top.

Later wins: mappings merge key by key, everything else (lists too) is replaced whole. Every value
knows the file and line it came from, so that a complaint can name them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from otherlight.config import nearest
from otherlight.errors import PlanError

Key = tuple[str | int, ...]
"""Where a value stands: ("steps", "translator", "train", "steps"); numbers index lists."""

PLAN_KEYS = ("name", "about", "to", "seed", "variables", "parts", "steps")


class Places:
    """Which file and line, or which ``key=value``, each value of a plan came from."""

    def __init__(self, places: Mapping[Key, str]) -> None:
        self._places = dict(places)

    def of(self, key: Key) -> str:
        """Name the place of a value, or of the nearest section around it that has one."""
        for end in range(len(key), -1, -1):
            if key[:end] in self._places:
                return self._places[key[:end]]
        return "the plan"

    def along(self, key: Key) -> str:
        """Name the place of a value whose key may hold words that the file does not spell out."""
        found: Key = ()
        for word in key:
            if (*found, word) in self._places:
                found = (*found, word)
        return self.of(found)

    def below(self, key: Key) -> list[tuple[Key, str]]:
        """List the places of a section and of all that stands in it."""
        return [each for each in self._places.items() if each[0][: len(key)] == key]

    def update(self, later: "Places") -> None:
        """Let later places win."""
        self._places.update(later._places)

    def note(self, key: Key, place: str) -> None:
        """Note where one value came from, and the sections around it that came with it."""
        around = [key[:end] for end in range(1, len(key)) if key[:end] not in self._places]
        self._places |= dict.fromkeys([*around, key], place)


@dataclass(frozen=True, kw_only=True)
class Text:
    """A plan as written, not resolved: its values and their places."""

    values: dict[str, Any]
    places: Places


def section_of(text: Text, key: str) -> dict[str, Any]:
    """Take a section that maps names to values; one that is not there is empty."""
    section = text.values.get(key)
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise PlanError(
            f"{text.places.of((key,))}: [{key}] must be a mapping of names; {section!r} came."
        )
    return {str(name): value for name, value in section.items()}


def read_plan_text(
    path: Path, overlays: Iterable[Path], overrides: Iterable[str], verbs: Iterable[str]
) -> Text:
    """Read a plan, lay the overlays over it in order, then the ``key=value`` overrides."""
    names = tuple(verbs)
    text = read_yaml(path, names)
    values, places = text.values, text.places
    for overlay in overlays:
        later = read_yaml(overlay, names)
        values = lay_over(values, later.values)
        places.update(later.places)
    for override in overrides:
        key, value = parse_override(override, values)
        values = lay_over(values, _nest(key, value, override))
        places.note(key, override)
    return Text(values=values, places=places)


def lay_over(under: Any, over: Any) -> Any:
    """Merge mappings key by key, in the order of the lower one; anything else is replaced whole.

    >>> lay_over({"a": {"b": 1, "c": [1, 2]}, "d": 4}, {"a": {"c": [3]}, "e": 5})
    {'a': {'b': 1, 'c': [3]}, 'd': 4, 'e': 5}
    """
    if not (isinstance(under, dict) and isinstance(over, dict)):
        return over
    merged = dict(under)
    for key, value in over.items():
        merged[key] = lay_over(under[key], value) if key in under else value
    return merged


def read_yaml(path: Path, verbs: tuple[str, ...]) -> Text:
    """Read one file; a key written twice, or with dots, is an error at its line."""
    import yaml
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(f"A plan must be a text file; {path} cannot be read: {error}.") from error
    places: dict[Key, str] = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if not isinstance(node, yaml.MappingNode):
            raise PlanError(f"{path}:1: A plan must be a mapping of keys to values; it is not.")
        _walk(node, (), path, places)
        values = OmegaConf.to_container(OmegaConf.create(text), resolve=False)
    except OmegaConfBaseException as error:
        first = str(error).splitlines()[0]
        place = Places(places).along(tuple(str(getattr(error, "full_key", "")).split(".")))
        raise PlanError(f"{place}: A variable is written ${{name}}; {first}.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "unreadable"
        raise PlanError(f"{path}:{line}: A plan must be YAML; {problem}.") from error
    assert isinstance(values, dict)
    return _with_steps({str(key): value for key, value in values.items()}, places, verbs)


def parse_override(override: str, values: Mapping[str, Any]) -> tuple[Key, Any]:
    """Split ``key=value``; the first name must be there already, the value is typed as in YAML.

    A step or a variable may be named directly: ``translator.train.steps=100``, ``images=5``.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    dotted, sign, text = override.partition("=")
    parts = dotted.strip().split(".")
    if not sign or not all(parts):
        raise PlanError(f"An override is key=value, with dots between names; {override!r} came.")
    steps, variables = values.get("steps") or {}, values.get("variables") or {}
    if parts[0] in steps:
        parts = ["steps", *parts]
    elif parts[0] in variables:
        parts = ["variables", *parts]
    elif parts[0] not in PLAN_KEYS:
        known = [*PLAN_KEYS, *steps, *variables]
        raise PlanError(f"{override}: [plan] has no key {parts[0]!r}. {nearest(parts[0], known)}")
    if parts[0] in ("steps", "variables") and len(parts) > 1:
        known = steps if parts[0] == "steps" else variables
        if parts[1] not in known:
            raise PlanError(
                f"{override}: [{parts[0]}] has no key {parts[1]!r}. {nearest(parts[1], known)}"
            )
    try:
        value = OmegaConf.to_container(OmegaConf.from_dotlist([f"value={text}"]))
    except (YAMLError, OmegaConfBaseException) as error:
        raise PlanError(f"{override}: the value must be YAML; {text!r} is not.") from error
    assert isinstance(value, dict)
    return tuple(parts), value["value"]


def _nest(key: Key, value: Any, override: str) -> dict[str, Any]:
    nested: Any = value
    for name in reversed(key):
        if str(name).isdigit():
            raise PlanError(
                f"{override}: A list is replaced whole; {name!r} names one of its places. "
                f"Give the whole list: {'.'.join(map(str, key[: key.index(name)]))}=[...]."
            )
        nested = {name: nested}
    return nested


def _walk(node: Any, key: Key, path: Path, places: dict[Key, str]) -> None:
    """Note the line of every value below a node."""
    import yaml

    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            places[(*key, index)] = f"{path}:{item.start_mark.line + 1}"
            _walk(item, (*key, index), path, places)
    elif isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for name, value in node.value:
            line = name.start_mark.line + 1
            written = str(name.value)
            _refuse_name(written, seen, f"{path}:{line}")
            seen[written] = line
            places[(*key, written)] = f"{path}:{line}"
            _walk(value, (*key, written), path, places)


def _refuse_name(name: str, seen: Mapping[str, int], place: str) -> None:
    if name in seen:
        raise PlanError(
            f"{place}: A key stands once in its section; {name!r} stood in line {seen[name]} "
            f"already. Remove one."
        )
    if "." in name and not name.startswith("."):
        head, rest = name.split(".", 1)
        raise PlanError(
            f"{place}: Keys of a plan file hold no dots; {name!r} came. Write it nested: "
            f"{head}: {{{rest}: ...}}."
        )


def _with_steps(values: dict[str, Any], places: dict[Key, str], verbs: tuple[str, ...]) -> Text:
    """Give a plan of one step, written as ``verb: {...}``, its ``steps`` section."""
    bare = [key for key in values if key in verbs]
    if bare:
        for key in [key for key in places if key[0] in bare]:
            places["steps", key[0], *key] = places[key]
        steps = {**(values.get("steps") or {}), **{verb: {verb: values[verb]} for verb in bare}}
        values = {key: value for key, value in values.items() if key not in bare}
        values["steps"] = steps
    return Text(values=values, places=Places(places))
