"""Commands about image sets: world, import, select, export, list."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from otherlight.cli.show import print_facts, print_json, print_rows
from otherlight.cli.words import AsJson, SetFolder, Settings, read_class_map, read_settings
from otherlight.config import nearest

NewSet = Annotated[Path, typer.Option(metavar="SET", help="The folder of the new set.")]
WhereImages = Annotated[
    str | None,
    typer.Option(help="Keep the images that an SQL expression over their columns chooses."),
]
WhereBoxes = Annotated[
    str | None,
    typer.Option(help="Keep the boxes that an SQL expression over their columns chooses."),
]
ClassMap = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A YAML file of new classes: `vehicle: [car, van]`; others are dropped.",
    ),
]


def world(
    to: NewSet,
    settings: Settings = None,
    condition: Annotated[str | None, typer.Option(help="See: otherlight list conditions.")] = None,
    images: Annotated[int | None, typer.Option(min=1, help="How many frames.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same pixels.")] = None,
    as_json: AsJson = False,
) -> None:
    """Render procedural, labelled street scenes."""
    options = read_settings(settings, condition=condition, images=images, seed=seed)
    make_set("world", options, to, as_json)


def import_(
    format: Annotated[str, typer.Argument(metavar="FORMAT", help="See: otherlight list formats.")],
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A folder or a label file.")],
    to: NewSet,
    settings: Settings = None,
    images: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the pixels are.")
    ] = None,
    where: WhereImages = None,
    where_boxes: WhereBoxes = None,
    classes: ClassMap = None,
    as_json: AsJson = False,
) -> None:
    """Read labelled images as a set; pixels stay where they are."""
    options = read_settings(
        settings,
        format=format,
        source=str(source),
        images=None if images is None else str(images),
        where=where,
        where_boxes=where_boxes,
        classes=read_class_map(classes),
    )
    make_set("import", options, to, as_json)


def select(
    images: SetFolder,
    to: NewSet,
    settings: Settings = None,
    where: WhereImages = None,
    where_boxes: WhereBoxes = None,
    classes: ClassMap = None,
    as_json: AsJson = False,
) -> None:
    """Make a set of some images and boxes of another; pixels stay where they are."""
    options = read_settings(
        settings,
        set=str(images),
        where=where,
        where_boxes=where_boxes,
        classes=read_class_map(classes),
    )
    make_set("select", options, to, as_json)


def export(
    format: Annotated[str, typer.Argument(metavar="FORMAT", help="See: otherlight list formats.")],
    images: SetFolder,
    to: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write.")],
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Write a set as another program's files, and say what has no place there."""
    from otherlight.cli.verbs import VERBS
    from otherlight.datasets import count_lines
    from otherlight.experiment.plan_run import run_verb

    options = read_settings(settings, format=format, set=str(images))
    counts = run_verb("export", VERBS, options, to)
    if as_json:
        print_json(counts)
        return
    print(f"{to}: written as {format}.")
    for line in count_lines(counts):
        print(line)


def set_facts(folder: Path) -> dict[str, Any]:
    """Read a set and count what it holds."""
    from otherlight.sets import read_set
    from otherlight.sets.describe import describe_set

    return describe_set(read_set(folder))


def make_set(verb: str, options: dict[str, Any], to: Path, as_json: bool) -> None:
    """Run a verb that makes a set, and say what the set holds."""
    from otherlight.cli.verbs import VERBS
    from otherlight.experiment.plan_run import run_verb

    run_verb(verb, VERBS, options, to)
    facts = set_facts(to)
    if as_json:
        print_json(facts)
    elif "by_class" in facts["counts"]:
        from otherlight.cli.counts import print_counts

        print_facts({key: fact for key, fact in facts.items() if key not in ("counts", "made_by")})
        print_counts(facts["counts"])
    else:
        print_facts(facts)


def list_(
    what: Annotated[
        str,
        typer.Argument(metavar="|".join(("translators", "formats", "recognisers", "conditions"))),
    ],
    as_json: AsJson = False,
) -> None:
    """Name the translators, formats, recognisers or conditions there are."""
    if what not in TABLES:
        raise typer.BadParameter(f"There is no list of {what!r}. {nearest(what, TABLES)}")
    rows = TABLES[what]()
    if as_json:
        print_json(rows)
    else:
        print_rows((row["name"], row["about"]) for row in rows)


def _translators() -> list[dict[str, str]]:
    from otherlight.translators import TRANSLATORS

    return [
        {
            "name": name,
            "about": method.about or _first_line(method.build),
            "licence": method.licence,
        }
        for name, method in TRANSLATORS.items()
    ]


def _formats() -> list[dict[str, str]]:
    from otherlight.datasets import FORMATS

    return [{"name": name, "about": each.about} for name, each in FORMATS.items()]


def _recognisers() -> list[dict[str, str]]:
    from otherlight.recognisers import RECOGNISERS

    return [
        {"name": name, "about": _first_line(method.build), "licence": method.licence}
        for name, method in RECOGNISERS.items()
    ]


def _conditions() -> list[dict[str, str]]:
    from otherlight.world import CONDITIONS

    return [
        {"name": name, "about": f"{each.timeofday}, {each.weather}"}
        for name, each in CONDITIONS.items()
    ]


TABLES: dict[str, Callable[[], list[dict[str, str]]]] = {
    "translators": _translators,
    "formats": _formats,
    "recognisers": _recognisers,
    "conditions": _conditions,
}


def _first_line(builder: object) -> str:
    return (builder.__doc__ or "").strip().splitlines()[0]
