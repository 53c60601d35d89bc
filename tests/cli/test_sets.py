"""Importing and selecting as a user sees them: the table of counts, class maps from a file."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from otherlight.cli.app import app
from otherlight.cli.counts import print_counts
from otherlight.cli.words import read_class_map
from otherlight.errors import PlanError

from ..datasets.sources import yolo

Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ask:
    monkeypatch.chdir(tmp_path)

    def run(*words: str, columns: int = 100) -> tuple[int, str, str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        with pytest.raises(SystemExit) as end:
            app(list(words), prog_name="otherlight")
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return run


@pytest.mark.parametrize("columns", [60, 100])
def test_an_import_ends_with_a_table(ask: Ask, tmp_path: Path, columns: int):
    labels = "0 .5 .5 .2 .2\n1 .5 .5 .2 .2\n1 .5 .5 .2 .05\n2 .5 .5 .2 .2"
    yolo(tmp_path / "in", {"a.jpg": labels, "b.jpg": ""}, "car\nvan\n[red] sign")
    (tmp_path / "map.yaml").write_text("vehicle: [car, van]\n")
    words = ("import", "yolo", "in", "--to", "out", "--classes", "map.yaml", "background=false")
    code, out, told = ask(*words, "drop.min_height=4", columns=columns)
    assert code == 0, told
    rows = [line.split() for line in out.splitlines()]
    assert ["images", "2", "1", "1"] in rows
    assert ["boxes", "4", "2", "0", "2"] in rows
    assert ["van", ">", "vehicle", "2", "1", "0", "1"] in rows
    assert ["[red]", "sign", "1", "0", "0", "1"] in rows
    assert all(len(line) <= columns for line in out.splitlines() if "dropped" in line)
    together = " ".join(out.split())
    assert "dropped 1 box lower than 4 pixels (first: " in together
    assert "dropped 1 image without objects (first: b.jpg)" in together


def test_the_same_counts_in_json_and_in_the_set(ask: Ask, tmp_path: Path):
    yolo(tmp_path / "in", {"a.jpg": "0 .5 .5 .2 .2\n1 .5 .5 .2 .2"})
    assert ask("import", "yolo", "in", "--to", "out")[0] == 0
    code, out, told = ask(
        "select", "out", "--to", "cars", "--where-boxes", "label = 'car'", "--json"
    )
    assert code == 0, told
    counts = json.loads(out)["counts"]
    assert counts == json.loads((tmp_path / "cars/set.json").read_text())["counts"]
    assert counts["by_class"]["person"]["dropped"] == {"box left out by where_boxes": 1}
    assert counts["images_dropped"] == {}


def test_many_classes_are_summed_up(capsys: pytest.CaptureFixture[str]):
    each = {"read": 2, "kept": 2, "ignored": 0, "dropped": {}}
    classes = {f"class {n}": each for n in range(50)} | {"most": {**each, "read": 9, "kept": 9}}
    counts = {"read": 1, "kept": 1, "dropped": {}, "noted": {}, "images_dropped": {}}
    print_counts({**counts, "by_class": classes})
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["boxes", "109", "109", "0", "0"]
    assert lines[3].split() == ["most", "9", "9", "0", "0"]
    assert lines[-1].split() == ["11", "more", "22", "22", "0", "0"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "must be YAML"),
        ("[" * 1000, "must be YAML"),
        ("- a", r"says new: \[old, old\] on each line"),
        ("", r"says new: \[old, old\] on each line"),
        ("a: {b: c}", r"says new: \[old, old\] on each line"),
        ("a:", r"says new: \[old, old\] on each line"),
        ("a: \udcff", "cannot be read"),
    ],
)
def test_a_class_map_that_is_none(text: str, message: str, tmp_path: Path):
    path = tmp_path / "map.yaml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(PlanError, match=message):
        read_class_map(path)


def test_a_class_map_says_words_or_lists(tmp_path: Path):
    (tmp_path / "map.yaml").write_text("vehicle: [car, 7]\nperson: person\n3: sign\n")
    assert read_class_map(tmp_path / "map.yaml") == {
        "vehicle": ["car", "7"], "person": ["person"], "3": ["sign"],
    }  # fmt: skip
    with pytest.raises(PlanError, match="cannot be read"):
        read_class_map(tmp_path / "gone.yaml")
