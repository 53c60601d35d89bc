"""What a plan asks for, checked before anything runs: every key read, every value of its type."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError
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
    """Options that belong to configs beside their methods: where they stand, and whose they are.

    A config is a frozen dataclass, or a TypedDict of a function's keywords. At the path ``()``
    options stand among the verb's own.
    """

    path: Key = ()
    configs: tuple[type, ...]
    label: str = ""
    """What complaints call the section: the method's name; the last word of the path if empty."""
    hidden: tuple[str, ...] = ()
    """Fields that a plan writes in another way."""


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
    given: Mapping[str, Any]
    """All options as the plan has them."""
    configs: Mapping[type, Any]
    to: Path

    def config(self, kind: type[T]) -> T:
        """Hand out the config of a kind."""
        return self.configs[kind]


@dataclass(frozen=True, kw_only=True)
class Verb:
    """What a step can do: the model of its options, where method configs stand, and the doing."""

    options: type[BaseModel]
    run: Callable[[ReadyStep], object]
    sections: Callable[[Mapping[str, Any]], tuple[Section, ...]] = field(default=no_sections)
    """May load the tables of methods; a wrong name in the options is a PlanError."""


def check_plan(plan: Plan, verbs: Mapping[str, Verb]) -> dict[str, ReadyStep]:
    """Check every step of a plan, whichever of them will run."""
    ready = {name: check_step(plan, step, verbs[step.verb]) for name, step in plan.steps.items()}
    _refuse_tests(plan)
    return ready


def _refuse_tests(plan: Plan) -> None:
    """No choice is made on a set that a comparison tests on."""
    tests: dict[str, str] = {}
    for step in plan.steps.values():
        for side in ("source", "target") if step.verb == "compare" else ():
            folder = (step.options.get(side) or {}).get("test")
            if folder is not None:
                tests[str(Path(folder))] = step.name
    for step in plan.steps.values():
        for key in ("source", "target") if step.verb == "choose" else ():
            folder = str(Path(step.options[key]))
            if folder in tests:
                raise PlanError(
                    f"{plan.places.of((*step.key, key))}: [choose] {key} must be a validation set; "
                    f"{folder} is tested on by [{tests[folder]}]. Give another set."
                )


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
    own = names_of(verb.options)
    known = {*own, *(str(section.path[0]) for section in sections if section.path)}
    known |= {name for section in sections if not section.path for name in keys_of(section)}
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
        given=given,
        configs=configs,
        to=step.output,
    )


def keys_of(section: Section) -> tuple[str, ...]:
    """List the keys that a section may hold."""
    names = (name for config in section.configs for name in get_type_hints(config))
    return tuple(name for name in names if name not in section.hidden)


def _build_section(
    section: Section, given: Mapping[str, Any], step: Step, places: Places
) -> dict[type, Any]:
    values = _value_at(given, section.path)
    key = (*step.key, *section.path)
    label = section.label or _label(section.path, step.verb)
    if not isinstance(values, Mapping):
        raise PlanError(f"{places.of(key)}: [{label}] must be a mapping; {values!r} came.")
    if section.path:
        _refuse_unknown(values, keys_of(section), label, key, places)
    built: dict[type, Any] = {}
    for config in section.configs:
        _refuse_unknown_inside(config, values, key, places)
        mine = {name: values[name] for name in get_type_hints(config) if name in values}
        try:
            whole = is_dataclass(config)
            built[config] = build(config, mine, label) if whole else _typed(config, mine, label)
        except PlanError as error:
            complaint = _BUILD_ERROR.match(str(error))
            place = places.along((*key, complaint.group(1)) if complaint else key)
            raise PlanError(f"{place}: {error}") from error
    return built


def _typed(config: type, values: Mapping[str, Any], label: str) -> dict[str, Any]:
    """Bring a function's keywords to their types; those that were not given stay away."""
    typed: dict[str, Any] = {}
    for name, value in values.items():
        try:
            typed[name] = TypeAdapter(get_type_hints(config)[name]).validate_python(value)
        except ValidationError as error:
            message = error.errors()[0]["msg"]
            raise PlanError(f"[{label}] {name}: {message}; {value!r} came.") from error
    return typed


def _refuse_unknown_inside(
    config: type, values: Mapping[str, Any], key: Key, places: Places
) -> None:
    """Follow configs within a config, whose unknown keys pydantic would pass over."""
    for name, kind in get_type_hints(config).items():
        inner = values.get(name)
        if is_dataclass(kind) and isinstance(inner, Mapping):
            _refuse_unknown(inner, get_type_hints(kind), name, (*key, name), places)


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
    values: Mapping[str, Any], known: Iterable[str], label: str, key: Key, places: Places
) -> None:
    names = list(known)
    for name in values:
        if name not in names:
            raise PlanError(
                f"{places.of((*key, name))}: [{label}] has no key {name!r}. {nearest(name, names)}"
            )


def names_of(model: type[BaseModel]) -> dict[str, Any]:
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
        inner = _model_in(names_of(model).get(str(word)))
        model = inner or model
    return list(names_of(model))


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in inner if model is not None), None)
