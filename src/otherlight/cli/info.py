"""`otherlight info`: what sets or a run hold, as words, as a table, as bars, as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from otherlight.cli.bars import print_histogram
from otherlight.cli.info_run import print_run, run_facts
from otherlight.cli.show import print_facts, print_json, print_table
from otherlight.cli.words import AsJson
from otherlight.errors import DatasetError

if TYPE_CHECKING:
    from otherlight.sets import ImageSet

_PLAIN = ("images", "labelled", "without_boxes", "boxes", "ignored_boxes", "occluded_boxes",
          "sizes", "groups", "sequences")  # fmt: skip
_LONGEST = 32
_WORDS = ("split", "timeofday", "weather", "scene", "translator")


def info(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="SET... | RUN | FILE", help="Sets, one run, or a file of weights."),
    ],
    histogram: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Draw how often which value: a column, or a count such as n_occluded or n_car.",
        ),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Draw images spread over the set, with boxes."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what sets, a run or a file of weights hold; several sets come side by side."""
    if len(folders) == 1 and (run := run_facts(folders[0])) is not None:
        if histogram is not None or sheet is not None:
            raise DatasetError(
                f"A histogram and a sheet are drawn of sets; {folders[0]} is a run. Point to a set."
            )
        print_json(run) if as_json else print_run(run)
        return
    from otherlight.sets import read_set

    sets = [read_set(_checked(folder)) for folder in folders]
    facts = [_facts(each) for each in sets]
    answer: dict[str, Any] = {}
    if histogram is not None:
        from otherlight.sets.histogram import histogram as count

        answer["histogram"] = count(sets, histogram)
    if sheet is not None:
        from otherlight.view.sheet import write_sheet

        write_sheet(sets, sheet)
        answer["sheet"] = str(sheet)
    if as_json:
        _answer(facts, answer)
        return
    _tell(_titles(sets), facts, answer)


def _checked(folder: Path) -> Path:
    if (folder / "set.json").exists() or folder.name == "set.json":
        return folder
    if (folder / "run.json").exists():
        raise DatasetError(f"Sets are laid side by side; {folder} is a run. Ask for it alone.")
    raise DatasetError(
        f"A set holds set.json and a run holds run.json; {folder} has neither. Point to one."
    )


def _facts(images: "ImageSet") -> dict[str, Any]:
    """Describe a set; its hash is taken from set.json, since working it out takes long."""
    from otherlight.records.files import read_json
    from otherlight.sets.describe import describe_set

    stored = read_json(images.root / "set.json").get("hash")
    return describe_set(images, stored_hash=stored)


def _answer(facts: Sequence[dict[str, Any]], answer: Mapping[str, Any]) -> None:
    for place, each in enumerate(facts):
        if "histogram" in answer:
            each["histogram"] = answer["histogram"].plain(place)
        if "sheet" in answer:
            each["sheet"] = answer["sheet"]
    print_json(facts[0] if len(facts) == 1 else facts)


def _tell(
    titles: Sequence[str], facts: Sequence[dict[str, Any]], answer: Mapping[str, Any]
) -> None:
    if len(facts) == 1:
        print_facts(_short(facts[0]))
    else:
        print_table(_side_by_side(titles, facts))
    if "histogram" in answer:
        print()
        print_histogram(answer["histogram"], titles)
    if "sheet" in answer:
        print(f"\nThe sheet: {answer['sheet']}")


def _short(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Say in a line each what programs get whole."""
    shown = {**facts}
    attributes, made_by, counts = (shown.pop(name) for name in ("attributes", "made_by", "counts"))
    shown |= {f"attribute {name}": _listed(values) for name, values in attributes.items()}
    shown["made_by"] = f"{made_by.get('command', 'hand')}, version {made_by.get('version', '?')}"
    shown["kept"] = f"{counts.get('kept', 0):,} of {counts.get('read', 0):,} images"
    if "boxes_read" in counts:
        shown["kept"] += f", {counts['boxes_kept']:,} of {counts['boxes_read']:,} boxes"
    return {**shown, "dropped": counts.get("dropped"), "noted": counts.get("noted")}


def _listed(values: Any) -> Any:
    return f"{values:,} values" if isinstance(values, int) else values


def _titles(sets: Sequence["ImageSet"]) -> list[str]:
    """Name the sets; of two with one name, the folders."""
    names = [each.name for each in sets]
    return [
        name if names.count(name) == 1 else str(each.root)
        for name, each in zip(names, sets, strict=True)
    ]


def _side_by_side(
    titles: Sequence[str], facts: Sequence[Mapping[str, Any]]
) -> list[tuple[str, ...]]:
    """Lay sets out as columns; a class or word that a set does not know is a dash."""
    rows: list[tuple[str, ...]] = [("", *titles)]
    rows += [(name.replace("_", " "), *(f"{each[name]:,}" for each in facts)) for name in _PLAIN]
    rows.append(("commonest size", *(_size(each["commonest_size"]) for each in facts)))
    rows.append(("licence", *(str(each["licence"]) for each in facts)))
    rows += _section("classes, boxes of each", [each["classes"] for each in facts])
    for word in _WORDS:
        rows += _section(word, [each.get(word, {}) for each in facts])
    for name in sorted({name for each in facts for name in each["attributes"]}):
        columns = [each["attributes"].get(name, {}) for each in facts]
        if any(isinstance(column, int) for column in columns):
            rows.append((f"attribute {name}", *(_number(column) for column in columns)))
        else:
            rows += _section(f"attribute {name}", columns)
    return rows


def _section(title: str, columns: Sequence[Mapping[str, int]]) -> list[tuple[str, ...]]:
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = [
        (
            f"  {_shown(name)}",
            *(f"{column[name]:,}" if name in column else "-" for column in columns),
        )
        for name in names
    ]
    return [("",), (title,), *rows] if rows else []


def _shown(name: str) -> str:
    """Cut what is longer than a line, such as a translator's hash."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _number(column: Any) -> str:
    return f"{column:,} values" if isinstance(column, int) else f"{len(column)} values"


def _size(size: Mapping[str, int | None]) -> str:
    return f"{size['width']} x {size['height']}" if size["width"] else "unknown"
