"""Words of a command line: overlays, ``KEY=VALUE``, and the parameters that many commands share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from otherlight.errors import PlanError

PlanFile = Annotated[Path, typer.Argument(metavar="PLAN", help="A plan file; see docs/plans.md.")]
PlanWords = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[OVERLAY.yaml | KEY=VALUE]...",
        help="Files laid over the plan, later wins; then values, such as seed=3 or "
        "translator.train.steps=500.",
    ),
]
StepName = Annotated[
    str | None, typer.Option("--step", help="Which step, if the plan has several of this kind.")
]
Settings = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=VALUE]...", help="Further settings; all are in docs/plans.md."),
]
SetFolder = Annotated[Path, typer.Argument(metavar="SET", help="The folder of an image set.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def sort_words(words: Sequence[str] | None) -> tuple[list[Path], list[str]]:
    """Tell overlay files from ``key=value``."""
    overlays: list[Path] = []
    overrides: list[str] = []
    for word in words or ():
        if word.endswith((".yaml", ".yml")) and (Path(word).exists() or "=" not in word):
            overlays.append(Path(word))
        elif "=" in word:
            overrides.append(word)
        else:
            raise typer.BadParameter(f"{word!r} is neither an overlay (.yaml) nor KEY=VALUE.")
    return overlays, overrides


def read_settings(words: Sequence[str] | None, **options: object) -> dict[str, Any]:
    """Join the options that were given with ``KEY=VALUE`` words, typed as in YAML."""
    given = {key.rstrip("_"): value for key, value in options.items() if value is not None}
    if not words:
        return given
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    for word in words:
        if "=" not in word:
            raise typer.BadParameter(f"A setting is KEY=VALUE; {word!r} came.")
    try:
        settings = OmegaConf.to_container(OmegaConf.from_dotlist(list(words)))
    except (YAMLError, OmegaConfBaseException) as error:
        first = str(error).splitlines()[0]
        raise PlanError(f"Settings must be YAML; {' '.join(words)} are not: {first}.") from error
    assert isinstance(settings, dict)
    twice = [str(key) for key in settings if key in given]
    if twice:
        raise typer.BadParameter(f"{twice[0]!r} came as an option and as a setting.")
    return {**given, **{str(key): value for key, value in settings.items()}}


def read_class_map(path: Path | None) -> dict[str, list[str]] | None:
    """Read a YAML file of new classes, each with one class of the source or a list of them."""
    if path is None:
        return None
    from yaml import YAMLError, safe_load

    try:
        read: object = safe_load(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(
            f"Expected a map of classes in {path}; it cannot be read: {error}."
        ) from error
    except (YAMLError, RecursionError) as error:
        first = str(error).splitlines()[0]
        raise PlanError(f"A map of classes must be YAML; {path} is not: {first}.") from error
    given = read if isinstance(read, dict) else {}
    lists = {
        str(new): [str(old) for old in (olds if isinstance(olds, list) else [olds])]
        for new, olds in given.items()
        if olds is not None and not isinstance(olds, dict)
    }
    if not lists or len(lists) < len(given):
        raise PlanError(
            f"A map of classes says new: [old, old] on each line; {path} does not. Write for "
            f"example: vehicle: [car, van]."
        )
    return lists
