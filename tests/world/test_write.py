"""World sets: the same bytes whatever happens on the way."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from otherlight.errors import BusyError, DatasetError
from otherlight.images.files import read_header
from otherlight.records.files import sha256_of
from otherlight.sets import ImageSet, read_set
from otherlight.world import CLASSES, WorldConfig, render_pair, render_world
from otherlight.world.crew import render_all

CONFIG = WorldConfig(images=14, frames_per_sequence=4, width=128, height=72, seed=5)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    return render_world(CONFIG, tmp_path_factory.mktemp("plain"), workers=1)


def _bytes(images: ImageSet) -> list[str]:
    return [sha256_of(file) for file in images.files()]


def test_a_set_holds_what_was_asked_for(plain: ImageSet):
    assert len(plain) == 14
    assert plain.classes == CLASSES
    assert plain.names()[-1] == "000003_01.jpg"
    assert plain.column("sha256") == _bytes(plain)
    header = read_header(plain.files()[0])
    assert (header.width, header.height, header.channels, header.bits) == (128, 72, 3, 8)
    row = plain.images.slice(5, 1).to_pylist()[0]
    assert (row["timeofday"], row["weather"], row["split"]) == ("day", "clear", "train")
    assert (row["sequence"], row["frame"], row["time_s"]) == ("world-5-day-train-000001", 1, 0.4)
    assert row["group"] == row["sequence"]
    assert not (plain.root / ".parts").exists()
    assert read_set(plain.root).hash == plain.hash


def test_more_workers_give_the_same_bytes(plain: ImageSet, tmp_path: Path):
    other = render_world(CONFIG, tmp_path, workers=3)
    assert other.hash == plain.hash
    assert _bytes(other) == _bytes(plain)


def test_a_broken_off_run_goes_on_to_the_same_set(plain: ImageSet, tmp_path: Path):
    parts = tmp_path / ".parts"
    for _ in render_all(CONFIG, [0, 2, 3], tmp_path, parts, 1):
        pass
    (parts / "config.json").write_text(json.dumps(CONFIG.made_by()))
    (tmp_path / "images" / "000002_01.jpg").unlink()
    (tmp_path / "images" / "000003_01.jpg").write_bytes(b"")
    kept = (tmp_path / "images" / "000000_00.jpg").stat().st_mtime_ns
    resumed = render_world(CONFIG, tmp_path, workers=1)
    assert resumed.hash == plain.hash
    assert _bytes(resumed) == _bytes(plain)
    assert (tmp_path / "images" / "000000_00.jpg").stat().st_mtime_ns == kept


def test_a_lost_file_of_a_finished_set_is_rendered_again(plain: ImageSet, tmp_path: Path):
    first = render_world(CONFIG, tmp_path, workers=1)
    first.files()[7].unlink()
    again = render_world(CONFIG, tmp_path, workers=1)
    assert again.hash == plain.hash
    assert _bytes(again) == _bytes(plain)


def test_a_lost_file_that_comes_out_otherwise_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first = render_world(replace(CONFIG, images=4), tmp_path, workers=1)
    first.files()[0].unlink()
    monkeypatch.setattr("otherlight.world.sequence.encode", lambda pixels, suffix: b"other")
    with pytest.raises(DatasetError, match=r"000000_00\.jpg of .* was lost, and other versions"):
        render_world(replace(CONFIG, images=4), tmp_path, workers=1)


def test_another_world_does_not_go_into_the_same_folder(plain: ImageSet):
    with pytest.raises(BusyError, match="hold this very world; set.json there says"):
        render_world(replace(CONFIG, seed=6), plain.root)


def test_a_pair_has_the_same_keys_and_boxes(tmp_path: Path):
    day, night = render_pair(replace(CONFIG, images=8), ("day", "night"), tmp_path, workers=1)
    assert day.names() == night.names()
    assert day.boxes.equals(night.boxes)
    assert day.column("sequence") == night.column("sequence")
    assert day.column("timeofday") != night.column("timeofday")
    assert not set(_bytes(day)) & set(_bytes(night))


def test_masks_and_depths_lie_beside_when_asked_for(tmp_path: Path):
    import cv2

    config = replace(CONFIG, images=2, depth=True, mask=True, suffix=".png")
    images = render_world(config, tmp_path, workers=1)
    mask = cv2.imread(str(tmp_path / images.column("mask")[1]), cv2.IMREAD_UNCHANGED)
    assert mask is not None
    assert mask.dtype == np.uint16
    boxes = images.where("frame = 1").boxes.to_pylist()
    for row in boxes:
        assert (mask == row["box"] + 1).sum() == row["pixels"]
    depth = np.load(tmp_path / images.column("depth")[1])
    assert depth.shape == (72, 128)
    assert depth.min() > 0.5
    assert images.names() == ["000000_00.png", "000000_01.png"]


def test_what_goes_wrong_in_a_worker_is_told_as_it_is(tmp_path: Path):
    to = tmp_path / "file"
    to.mkdir()
    (to / "images").write_text("in the way")
    with pytest.raises(RuntimeError, match=r"A process ended over [01]"):
        list(render_all(CONFIG, [0, 1], to, to / ".parts", 2))


def test_scripts_need_no_guard_and_the_world_no_torch(tmp_path: Path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from otherlight.world import WorldConfig, render_world\n"
        "config = WorldConfig(images=6, frames_per_sequence=3, width=64, height=36)\n"
        f"render_world(config, Path({str(tmp_path / 'set')!r}), workers=2)\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run(
        [sys.executable, str(script)], check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert len(read_set(tmp_path / "set")) == 6
