"""Plans: named steps in written order, each one verb, whose outputs later steps name.

```yaml
name: demo
to: runs/${name}
steps:
  day:   {world: {condition: day, images: 1200}}
  cheap: {translate: {set: "${day.output}", with: gamma}}
```

Variables are ``${name}``, ``${about}``, ``${seed}``, ``${to}``, ``${folder}`` (of the plan file),
those of the section ``variables``, and everything of the steps above: ``${day.output}``,
``${day.world.images}``.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from otherlight.config import nearest
from otherlight.errors import PlanError
from otherlight.experiment.plan_copies import copy_steps
from otherlight.experiment.plan_files import (
    PLAN_KEYS,
    Key,
    Places,
    Text,
    read_plan_text,
    section_of,
)
from otherlight.experiment.plan_variables import fill_in_head, fill_in_step, names_read

_STEP_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One verb with its options, variables filled in; its output lies in ``output``."""

    name: str
    verb: str
    options: dict[str, Any]
    output: Path
    uses: tuple[str, ...]
    """Steps whose output this one reads."""

    @property
    def key(self) -> Key:
        """Where the options stand in the file."""
        return ("steps", self.name, self.verb)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan with its variables filled in; options are checked by `check_plan`."""

    name: str
    about: str
    to: Path
    seed: int
    parts: dict[str, tuple[str, ...]]
    steps: dict[str, Step]
    places: Places

    def select(self, part: str | None = None, only: str | None = None) -> tuple[Step, ...]:
        """Choose the steps of one part, or one step; always in written order."""
        chosen = set(self.steps)
        if part is not None:
            if part not in self.parts:
                hint = nearest(part, self.parts) if self.parts else "It has no section 'parts'."
                raise PlanError(f"The plan {self.name!r} has no part {part!r}. {hint}")
            chosen &= set(self.parts[part])
        if only is not None:
            if only not in self.steps:
                raise PlanError(
                    f"The plan {self.name!r} has no step {only!r}. {nearest(only, self.steps)}"
                )
            chosen &= {only}
        if not chosen:
            raise PlanError(f"The part {part!r} must hold the step {only!r}; it does not.")
        return tuple(step for step in self.steps.values() if step.name in chosen)

    def shown(self) -> dict[str, Any]:
        """Give the plan as plain values, variables filled in, ready to be written as YAML."""
        parts = {name: list(steps) for name, steps in self.parts.items()}
        return {
            "name": self.name,
            **({"about": self.about} if self.about else {}),
            "to": str(self.to),
            "seed": self.seed,
            **({"parts": parts} if parts else {}),
            "steps": {step.name: {step.verb: step.options} for step in self.steps.values()},
        }


def read_plan(
    path: Path,
    overlays: Sequence[Path] = (),
    overrides: Sequence[str] = (),
    *,
    to: Path | None = None,
    verbs: Iterable[str] | None = None,
) -> Plan:
    """Read a plan with its overlays and overrides and fill in its variables.

    Raises:
        PlanError: a key is unknown or twice there, a variable is missing, a step has no verb.
    """
    names = tuple(_all_verbs() if verbs is None else verbs)
    text = read_plan_text(path, overlays, overrides, names)
    for key in text.values:
        if key not in PLAN_KEYS:
            raise PlanError(
                f"{text.places.of((key,))}: [plan] has no key {key!r}. {nearest(key, PLAN_KEYS)}"
            )
    head = fill_in_head(text, (path, *overlays), to)
    text = copy_steps(text)
    written = {name: _one_verb(text, name, names) for name in _written_steps(text)}
    steps = _filled_steps(text, written, head)
    return Plan(
        name=str(head["name"]),
        about=str(head["about"]),
        to=Path(str(head["to"])),
        seed=head["seed"],
        parts=_parts_of(text, steps),
        steps=steps,
        places=text.places,
    )


def _all_verbs() -> Iterable[str]:
    from otherlight.experiment.verbs import VERBS

    return VERBS


def _written_steps(text: Text) -> list[str]:
    """Name the steps in written order; a step that an overlay sets to null is gone."""
    names = [name for name, step in section_of(text, "steps").items() if step is not None]
    if not names:
        raise PlanError(f"{text.places.of(('steps',))}: A plan has at least one step; none came.")
    taken = {"folder", *PLAN_KEYS, *section_of(text, "variables")}
    for name in names:
        place = text.places.of(("steps", name))
        if not _STEP_NAME.fullmatch(name):
            raise PlanError(
                f"{place}: A step's name is a folder's name, of letters, digits, - and _; "
                f"{name!r} is not."
            )
        if name in taken:
            raise PlanError(
                f"{place}: A step has a name of its own; {name!r} is a variable or the plan's."
            )
    return names


def _one_verb(text: Text, name: str, verbs: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    """Find the one verb of a step, and its options."""
    step = text.values["steps"][name]
    place = text.places.of(("steps", name))
    if not isinstance(step, dict):
        raise PlanError(f"{place}: A step is one verb with its options; [{name}] is {step!r}.")
    present = [str(verb) for verb, options in step.items() if options is not None]
    for verb in present:
        if verb not in verbs:
            place = text.places.of(("steps", name, verb))
            raise PlanError(f"{place}: [{name}] has no verb {verb!r}. {nearest(verb, verbs)}")
    if len(present) != 1:
        came = " and ".join(present) or "none"
        raise PlanError(f"{place}: A step has exactly one verb; [{name}] has {came}.")
    options = step[present[0]]
    if not isinstance(options, dict):
        raise PlanError(f"{place}: The options of a verb are a mapping; {options!r} came.")
    return present[0], options


def _filled_steps(
    text: Text, written: dict[str, tuple[str, dict[str, Any]]], head: dict[str, Any]
) -> dict[str, Step]:
    scope = dict(head)
    steps: dict[str, Step] = {}
    for name, (verb, options) in written.items():
        later = tuple(written)[len(steps) :]
        filled = fill_in_step(text, scope, name, {verb: options}, later)
        read = set(names_read(options, ".output"))
        steps[name] = Step(
            name=name,
            verb=verb,
            options=filled[verb],
            output=Path(str(head["to"])) / name,
            uses=tuple(other for other in steps if other in read),
        )
        scope[name] = {verb: filled[verb], "output": str(steps[name].output)}
    return steps


def _parts_of(text: Text, steps: dict[str, Step]) -> dict[str, tuple[str, ...]]:
    """Read the named parts; a step that an overlay took away is gone from them too."""
    written = section_of(text, "steps")
    parts: dict[str, tuple[str, ...]] = {}
    for name, members in section_of(text, "parts").items():
        place = text.places.of(("parts", name))
        if not isinstance(members, list) or not members:
            raise PlanError(f"{place}: A part is a list of steps; [{name}] is {members!r}.")
        for member in members:
            if member not in written:
                raise PlanError(
                    f"{place}: The part {name!r} has a step {member!r} that the plan does not "
                    f"have. {nearest(str(member), steps)}"
                )
        parts[name] = tuple(member for member in members if member in steps)
    return parts
