"""KITTI: lines of detection and of tracking, regions nobody should care about."""

from pathlib import Path
from typing import Any

import pytest

from otherlight.datasets import import_set
from otherlight.datasets.kitti import CLASSES, parse_line
from otherlight.errors import DatasetError

from .sources import SHARED, paint

CAR = "Car 0.25 1 1.85 10.5 5 30 20.25 1.67 1.87 3.69 -16.53 2.39 58.49 1.57"
NOBODY = "DontCare -1 -1 -10 50 10 60 20 -1 -1 -1 -1000 -1000 -1000 -10"


def test_detection(tmp_path: Path):
    training = tmp_path / "in" / "training"
    for seed, text in enumerate((f"{CAR}\n{NOBODY}\nUfo{CAR[3:]}\n", "")):
        paint(training / "image_2" / f"00000{seed}.png", seed=seed)
        (training / "label_2").mkdir(exist_ok=True)
        (training / "label_2" / f"00000{seed}.txt").write_text(text)
    got = import_set("kitti", tmp_path / "in", tmp_path / "out")
    assert got.classes == CLASSES
    assert got.column("labelled") == [True, True]
    car, *ignored = got.boxes.to_pylist()
    wanted: dict[str, Any] = {
        "image": "000000.png", "label": "Car", "left": 10.5, "bottom": 20.25, "truncation": 0.25,
        "occlusion_level": 1, "ignore": False, "track": None,
    }  # fmt: skip
    assert {key: car[key] for key in wanted} == wanted
    assert car["depth_m"] == pytest.approx(58.49)
    assert dict(car["attributes"])["rotation_y"] == "1.57"
    assert [box["label"] for box in ignored] == list(CLASSES)
    assert all(box["ignore_reason"] == "dontcare" and box["left"] == 50 for box in ignored)
    assert got.counts["dropped"] == {"unknown type 'Ufo'": 1}
    again = import_set("kitti", training / "label_2", tmp_path / "again")
    assert again.boxes.equals(got.boxes)


def test_tracking(tmp_path: Path):
    training = tmp_path / "in" / "training"
    for seed in range(3):
        paint(training / "image_02" / "0001" / f"00000{seed}.png", seed=seed)
    paint(training / "image_02" / "0002" / "000000.png", seed=7)
    (training / "label_02").mkdir()
    lines = f"0 2 {CAR.replace('0.25', '2', 1)}\n2 2 Person{CAR[3:]}\n2 -1 {NOBODY}\n"
    (training / "label_02" / "0001.txt").write_text(lines + f"9 3 {CAR}\n")
    got = import_set("kitti", tmp_path / "in", tmp_path / "out")
    assert got.names() == [*(f"0001/00000{i}.png" for i in range(3)), "0002/000000.png"]
    assert got.column("sequence") == ["0001"] * 3 + [None]
    assert got.column("time_s")[:3] == pytest.approx([0, 0.1, 0.2])
    # A drive with labels has them for every frame; of the other nothing is known.
    noted = got.counts["noted"]
    assert noted["image without labels, taken as background"] == 1
    first, second, *ignored = got.boxes.to_pylist()
    assert (first["track"], first["truncation"]) == ("2", None)
    assert (second["image"], second["label"]) == ("0001/000002.png", "Person_sitting")
    assert len(ignored) == len(CLASSES)
    assert got.counts["dropped"]["labels without image file"] == 1


@pytest.mark.parametrize(
    ("text", "tracking", "message"),
    [
        ("Car 0 0", False, "has 15 words .*; 3 came in a.txt, line 1"),
        (CAR, True, "has 17 words"),
        (CAR.replace("58.49", "far"), False, "All but the type must be numbers in a.txt, line 1"),
        (CAR.replace("10.5", "nan"), False, "Numbers must be finite in a.txt, line 1"),
        (f"0.5 1 {CAR}", True, "must be numbers"),
    ],
)
def test_bad_lines_are_refused_in_a_sentence(text: str, tracking: bool, message: str):
    with pytest.raises(DatasetError, match=message):
        parse_line(text, "a.txt, line 1", tracking=tracking)


def test_other_folders_are_refused(tmp_path: Path):
    with pytest.raises(DatasetError, match="Expected label_2 .* or label_02 .* neither is there"):
        import_set("kitti", tmp_path, tmp_path / "out")


@pytest.mark.skipif(not SHARED.exists(), reason="no real images beside this checkout")
def test_official_samples(tmp_path: Path):
    got = import_set("kitti", SHARED / "formats" / "kitti" / "data" / "object", tmp_path / "out")
    assert len(got) == 3
    labels = [row["label"] for row in got.boxes.to_pylist() if not row["ignore"]]
    assert labels == ["Pedestrian", "Truck", "Car", "Cyclist", "Misc", "Car"]
