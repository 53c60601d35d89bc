"""The whole road, small but real: arms, seeds, predictions, verdict, page; killed and resumed."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import yaml
from playwright.sync_api import sync_playwright
from simulated import simulated_plan

from killing import command, kill_at
from otherlight.errors import LeakError, VerifyError
from otherlight.experiment.compare import compare
from otherlight.experiment.honesty import used_sets
from otherlight.experiment.ledger import read_looks
from otherlight.experiment.verify import verify
from otherlight.images.files import encode
from otherlight.records.files import read_json, sha256_of, write_json
from otherlight.report import write_report
from otherlight.sets import read_set

STEPS = """
name: small
to: {to}
steps:
  day: {{world: {{images: 12, frames_per_sequence: 2, width: 96, height: 64}}}}
  day_val: {{world: {{images: 6, frames_per_sequence: 1, split: val, width: 96, height: 64}}}}
  pool: {{world: {{images: 12, condition: night, split: pool, width: 96, height: 64}}}}
  night:
    world:
      {{images: 24, condition: night, split: test, frames_per_sequence: 2, width: 96, height: 64}}
"""
CHANGES = {
    "recogniser": {
        "name": "compact", "width": 96, "height": 64, "batch": 2, "steps": 3, "warmup": 1,
        "options": {"width": 8, "neck": 16}, "checkpoint_every": 1, "threads": 1,
    },
    "warm_start": {"steps": 2},
    "seeds": [0, 1],
    "min_truths": 5,
    "resamples": 200,
    "samples": 2,
}  # fmt: skip


def otherlight(*words: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "otherlight", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    plan = folder / "plan.yaml"
    plan.write_text(STEPS.format(to=folder))
    job = otherlight("run", str(plan))
    output = job.communicate()[0].decode()
    assert job.returncode == 0, output
    return folder


def plan_values(world: Path, **changes: object) -> dict[str, object]:
    day, pool = str(world / "day"), str(world / "pool")
    arms = {
        "source": [{"set": day}],
        "gamma": {"role": "cheap", "ingredients": [{"set": day, "with": "gamma"}]},
        "histogram": [
            {"set": day},
            {"set": day, "with": "histogram", "reference": pool, "share": 0.5, "mode": "replace"},
        ],
        "oracle": [{"set": pool}],
    }
    return {
        "source": {"train": day, "val": str(world / "day_val"), "test": None},
        "target": {"pool": pool, "test": str(world / "night")},
        "arms": arms,
        **CHANGES,
        **changes,
    }


def written_plan(world: Path, to: Path, **changes: object) -> Path:
    """A plan of one step; the name must not depend on where it is written."""
    path = to.with_suffix(".yaml")
    compared = plan_values(world, **changes)
    values = {"name": "small", "to": str(to), "steps": {"verdict": {"compare": compared}}}
    path.write_text(yaml.safe_dump(values))
    return path


def bytes_of(
    run: Path, left_out: Sequence[str] = ("log.jsonl", "costs.json", "report.html")
) -> dict[str, str]:
    """Hash every file but logs and times; the page prints times too."""
    files = (file for file in run.rglob("*") if file.is_file() and file.name not in left_out)
    return {
        str(file.relative_to(run)): sha256_of(file)
        for file in files
        if not file.name.startswith(".")
    }


def files_in(folder: Path) -> int:
    return sum(1 for file in folder.rglob("*") if not file.name.startswith("."))


@pytest.fixture(scope="module")
def undisturbed(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("undisturbed") / "run"
    job = otherlight("run", str(written_plan(world, to)))
    output = job.communicate()[0].decode()
    assert job.returncode == 0, output
    return to / "verdict"


def test_a_comparison_ends_in_a_page_that_verifies(undisturbed: Path):
    verdict = read_json(undisturbed / "verdict.json")
    assert {row["arm"] for row in verdict["rows"]} == {"gamma", "histogram", "oracle"}
    assert verify(undisturbed) > 50
    page = (undisturbed / "report.html").read_text()
    assert verdict["summary"]["sentence"].split(":")[0] in page
    assert 'src="data:image/jpeg;base64,' in page
    assert not re.search(r"(src|href)=.https?://", page)


@pytest.mark.parametrize("width", [1100, 390])
def test_the_page_opens_whole_in_a_browser(undisturbed: Path, width: int):
    browser_file = shutil.which("chromium") or shutil.which("google-chrome")
    if browser_file is None:
        pytest.skip("no Chromium on this machine")
    asked: list[str] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_file, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        page.goto((undisturbed / "report.html").as_uri())
        for summary in page.locator("summary").all():
            summary.click()
        images = page.locator("img")
        seen = images.evaluate_all("all => all.map(image => image.naturalWidth)")
        charts = page.locator("svg").evaluate_all("all => all.map(svg => svg.clientWidth)")
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        words = page.locator("main").inner_text()
        browser.close()
    assert seen
    assert min(seen) > 0
    assert charts
    assert min(charts) > 100
    assert overflow <= 0
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    sentence = read_json(undisturbed / "verdict.json")["summary"]["sentence"]
    assert sentence.split(":")[0] in words
    assert "nan" not in words.lower().split()


def test_arms_hold_what_their_recipes_say(undisturbed: Path):
    runs = undisturbed / "runs"
    inputs = {arm.name: read_json(arm / "seed0" / "run.json")["inputs"] for arm in runs.iterdir()}
    assert inputs["source"] != inputs["gamma"] != inputs["histogram"]
    translated = [read_set(folder) for folder in (undisturbed / "translated").iterdir()]
    assert sorted(len(images) for images in translated) == [6, 12]


def ends_as(undisturbed: Path, plan: Path, to: Path) -> None:
    """Let a plan run to its end, which must be that of the undisturbed one to the byte."""
    job = otherlight("run", str(plan))
    output = job.communicate()[0].decode()
    assert job.returncode == 0, output
    again, wanted = bytes_of(to / "verdict"), bytes_of(undisturbed)
    assert again.keys() == wanted.keys()
    assert [name for name in wanted if again[name] != wanted[name]] == []


def test_killed_at_ten_points_it_ends_in_the_same_bytes(
    world: Path, undisturbed: Path, tmp_path: Path
):
    to = tmp_path / "run"
    plan, whole = written_plan(world, to), files_in(undisturbed)
    kill_at(
        [whole * point // 11 for point in range(1, 11)],
        partial(command, "run", str(plan)),
        lambda: files_in(to / "verdict"),
        pause=0.02,
    )
    ends_as(undisturbed, plan, to)


def test_side_by_side_and_killed_it_ends_in_the_same_bytes(
    world: Path, undisturbed: Path, tmp_path: Path
):
    to = tmp_path / "run"
    plan = written_plan(world, to, workers=2)
    kill_at(
        [4],
        partial(command, "run", str(plan)),
        lambda: files_in(to / "verdict" / "runs"),
        pause=0.02,
    )
    ends_as(undisturbed, plan, to)


def test_looks_at_the_test_set_are_in_its_ledger(world: Path, undisturbed: Path):
    del undisturbed
    looks = read_looks(read_set(world / "night"))
    assert {(look.arm, look.seed) for look in looks} >= {("source", 0), ("oracle", 1)}


def test_a_done_comparison_is_not_done_again(world: Path, undisturbed: Path):
    before = (undisturbed / "verdict.json").stat().st_mtime_ns
    job = otherlight("run", str(undisturbed.parent.with_suffix(".yaml")))
    output = job.communicate()[0].decode()
    assert job.returncode == 0, output
    assert (undisturbed / "verdict.json").stat().st_mtime_ns == before
    del world


def test_an_edited_prediction_makes_the_command_fail(undisturbed: Path, tmp_path: Path):
    run = Path(shutil.copytree(undisturbed, tmp_path / "run"))
    file = run / "predictions" / "gamma" / "seed1" / "target" / "predictions.parquet"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    job = otherlight("verify", str(run))
    output = job.communicate()[0].decode()
    assert job.returncode == 1
    assert "It was changed since" in " ".join(output.split())
    with pytest.raises(VerifyError):
        verify(run)


def test_a_planted_leak_is_refused_with_its_pairs(world: Path, tmp_path: Path):
    leaky = plan_values(world)
    leaky["target"] = {"pool": str(world / "pool"), "test": str(world / "pool")}
    with pytest.raises(LeakError, match=r"pairs do: .*000000_00\.jpg"):
        compare(simulated_plan(**leaky), tmp_path / "run", name="leaky")
    assert not (tmp_path / "run" / "predictions").exists()


def test_a_leak_allowed_for_a_reason_gives_no_verdict(world: Path, tmp_path: Path):
    leaky = plan_values(world, allow_leaks="to see what it does", seeds=[0], source_2x=False)
    leaky["target"] = {"pool": str(world / "pool"), "test": str(world / "pool")}
    leaky["warm_start"] = None
    verdict = compare(simulated_plan(**leaky), tmp_path / "run", name="leaky")
    assert verdict["summary"]["verdict"] == "no_verdict"
    assert "to see what it does" in write_report(tmp_path / "run").read_text()
    _show_alarms(tmp_path)


def _show_alarms(folder: Path) -> None:
    """The page tells what the trainings of its translators complained of, and shows a copy."""
    translator = folder / "day2night"
    alarms = {"hazy": "Contrast is lost.", "copied": "Content is copied in."}
    rows: list[dict[str, object]] = [
        {"step": 200, "adversarial": 1.0, "seconds": 1.0, "alarms": alarms},
        {"step": 400, "adversarial": 0.9, "seconds": 2.0, "alarms": {"copied": alarms["copied"]}},
    ]
    for name, data in {
        "log.jsonl": "\n".join(map(json.dumps, rows)).encode(),
        "tradeoff.svg": b"<svg id='tradeoff'></svg>",
        "alarms/copied.png": encode(np.zeros((4, 6, 3), np.uint8), ".png"),
    }.items():
        (translator / name).parent.mkdir(parents=True, exist_ok=True)
        (translator / name).write_bytes(data)
    verdict = read_json(folder / "run" / "verdict.json")
    write_json(folder / "run" / "verdict.json", {**verdict, "translators": [str(translator)]})
    page = " ".join(write_report(folder / "run").read_text().split())
    assert "</b>, at step 200, gone by the last check: Contrast is lost." in page
    assert "</b>, from step 200 to the last check: Content is copied in." in page
    assert page.count("data:image/png;base64,") == 1
    assert "<svg id='tradeoff'></svg>" in page


def test_every_set_that_anything_learns_from_is_checked(world: Path):
    roles = used_sets(simulated_plan(**plan_values(world, also_used=[str(world / "night")])))
    assert set(roles) == {"source.train", "source.val", "target.pool", "also_used.0"}
