"""What a plan asks for, checked before anything runs: every key read, every value of its type."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from otherlight.config import build, nearest
from otherlight.errors import PlanError
from otherlight.experiment.plan import Plan, Step
from otherlight.experiment.plan_files import Key, Places

T = TypeVar("T")
_BUILD_ERROR = re.compile(r"\[\w+\] (\w+)")
"""How a config names the value that it refuses."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """Options that belong to frozen configs beside their methods: where they stand, whose they are.

    At the path ``()`` they stand among the verb's own options.
    """

    path: Key = ()
    configs: tuple[type, ...]
    own: tuple[str, ...] = ()
    """Keys of the section that no config holds."""


def no_sections(options: Mapping[str, Any]) -> tuple[Section, ...]:
    """Say that a verb's options are all its own."""
    del options
    return ()


@dataclass(frozen=True, kw_only=True)
class ReadyStep:
    """A step whose options are checked: the verb's own, and the configs of its methods."""

    name: str
    """The plan's name and the step's: "demo/verdict"."""
    about: str
    options: Any
    configs: Mapping[type, Any]
    to: Path

    def config(self, kind: type[T]) -> T:
        """Hand out the config of a kind."""
        value = self.configs[kind]
        assert isinstance(value, kind)
        return value


@dataclass(frozen=True, kw_only=True)
class Verb:
    """What a step can do: the model of its options, where method configs stand, and the doing."""

    options: type[BaseModel]
    run: Callable[[ReadyStep], object]
    sections: Callable[[Mapping[str, Any]], tuple[Section, ...]] = field(default=no_sections)
    """May load the tables of methods; a wrong name in the options is a PlanError."""


def check_plan(plan: Plan, verbs: Mapping[str, Verb]) -> dict[str, ReadyStep]:
    """Check every step of a plan, whichever of them will run."""
    return {name: check_step(plan, step, verbs[step.verb]) for name, step in plan.steps.items()}


def check_step(plan: Plan, step: Step, verb: Verb) -> ReadyStep:
    """Check one step; the plan's seed stands in where the verb has a seed and none is given.

    Raises:
        PlanError: names the file and line, the section and the key.
    """
    places = plan.places
    try:
        sections = verb.sections(step.options)
    except PlanError as error:
        raise PlanError(f"{places.of(step.key)}: {error}") from error
    flat = [config for section in sections if not section.path for config in section.configs]
    inner = {section.path[0] for section in sections if section.path}
    own = _names_of(verb.options)
    known = {*own, *inner, *(name for config in flat for name in _fields_of(config))}
    _refuse_unknown(step.options, known, step.verb, step.key, places)
    given = dict(step.options)
    if "seed" in known:
        given.setdefault("seed", plan.seed)
    try:
        options = verb.options.model_validate(
            {key: value for key, value in given.items() if key in own}
        )
    except ValidationError as error:
        # A misspelt key is often also a missing one: name the misspelling.
        first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
        raise PlanError(_say(first, verb.options, step, places)) from error
    configs: dict[type, Any] = {}
    for section in sections:
        configs |= _build_section(section, given, step, places)
    return ReadyStep(
        name=f"{plan.name}/{step.name}",
        about=plan.about,
        options=options,
        configs=configs,
        to=step.output,
    )


def _build_section(
    section: Section, given: Mapping[str, Any], step: Step, places: Places
) -> dict[type, Any]:
    values = _value_at(given, section.path)
    key = (*step.key, *section.path)
    label = _label(section.path, step.verb)
    if not isinstance(values, Mapping):
        raise PlanError(f"{places.of(key)}: [{label}] must be a mapping; {values!r} came.")
    if section.path:
        known = {*section.own, *(name for config in section.configs for name in _fields_of(config))}
        _refuse_unknown(values, known, label, key, places)
    built: dict[type, Any] = {}
    for config in section.configs:
        mine = {name: values[name] for name in _fields_of(config) if name in values}
        try:
            built[config] = build(config, mine, label)
        except PlanError as error:
            complaint = _BUILD_ERROR.match(str(error))
            place = places.along((*key, complaint.group(1)) if complaint else key)
            raise PlanError(f"{place}: {error}") from error
    return built


def _value_at(values: Any, path: Key) -> Any:
    """Follow a path into nested mappings and lists; what is not there is an empty section."""
    for name in path:
        if isinstance(name, int):
            values = values[name]
        elif isinstance(values, Mapping):
            values = values.get(name)
    return {} if values is None else values


def _label(around: Iterable[str | int], verb: str) -> str:
    """Call a section by its innermost name."""
    words = [word for word in around if isinstance(word, str)]
    return words[-1] if words else verb


def _refuse_unknown(
    values: Mapping[str, Any], known: set[str], label: str, key: Key, places: Places
) -> None:
    for name in values:
        if name not in known:
            raise PlanError(
                f"{places.of((*key, name))}: [{label}] has no key {name!r}. {nearest(name, known)}"
            )


def _fields_of(config: type) -> tuple[str, ...]:
    return tuple(each.name for each in fields(config))


def _names_of(model: type[BaseModel]) -> dict[str, Any]:
    """Map the keys of a model, as a plan writes them, to their types."""
    return {each.alias or name: each.annotation for name, each in model.model_fields.items()}


def _say(error: ErrorDetails, model: type[BaseModel], step: Step, places: Places) -> str:
    """Turn pydantic's complaint into a sentence."""
    location: Key = error["loc"]
    place = places.along((*step.key, *location))
    *around, last = location or ("",)
    label = _label(around, step.verb)
    if error["type"] == "extra_forbidden":
        hint = nearest(str(last), _known_at(model, location))
        return f"{place}: [{label}] has no key {last!r}. {hint}"
    if error["type"] == "missing":
        return f"{place}: [{label}] needs a key {last!r}; it has none."
    message = error["msg"].removeprefix("Value error, ")
    if not location:
        return f"{place}: [{step.verb}] {message}."
    return f"{place}: [{label}] {last}: {message}; {error['input']!r} came."


def _known_at(model: type[BaseModel], location: Key) -> list[str]:
    """List the keys of the section that a complaint is about."""
    for word in location[:-1]:
        inner = _model_in(_names_of(model).get(str(word)))
        model = inner or model
    return list(_names_of(model))


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in inner if model is not None), None)
