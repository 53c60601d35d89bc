"""The command line as a user meets it: real processes, their answers and exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from otherlight.cli.app import app

MAIN = "from otherlight.cli import main; main()"
PLAN = """\
about: A day and a night.
parts: {dark: [night]}
steps:
  day: {world: {images: 3, width: 64, height: 48}}
  night: {world: {condition: night, images: 2, width: 64, height: 48}}
"""


class Answer(NamedTuple):
    code: int
    out: str
    told: str


Ask = Callable[..., Answer]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Run a command in this process; the processes of their own are below."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str, folder: Path) -> Answer:
        monkeypatch.chdir(folder)
        with pytest.raises(SystemExit) as end:
            app(list(words), prog_name="otherlight")
        said = capsys.readouterr()
        return Answer(int(end.value.code or 0), said.out, said.err)

    return run


def otherlight(*words: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", MAIN, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the plan has run."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "two.yaml").write_text(PLAN)
    result = otherlight("run", "two.yaml", folder=folder)
    assert result.returncode == 0, result.stderr
    return folder


def test_a_plan_runs_and_says_where_its_outputs_are(ask: Ask, done: Path):
    before = (done / "runs/two/day/set.json").stat().st_mtime_ns
    again = ask("run", "two.yaml", "--json", folder=done)
    assert json.loads(again.out) == {"day": "runs/two/day", "night": "runs/two/night"}
    assert again.told.splitlines()[:2] == ["day: world", "night: world"]
    assert (done / "runs/two/day/set.json").stat().st_mtime_ns == before


def test_a_plan_is_listed_shown_and_checked_without_running(ask: Ask, tmp_path: Path):
    (tmp_path / "two.yaml").write_text(PLAN)
    listed = ask("run", "two.yaml", "--list", "--part", "dark", folder=tmp_path)
    assert listed.out.split() == ["night", "world", "dark", "runs/two/night"]
    rows = ask("run", "two.yaml", "--list", "--json", folder=tmp_path)
    assert [row["done"] for row in json.loads(rows.out)] == [False, False]
    shown = ask("run", "two.yaml", "--show", "day.world.images=9", folder=tmp_path)
    assert "images: 9" in shown.out
    values = ask("run", "two.yaml", "--show", "--json", "seed=4", folder=tmp_path)
    assert json.loads(values.out)["seed"] == 4
    checked = ask("run", "two.yaml", "--check", "--only", "day", folder=tmp_path)
    assert checked.out == "two: steps to run: 1; every key is read, every value fits.\n"
    assert not (tmp_path / "runs").exists()


def test_a_set_is_described_for_people_and_for_programs(ask: Ask, done: Path):
    facts = json.loads(ask("info", "runs/two/day", "--json", folder=done).out)
    assert facts["images"] == 3
    assert sum(facts["classes"].values()) == facts["boxes"]
    assert facts["timeofday"] == {"day": 3}
    words = ask("info", "runs/two/day", folder=done).out
    assert "images" in words
    assert "day 3" in words


def test_a_world_takes_settings_as_options_and_as_words(tmp_path: Path):
    made = otherlight(
        "world", "--to", "night", "--condition", "night", "--images", "1", "width=64", "height=48",
        "--json", folder=tmp_path,
    )  # fmt: skip
    facts = json.loads(made.stdout)
    assert (facts["images"], facts["commonest_size"]) == (
        1,
        {"width": 64, "height": 48},
    )
    assert facts["timeofday"] == {"night": 1}


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("info nowhere", 1, "A set holds set.json and a run holds run.json; nowhere has"),
        ("run none.yaml", 1, "A plan must be a text file; none.yaml cannot be read"),
        ("run two.yaml day.world.imagse=1", 1, "has no key 'imagse'. Did you mean 'images'?"),
        ("run two.yaml --only dya", 1, "The plan 'two' has no step 'dya'. Did you mean 'day'?"),
        ("world --to x conditon=day", 1, "has no key 'conditon'. Did you mean 'condition'?"),
        ("world --to x condition=nihgt", 1, "'nihgt' came. Did you mean 'night'?"),
        ("world --to x condition=[", 1, "Settings must be YAML; condition=[ are not"),
        ("run two.yaml day.world.images=4", 1, "something else was made"),
        ("verify runs/two/day", 1, "A comparison's folder holds verdict.json; runs/two/day does"),
        ("report runs/two/day", 1, "A report needs the folder that otherlight compare wrote;"),
        ("compare two.yaml --to x", 1, "The plan 'two' must have a step that says compare;"),
        ("run two.yaml dark", 2, "'dark' is neither an overlay (.yaml) nor KEY=VALUE."),
        ("world --to x night", 2, "A setting is KEY=VALUE; 'night' came."),
        ("world --to x --images 1 images=2", 2, "'images' came as an option and as a setting."),
        ("world --to x --imagse 3", 2, "--images"),
        ("wrold --to x", 2, "Did you mean 'world'?"),
        ("list condition", 2, "There is no list of 'condition'. Did you mean 'conditions'?"),
        ("world", 2, "Missing option '--to'"),
    ],
)  # fmt: skip
def test_a_wrong_command_ends_with_its_code_and_one_sentence(
    ask: Ask, done: Path, words: str, code: int, message: str
):
    result = ask(*words.split(), folder=done)
    assert message in result.told
    assert result.code == code
    assert result.out == ""
    assert "Traceback" not in result.told
    if code == 1:
        assert len([line for line in result.told.splitlines() if "world" not in line]) <= 1


def test_every_translator_is_listed_with_a_sentence_of_its_own(ask: Ask, tmp_path: Path):
    rows = json.loads(ask("list", "translators", "--json", folder=tmp_path).out)
    said = {row["name"]: row["about"] for row in rows}
    assert len(set(said.values())) == len(said)
    assert all(about[0].isupper() and about.endswith(".") for about in said.values())
    for name in ("hedgan", "hedngan", "rcfgan", "rcfngan"):
        assert ("HED" in said[name], "RCF" in said[name]) == ("hed" in name, "rcf" in name)
        assert ("student" in said[name]) == ("ngan" in name)
        assert said[name].endswith("; two-sided with cycle_weight.")


def test_the_conditions_are_listed(ask: Ask, tmp_path: Path):
    rows = json.loads(ask("list", "conditions", "--json", folder=tmp_path).out)
    assert {"name": "night", "about": "night, clear"} in rows


@pytest.mark.parametrize(
    ("words", "code", "last"),
    [
        ("info nowhere", 1, "otherlight: A set holds set.json and a run holds run.json; "),
        ("world", 2, "╰──"),
    ],
)
def test_a_process_ends_with_its_code(tmp_path: Path, words: str, code: int, last: str):
    result = otherlight(*words.split(), folder=tmp_path)
    assert result.returncode == code
    assert result.stderr.splitlines()[-1].startswith(last)


def test_an_interrupt_keeps_what_is_done_and_the_same_command_ends_it(tmp_path: Path):
    words = ["world", "--to", "day", "--images", "240", "width=64", "height=48"]
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, *words],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    limit = time.monotonic() + 60
    while not list(tmp_path.glob("day/images/*")) and time.monotonic() < limit:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told.splitlines()[-1] == (
        "otherlight: Interrupted; what is done is kept. Run the same command again to continue."
    )
    assert not (tmp_path / "day/set.json").exists()
    assert otherlight(*words, folder=tmp_path).returncode == 0
    assert len(list(tmp_path.glob("day/images/*"))) == 240


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["info", "runs/two/day"], ["run", "two.yaml", "--list"]]
)
def test_what_needs_no_network_loads_no_torch_and_answers_at_once(done: Path, words: list[str]):
    code = (
        "import sys, time; from otherlight.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert 'torch' not in sys.modules, 'torch was loaded'\n"
        "assert time.process_time() < 3"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=done, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_a_plain_import_of_the_package_loads_next_to_nothing():
    code = "import sys, otherlight; sys.exit(len({'torch', 'numpy', 'typer'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
