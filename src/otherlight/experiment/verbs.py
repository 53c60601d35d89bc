"""What a step of a plan can do: one verb a line, each one public function and its options."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from otherlight.config import nearest
from otherlight.errors import PlanError
from otherlight.experiment.choose_plan import ChoosePlan
from otherlight.experiment.compare_plan import ComparePlan
from otherlight.experiment.plan_check import ReadyStep, Section, Verb
from otherlight.experiment.plan_files import Key
from otherlight.experiment.verb_options import (
    AuditOptions,
    EvaluateOptions,
    ExportOptions,
    FitOptions,
    ImportOptions,
    SelectOptions,
    TrainingSet,
    TrainOptions,
    TranslateOptions,
    WorldOptions,
)
from otherlight.sets import ImageSet, read_set


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


def _select_sections(options: Mapping[str, Any]) -> tuple[Section, ...]:
    from otherlight.datasets import SelectConfig

    del options
    return (Section(configs=(SelectConfig,)),)


def _run_select(step: ReadyStep) -> ImageSet:
    from otherlight.datasets import SelectConfig, select_set

    return select_set(read_set(step.options.set), step.to, config=step.config(SelectConfig))


def _export_sections(options: Mapping[str, Any]) -> tuple[Section, ...]:
    from otherlight.datasets import FORMATS, PairsLayout

    _known("format", options.get("format"), FORMATS)
    return (Section(configs=(PairsLayout,)),) if options.get("format") == "pairs" else ()


def _run_export(step: ReadyStep) -> dict[str, Any]:
    from otherlight.datasets import PairsLayout, export_set

    options: ExportOptions = step.options
    layout = step.config(PairsLayout) if options.format == "pairs" else None
    return export_set(
        options.format, read_set(options.set), step.to, copy=options.copy_pixels, layout=layout
    )


def _train_sections(options: Mapping[str, Any]) -> tuple[Section, ...]:
    from otherlight.translators import TRANSLATORS
    from otherlight.translators.train import How, TrainConfig

    name = options.get("method") or TrainConfig.method
    _known("translator", name, TRANSLATORS)
    return (
        Section(configs=(TrainConfig, How), hidden=("options",)),
        Section(path=(name,), configs=(TRANSLATORS[name].config,)),
    )


def _run_train(step: ReadyStep) -> Any:
    from otherlight.translators.train import How, TrainConfig, train

    options: TrainOptions = step.options
    config = step.config(TrainConfig)
    config = replace(config, options=step.given.get(config.method) or {})
    source, target = read_set(options.source), read_set(options.target)
    return train(config, source, target, step.to, options.seed, **step.config(How))


def _translate_sections(options: Mapping[str, Any]) -> tuple[Section, ...]:
    from otherlight.translate import How

    return (Section(configs=(How,)), *_light(options, ()))


def _light(portion: Any, path: Key) -> tuple[Section, ...]:
    """Find the settings of a training-free method, where one is named."""
    from otherlight.translators import TRANSLATORS

    name = portion.get("with") if isinstance(portion, Mapping) else None
    if not isinstance(name, str) or name not in TRANSLATORS:
        return ()
    return (Section(path=(*path, "options"), configs=(TRANSLATORS[name].config,), label=name),)


def _run_translate(step: ReadyStep) -> ImageSet:
    from otherlight.translate import How, translate

    options: TranslateOptions = step.options
    return translate(
        read_set(options.set),
        options.translator,
        step.to,
        options=options.options,
        reference=None if options.reference is None else read_set(options.reference),
        reverse=options.reverse,
        **step.config(How),
    )


def _audit_sections(options: Mapping[str, Any]) -> tuple[Section, ...]:
    from otherlight.audit import AuditConfig

    del options
    return (Section(configs=(AuditConfig,)),)


def _run_audit(step: ReadyStep) -> dict[str, Any]:
    from otherlight.audit import AuditConfig, audit

    options: AuditOptions = step.options
    like = None if options.target_like is None else read_set(options.target_like)
    return audit(
        read_set(options.set),
        options.detector,
        step.to,
        config=step.config(AuditConfig),
        source=options.source,
        target_like=like,
    )


def _fit_sections(options: Mapping[str, Any]) -> tuple[Section, ...]:
    from otherlight.recognisers import RECOGNISERS, FitConfig

    name = options.get("name") or FitConfig.name
    _known("recogniser", name, RECOGNISERS)
    return (
        Section(configs=(FitConfig,)),
        Section(path=("options",), configs=(RECOGNISERS[name].config,), label=name),
    )


def _run_fit(step: ReadyStep) -> Any:
    from otherlight.experiment.arms import read_audited
    from otherlight.recognisers import FitConfig, Ingredient, fit

    options: FitOptions = step.options
    train = (TrainingSet(set=options.train),) if isinstance(options.train, Path) else options.train
    ingredients = [
        Ingredient(
            images=read_audited(one.set, one.audit).where(one.where, one.where_boxes),
            share=one.share,
        )
        for one in train
    ]
    val = read_set(options.val)
    return fit(ingredients, val, step.config(FitConfig), options.seed, step.to)


def _run_evaluate(step: ReadyStep) -> dict[str, Any]:
    from otherlight.recognisers import evaluate

    options: EvaluateOptions = step.options
    return evaluate(
        options.recogniser,
        read_set(options.set),
        step.to,
        ignore_below=options.ignore_below,
        device=options.device,
    )


def _compare_sections(options: Mapping[str, Any]) -> tuple[Section, ...]:
    recogniser = options.get("recogniser")
    sections = _portion_sections(options.get("arms"))
    if not isinstance(recogniser, Mapping):
        return sections
    from otherlight.recognisers import RECOGNISERS, FitConfig

    name = recogniser.get("name") or FitConfig.name
    _known("recogniser", name, RECOGNISERS)
    path = ("recogniser",)
    config = RECOGNISERS[name].config
    return (
        Section(path=path, configs=(FitConfig,)),
        Section(path=(*path, "options"), configs=(config,), label=name),
        *sections,
    )


def _portion_sections(arms: Any) -> tuple[Section, ...]:
    """Find the settings of training-free methods among the ingredients of all arms."""
    sections: list[Section] = []
    for name, arm in arms.items() if isinstance(arms, Mapping) else ():
        inside: Key = ("ingredients",) if isinstance(arm, Mapping) else ()
        portions = arm.get("ingredients") if isinstance(arm, Mapping) else arm
        for index, portion in enumerate(portions if isinstance(portions, list) else ()):
            sections += _light(portion, ("arms", name, *inside, index))
    return tuple(sections)


def _run_compare(step: ReadyStep) -> dict[str, Any]:
    from otherlight.experiment.compare import compare

    return compare(step.options, step.to, name=step.name, about=step.about)


def _run_choose(step: ReadyStep) -> dict[str, Any]:
    from otherlight.experiment.choose import choose

    return choose(step.options, step.to)


def _known(what: str, name: Any, table: Mapping[str, Any]) -> None:
    """Refuse a method that is not in its table; that a name is missing is told elsewhere."""
    if name is not None and (not isinstance(name, str) or name not in table):
        raise PlanError(f"There is no {what} {name!r}. {nearest(str(name), table)}")


VERBS: dict[str, Verb] = {
    "world": Verb(options=WorldOptions, run=_run_world, sections=_world_sections),
    "import": Verb(options=ImportOptions, run=_run_import, sections=_import_sections),
    "select": Verb(options=SelectOptions, run=_run_select, sections=_select_sections),
    "export": Verb(options=ExportOptions, run=_run_export, sections=_export_sections),
    "train": Verb(options=TrainOptions, run=_run_train, sections=_train_sections),
    "translate": Verb(options=TranslateOptions, run=_run_translate, sections=_translate_sections),
    "audit": Verb(options=AuditOptions, run=_run_audit, sections=_audit_sections),
    "fit": Verb(options=FitOptions, run=_run_fit, sections=_fit_sections),
    "evaluate": Verb(options=EvaluateOptions, run=_run_evaluate),
    "choose": Verb(options=ChoosePlan, run=_run_choose),
    "compare": Verb(options=ComparePlan, run=_run_compare, sections=_compare_sections),
}
