"""An audit in plans, on the command line and as a page."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from damaging import erase, translate_by_hand
from playwright.sync_api import sync_playwright

from otherlight.audit import audit
from otherlight.cli.app import app
from otherlight.errors import DatasetError, PlanError
from otherlight.experiment.arms import gather
from otherlight.experiment.compare_plan import Arm
from otherlight.experiment.context import describe_sets
from otherlight.experiment.plan_run import run_plan
from otherlight.recognisers import Run
from otherlight.records.files import read_json
from otherlight.report import write_audit
from otherlight.sets import ImageSet


@pytest.fixture(scope="module")
def damaged(day: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    to = tmp_path_factory.mktemp("damaged")
    return translate_by_hand(day, to, {"0.png": erase(0), "3.png": erase(0)})


@pytest.fixture(scope="module")
def audited(
    day: ImageSet, damaged: ImageSet, detector: Run, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    to = tmp_path_factory.mktemp("audited")
    audit(damaged, detector.folder, to, target_like=day)
    write_audit(to)
    return to


def portion(values: Mapping[str, Any]) -> Arm:
    return Arm.model_validate({"role": "learned", "ingredients": [values]})


def test_an_arm_respects_the_audit_of_its_set(damaged: ImageSet, audited: Path, tmp_path: Path):
    arm = portion({"set": damaged.root, "audit": audited})
    arms = gather({"learned": arm}, damaged.classes, tmp_path)
    images = arms["learned"][0].images
    assert images.boxes.num_rows == damaged.boxes.num_rows - 2
    line = describe_sets({}, arms)[0]
    assert line["made_from"].endswith("; audit: 0 boxes ignored, 2 dropped")
    some = portion({"set": damaged.root, "audit": audited, "where": "image < '3.png'"})
    kept = gather({"learned": some}, damaged.classes, tmp_path)["learned"][0].images
    assert kept.boxes.num_rows == 5


def test_an_audit_of_another_set_and_one_beside_a_translator_are_refused(
    day: ImageSet, audited: Path, tmp_path: Path
):
    with pytest.raises(DatasetError, match="holds for the set that it judged alone"):
        gather({"a": portion({"set": day.root, "audit": audited})}, day.classes, tmp_path)
    with pytest.raises(ValueError, match="translate in a step of its own, audit that"):
        portion({"set": day.root, "audit": audited, "with": "gamma"})


def written(to: Path, steps: Mapping[str, Any]) -> Path:
    (to / "plan.yaml").write_text(
        yaml.safe_dump({"to": str(to / "out"), "steps": dict(steps)}, sort_keys=False)
    )
    return to / "plan.yaml"


def test_a_plan_audits_and_fits_and_the_fit_records_what_was_taken(
    day: ImageSet, damaged: ImageSet, detector: Run, tmp_path: Path
):
    tiny = {"width": 96, "height": 64, "batch": 2, "steps": 1, "warmup": 1, "threads": 1,
            "device": "cpu", "options": {"width": 8, "neck": 16}}  # fmt: skip
    told = {
        "set": str(damaged.root), "detector": str(detector.folder), "target_like": str(day.root),
        "gallery": 2,
    }  # fmt: skip
    learnt = {"train": [{"set": str(damaged.root), "audit": "${told.output}"}],
              "val": str(day.root), **tiny}  # fmt: skip
    outputs = run_plan(written(tmp_path, {"told": {"audit": told}, "learnt": {"fit": learnt}}))
    record = read_json(outputs["learnt"] / "run.json")
    assert record["config"]["audits"] == [{"audit": damaged.hash, "ignored": 0, "dropped": 2}]
    assert {"role": "light 0", "hash": "by hand"} in record["inputs"]
    with pytest.raises(PlanError, match=r"\[audit\] has no key 'egdes'. Did you mean 'edges'\?"):
        run_plan(written(tmp_path, {"told": {"audit": {**told, "egdes": 0.2}}}))


def test_the_command_answers_in_words_and_in_json(
    day: ImageSet,
    damaged: ImageSet,
    detector: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    words = ["audit", str(damaged.root), "--detector", str(detector.folder), "--to",
             str(tmp_path / "told"), "--target-like", str(day.root), "gallery=2"]  # fmt: skip
    with pytest.raises(SystemExit) as end:
        app(words, prog_name="otherlight")
    assert not end.value.code
    said = capsys.readouterr().out
    assert "it can judge" in said
    assert re.search(r"car +7 +7 +5 ", said)
    assert (tmp_path / "told" / "audit.html").exists()
    with pytest.raises(SystemExit):
        app([*words, "--json"], prog_name="otherlight")
    assert json.loads(capsys.readouterr().out)["survival"]["decisions"]["drop"] == 2


def test_a_page_needs_an_audit(tmp_path: Path):
    with pytest.raises(DatasetError, match=r"is made of audit\.json"):
        write_audit(tmp_path)


@pytest.mark.parametrize("width", [1100, 390])
def test_the_page_opens_whole_in_a_browser(audited: Path, width: int):
    browser_file = shutil.which("chromium") or shutil.which("google-chrome")
    if browser_file is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_file, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 900})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((audited / "audit.html").as_uri())
        seen = page.locator("img").evaluate_all("all => all.map(image => image.naturalWidth)")
        first = page.locator("figcaption").first.inner_text()
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        browser.close()
    assert len(seen) == 28
    assert min(seen) > 0
    assert "drop" in first
    assert overflow <= 0
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_a_name_of_an_image_cannot_write_into_the_page(audited: Path, tmp_path: Path):
    facts = read_json(audited / "audit.json")
    facts["gallery"]["worst"][0]["image"] = "<script>alert(1)</script>.png"
    shutil.copytree(audited / "gallery", tmp_path / "gallery")
    (tmp_path / "audit.json").write_text(json.dumps(facts))
    assert "<script>" not in write_audit(tmp_path).read_text()


def test_the_page_tells_boxes_nobody_was_asked_of_from_those_not_found_before(
    audited: Path, tmp_path: Path
):
    facts = read_json(audited / "audit.json")
    answers = ((True, True), (True, False), (False, True), (None, None))
    for row, (before, after) in zip(facts["gallery"]["worst"], answers, strict=False):
        row |= {"found_before": before, "found_after": after}
    facts["gallery"]["worst"] = facts["gallery"]["worst"][: len(answers)]
    shutil.copytree(audited / "gallery", tmp_path / "gallery")
    (tmp_path / "audit.json").write_text(json.dumps(facts))
    page = write_audit(tmp_path).read_text()
    words = ("found", "lost", "not found before", "not asked")
    assert [page.count(f", {word}</figcaption>") for word in words] == [1, 1, 1, 1]


def test_the_tables_are_as_documented(audited: Path):
    names = pq.read_schema(audited / "audit.parquet").names
    assert names == [
        "image", "box", "detector", "found", "edge_kept", "contrast_kept", "decision",
    ]  # fmt: skip
