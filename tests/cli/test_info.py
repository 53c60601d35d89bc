"""`otherlight info` as a user meets it: words, tables, bars, sheets; quick and without torch."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from otherlight.cli.app import app
from otherlight.records.files import write_json
from otherlight.sets import build_set, write_set


def made(folder: Path, name: str, timeofday: str, classes: list[str], count: int) -> Path:
    from PIL import Image

    to = folder / name
    rows: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for number in range(count):
        file = to / "images" / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 18)).save(file)
        rows.append(
            {"image": file.name, "file": f"images/{file.name}", "width": 32, "height": 18,
             "timeofday": timeofday,
             "attributes": {"weather": "rainy" if number else "dry", "id": str(number)}}
        )  # fmt: skip
        boxes += [
            {"image": file.name, "box": place, "label": classes[place % len(classes)],
             "left": 1, "top": 1, "right": 9, "bottom": 9, "occlusion_level": place % 2}
            for place in range(number % 3)
        ]  # fmt: skip
    write_set(build_set(name, classes, rows, boxes, root=to), to)
    return to


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("info")
    made(folder, "day", "day", ["car", "bus"], 30)
    made(folder, "night", "night", ["car", "person"], 4)
    return folder


def ask(
    *words: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as end:
        app(["info", *words], prog_name="otherlight")
    said = capsys.readouterr()
    return int(end.value.code or 0), said.out, said.err


@pytest.fixture
def told(sets: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    return lambda *words: ask(*words, folder=sets, monkeypatch=monkeypatch, capsys=capsys)


def test_one_set_is_told_in_lines(told: Any):
    _, out, _ = told("day")
    lines = {line[:18].strip(): line[18:].strip() for line in out.splitlines()}
    assert lines["images"] == "30"
    assert lines["timeofday"] == "day 30"
    assert lines["attribute weather"] == "rainy 29, dry 1"
    assert lines["attribute id"] == "30 values"
    assert lines["kept"] == "30 of 30 images"


def test_several_sets_stand_side_by_side(told: Any):
    _, out, _ = told("day", "night")
    rows = {line.split("  ")[0].strip() or line.strip(): line.split() for line in out.splitlines()}
    assert out.splitlines()[0].split() == ["day", "night"]
    assert rows["images"][-2:] == ["30", "4"]
    lines = [line.split() for line in out.splitlines()]
    assert ["car", "20", "2"] in lines
    assert ["bus", "10", "-"] in lines
    assert ["person", "-", "1"] in lines
    assert ["night", "-", "4"] in lines
    assert ["rainy", "29", "3"] in lines


def test_a_program_gets_one_object_or_a_list(told: Any):
    one = json.loads(told("day", "--json")[1])
    assert one["attributes"] == {"id": 30, "weather": {"rainy": 29, "dry": 1}}
    both = json.loads(told("day", "night", "--json", "--histogram", "n_occluded")[1])
    assert [each["name"] for each in both] == ["day", "night"]
    assert both[0]["histogram"] == {
        "column": "n_occluded",
        "of": "images",
        "bars": [{"value": 0, "count": 20}, {"value": 1, "count": 10}],
        "unknown": 0,
        "others": 0,
    }


def test_bars_are_as_long_as_shares(told: Any):
    _, out, _ = told("day", "--histogram", "n_boxes")
    drawn = out.split("n_boxes, images of day: 30\n")[1].splitlines()
    assert [line.split()[:3] for line in drawn] == [[str(n), "10", "33.3"] for n in range(3)]
    assert len({line.count("█") for line in drawn}) == 1
    assert drawn[0].count("█") > 30


def test_a_sheet_is_drawn(told: Any, sets: Path):
    code, out, _ = told("day", "night", "--sheet", "sheet.png")
    assert code == 0
    assert "The sheet: sheet.png" in out
    assert (sets / "sheet.png").read_bytes()[:4] == b"\x89PNG"


def test_the_hash_is_the_one_that_the_set_states(told: Any, sets: Path):
    stated = json.loads((sets / "day" / "set.json").read_text())["hash"]
    assert json.loads(told("day", "--json")[1])["hash"] == stated


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["day", "--histogram", "n_bsu"], "there is no 'n_bsu'. Did you mean 'n_bus'?"),
        (["day", "nowhere"], "A set holds set.json and a run holds run.json; nowhere has neither"),
        (["day", "run"], "Sets are laid side by side; run is a run. Ask for it alone."),
        (["run", "--sheet", "x.png"], "A histogram and a sheet are drawn of sets; run is a run"),
        (["day", "--sheet", "x.gif"], "A sheet is written as PNG; 'x.gif' came."),
    ],
)
def test_a_wrong_question_ends_in_a_sentence(told: Any, sets: Path, words: list[str], message: str):
    (sets / "run").mkdir(exist_ok=True)
    write_json(sets / "run" / "run.json", {
        "schema": 1, "kind": "fit", "hash": "", "config": {}, "seed": 0, "inputs": [],
        "versions": {}, "instruction_set": "", "steps": 0, "licences": [], "done": False,
        "results": {},
    })  # fmt: skip
    code, out, err = told(*words)
    assert (code, out) == (1, "")
    assert message in err


@pytest.mark.parametrize(
    "words", [["day"], ["day", "night", "--json"], ["day", "--histogram", "n_car"],
              ["day", "--sheet", "quick.png"]]
)  # fmt: skip
def test_it_is_quick_and_loads_no_torch(sets: Path, words: list[str]):
    code = (
        "import sys, time; from otherlight.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert 'torch' not in sys.modules, 'torch was loaded'\n"
        "assert '--sheet' in sys.argv or 'PIL' not in sys.modules, 'pixels were loaded'\n"
        "assert time.process_time() < 3, time.process_time()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "info", *words],
        cwd=sets, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
