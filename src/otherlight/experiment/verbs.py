"""What a step of a plan can do: one verb a line, each one public function and its options."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from otherlight.config import nearest
from otherlight.errors import PlanError
from otherlight.experiment.compare_plan import ComparePlan
from otherlight.experiment.plan_check import ReadyStep, Section, Verb
from otherlight.sets import ImageSet, read_set


class Options(BaseModel):
    """A verb's own options; those of its method's config stand beside them."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class WorldOptions(Options):
    """All options of ``world`` are settings of `WorldConfig`."""


class ImportOptions(Options):
    """Where labelled images come from; the rest are settings of `ImportConfig`."""

    format: str
    source: Path
    images: Path | None = None


class ExportOptions(Options):
    """Which set to write as another program's files."""

    format: str
    set: Path
    copy_pixels: bool = Field(default=False, alias="copy")


class TrainingSet(Options):
    """Labelled images to learn from; shares are relative to one another."""

    set: Path
    where: str | None = None
    where_boxes: str | None = None
    share: float = Field(default=1.0, gt=0.0)


class FitOptions(Options):
    """What a recogniser learns from; the rest are settings of `FitConfig`."""

    train: Path | tuple[TrainingSet, ...]
    val: Path
    seed: int = 0


class EvaluateOptions(Options):
    """Which recogniser to score on which set."""

    set: Path
    recogniser: Path = Field(alias="with")


def _world_sections(options: Mapping[str, Any]) -> tuple[Section, ...]:
    from otherlight.world import WorldConfig

    del options
    return (Section(configs=(WorldConfig,)),)


def _run_world(step: ReadyStep) -> ImageSet:
    from otherlight.world import WorldConfig, render_world

    return render_world(step.config(WorldConfig), step.to)


def _import_sections(options: Mapping[str, Any]) -> tuple[Section, ...]:
    from otherlight.datasets import FORMATS, ImportConfig

    _known("format", options.get("format"), FORMATS)
    return (Section(configs=(ImportConfig,)),)


def _run_import(step: ReadyStep) -> ImageSet:
    from otherlight.datasets import ImportConfig, import_set

    options: ImportOptions = step.options
    config = step.config(ImportConfig)
    return import_set(options.format, options.source, step.to, images=options.images, config=config)


def _export_sections(options: Mapping[str, Any]) -> tuple[Section, ...]:
    from otherlight.datasets import FORMATS

    _known("format", options.get("format"), FORMATS)
    return ()


def _run_export(step: ReadyStep) -> dict[str, Any]:
    from otherlight.datasets import export_set

    options: ExportOptions = step.options
    return export_set(options.format, read_set(options.set), step.to, copy=options.copy_pixels)


def _fit_sections(options: Mapping[str, Any]) -> tuple[Section, ...]:
    from otherlight.recognisers import RECOGNISERS, FitConfig

    name = options.get("name", FitConfig.name)
    _known("recogniser", name, RECOGNISERS)
    return (
        Section(configs=(FitConfig,)),
        Section(path=("options",), configs=(RECOGNISERS[name].config,)),
    )


def _run_fit(step: ReadyStep) -> Any:
    from otherlight.recognisers import FitConfig, Ingredient, fit

    options: FitOptions = step.options
    train = (TrainingSet(set=options.train),) if isinstance(options.train, Path) else options.train
    ingredients = [
        Ingredient(images=read_set(one.set).where(one.where, one.where_boxes), share=one.share)
        for one in train
    ]
    val = read_set(options.val)
    return fit(ingredients, val, step.config(FitConfig), options.seed, step.to)


def _compare_sections(options: Mapping[str, Any]) -> tuple[Section, ...]:
    from otherlight.recognisers import RECOGNISERS, FitConfig

    recogniser = options.get("recogniser")
    name = recogniser.get("name", FitConfig.name) if isinstance(recogniser, Mapping) else None
    if name is None:
        return ()
    _known("recogniser", name, RECOGNISERS)
    return (
        Section(path=("recogniser",), configs=(FitConfig,)),
        Section(path=("recogniser", "options"), configs=(RECOGNISERS[name].config,)),
    )


def _run_compare(step: ReadyStep) -> dict[str, Any]:
    from otherlight.experiment.compare import compare

    return compare(step.options, step.to, name=step.name, about=step.about)


def _known(what: str, name: Any, table: Mapping[str, Any]) -> None:
    """Refuse a method that is not in its table; a missing or mistyped name is told elsewhere."""
    if isinstance(name, str) and name not in table:
        raise PlanError(f"There is no {what} {name!r}. {nearest(name, table)}")


VERBS: dict[str, Verb] = {
    "world": Verb(options=WorldOptions, run=_run_world, sections=_world_sections),
    "import": Verb(options=ImportOptions, run=_run_import, sections=_import_sections),
    "export": Verb(options=ExportOptions, run=_run_export, sections=_export_sections),
    "fit": Verb(options=FitOptions, run=_run_fit, sections=_fit_sections),
    "compare": Verb(options=ComparePlan, run=_run_compare, sections=_compare_sections),
}
