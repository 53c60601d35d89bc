"""Commands that learn and apply: train, translate, fit, evaluate, detect."""

from pathlib import Path
from typing import Annotated, Any

import typer

from otherlight.cli.plans import run_plan_step
from otherlight.cli.sets import NewSet, make_set
from otherlight.cli.show import print_facts, print_json, print_rows
from otherlight.cli.words import (
    AsJson,
    PlanFile,
    PlanWords,
    SetFolder,
    Settings,
    StepName,
    read_settings,
)

NewRun = Annotated[Path, typer.Option(metavar="RUN", help="The folder of the run.")]


def train(
    plan: PlanFile,
    to: NewRun,
    words: PlanWords = None,
    step: StepName = None,
    as_json: AsJson = False,
) -> None:
    """Train a translator, as a plan's train step says. Run it again to continue."""
    run_plan_step("train", plan, words, step, to)
    _print_run(to, as_json)


def translate(
    images: SetFolder,
    with_: Annotated[
        str,
        typer.Option(
            "--with", metavar="RUN|NAME|FILE", help="A trained translator, a name, or weights."
        ),
    ],
    to: NewSet,
    settings: Settings = None,
    reference: Annotated[
        Path | None, typer.Option(metavar="SET", help="A set whose light to take on.")
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="From target to source.")] = False,
    layout: Annotated[
        str | None, typer.Option(help="Whose code wrote FILE: auto, pix2pix, cut, gandtr, ...")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Translate a whole set, keeping its labels."""
    options = read_settings(
        settings,
        set=str(images),
        with_=with_,
        reference=None if reference is None else str(reference),
        reverse=reverse or None,
        layout=layout,
    )
    make_set("translate", options, to, as_json)


def fit(
    plan: PlanFile,
    to: NewRun,
    words: PlanWords = None,
    step: StepName = None,
    as_json: AsJson = False,
) -> None:
    """Fit a recogniser, as a plan's fit step says. Run it again to continue."""
    run_plan_step("fit", plan, words, step, to)
    _print_run(to, as_json)


def evaluate(
    images: SetFolder,
    with_: Annotated[Path, typer.Option("--with", metavar="RUN", help="A fitted recogniser.")],
    to: Annotated[Path, typer.Option(metavar="DIR", help="The folder for the figures.")],
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Score a recogniser on a labelled set."""
    from otherlight.cli.verbs import VERBS
    from otherlight.experiment.plan_run import run_verb

    options = read_settings(settings, set=str(images), with_=str(with_))
    figures: dict[str, Any] = run_verb("evaluate", VERBS, options, to)
    if as_json:
        print_json(figures)
        return
    print_facts({name: figures[name] for name in ("images", "ap50", "ap")})
    print_rows(
        (name, _share(each["ap50"]), _share(each["ap"]), f"{each['truths']} truths")
        for name, each in figures["classes"].items()
    )


def detect(
    images: Annotated[
        str, typer.Argument(metavar="IMAGES", help="A file, a folder or a pattern in quotes.")
    ],
    with_: Annotated[Path, typer.Option("--with", metavar="RUN", help="A fitted recogniser.")],
    to: Annotated[Path, typer.Option(metavar="DIR", help="The folder for what is found.")],
    confidence: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="The least score of a box that is kept.")
    ] = 0.25,
    class_: Annotated[
        list[str] | None, typer.Option("--class", help="Keep this class; may come again.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Find objects in images: drawn boxes, label files, detections.json."""
    from otherlight.recognisers import detect as find

    found = find(with_, images, to, confidence=confidence, classes=class_ or (), device=device)
    if as_json:
        print_json(found)
        return
    boxes = sum(map(len, found["images"].values()))
    print(f"{to}: {boxes} boxes in {len(found['images'])} images.")


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _print_run(run: Path, as_json: bool) -> None:
    from otherlight.records.run import read_run

    record = read_run(run)
    facts = {
        "run": str(run),
        "kind": record.kind,
        "done": record.done,
        "steps": record.steps,
        "seed": record.seed,
        **record.results,
    }
    if as_json:
        print_json(facts)
        return
    alarms = facts.pop("alarms", ())
    print_facts(facts)
    for alarm in alarms:
        until = "to the last check" if alarm["standing"] else "gone by the last check"
        print(f"Alarm, from step {alarm['since']}, {until}: {alarm['sentence']}")
