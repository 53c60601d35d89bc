"""Doctor: every finding from real files, and nothing where nothing is wrong."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from otherlight.cli.app import app
from otherlight.datasets import Diagnosis, Finding, ImportConfig, examine, import_set
from otherlight.datasets.findings import GRADES, RULES, Subject, ranked
from otherlight.datasets.label_checks import look_at_labels
from otherlight.datasets.overlaps import side_of
from otherlight.images.files import encode
from otherlight.sets import ImageSet, build_set, write_set

from .sources import SHARED, coco, paint, yolo

BOX = {"label": "car", "left": 10.0, "top": 5.0, "right": 30.0, "bottom": 20.0}


def scene(seed: int, shift: int = 0, moved: int = 0) -> np.ndarray:
    """A picture with corners enough to lay another over it.

    ``shift`` drives on: what is near passes faster. ``moved`` is how far one thing has gone.
    """
    rng = np.random.default_rng(seed)
    wide = cv2.resize(rng.integers(0, 256, (24, 48, 3), dtype=np.uint8), (480, 240))
    for _ in range(60):
        x, y = (int(v) for v in rng.integers(0, (460, 220)))
        width, height = (int(v) for v in rng.integers(6, 40, 2))
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        cv2.rectangle(wide, (x, y), (x + width, y + height), colour, -1)
    for left, colour in ((120, (250, 250, 250)), (300, (0, 0, 200))):
        left += moved - shift
        cv2.rectangle(wide, (left, 80), (left + 12, 94), colour, -1)
    return np.ascontiguousarray(wide[20:200, shift : shift + 320])


def a_set(
    root: Path, pictures: dict[str, np.ndarray], rows: Sequence[dict[str, Any]] = ()
) -> ImageSet:
    for name, pixels in pictures.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(encode(pixels, Path(name).suffix))
    about = {row["image"]: row for row in rows}
    images = [{"image": name, **about.get(name, {})} for name in pictures]
    return write_set(build_set(root.name, ["car"], images, [], root=root), root)


def found(*sets: ImageSet) -> dict[str, Finding]:
    diagnosis = examine({images.name: images for images in sets})
    return {finding.rule: finding for finding in diagnosis.findings}


def imported(root: Path, labels: Mapping[str, str | None], **config: Any) -> ImageSet:
    classes = config.pop("classes", "car\nperson\n")
    yolo(root / "in", labels, classes=classes)
    return import_set("yolo", root / "in", root / "out", config=ImportConfig(**config))


def test_nothing_is_found_where_nothing_is_wrong(tmp_path: Path):
    labels = {"a.jpg": "0 .5 .5 .2 .4\n", "b.jpg": "1 .5 .5 .2 .4\n"}
    assert found(imported(tmp_path, labels)) == {}


def test_missing_and_unreadable_files(tmp_path: Path):
    images = a_set(tmp_path / "s", {f"{n}.jpg": scene(n) for n in range(4)})
    (tmp_path / "s/1.jpg").unlink()
    torn = tmp_path / "s/2.jpg"
    torn.write_bytes(torn.read_bytes()[:3000])
    got = found(images)
    assert set(got) == {"missing file", "unreadable file"}
    assert got["missing file"].grade == got["unreadable file"].grade == "error"
    assert got["missing file"].example.startswith("there is no ")
    assert "must decode to its last row" in got["unreadable file"].example
    assert got["missing file"].mend == (
        "otherlight select s --to s-mended --where \"image NOT IN ('1.jpg')\""
    )


def test_a_set_without_any_file_is_brought_back(tmp_path: Path):
    images = a_set(tmp_path / "s", {"1.jpg": scene(1)})
    (tmp_path / "s/1.jpg").unlink()
    assert found(images)["missing file"].mend.startswith("Bring the files back")


def test_files_of_another_size_and_other_bytes(tmp_path: Path):
    images = imported(tmp_path, {"a.jpg": "0 .5 .5 .2 .4\n", "b.jpg": "1 .5 .5 .2 .4\n"})
    paint(tmp_path / "in/images/a.jpg", 50, 25)
    paint(tmp_path / "in/images/b.jpg", seed=9)
    got = found(images)
    assert got["image size"].grade == "error"
    assert got["image size"].example == "a.jpg is 50x25, not 100x50"
    assert (got["file changed"].count, got["file changed"].grade) == (1, "warning")
    assert "b.jpg has other bytes" in got["file changed"].example


def by_hand(**edges: float) -> ImageSet:
    """A set that something else than this project wrote: nothing checked its boxes."""
    image = {"image": "a.jpg", "width": 100, "height": 50}
    images = build_set("s", ["car"], [image], [{"image": "a.jpg", "box": 0, **BOX}], root=Path())
    boxes = images.boxes
    for name, value in edges.items():
        index = boxes.column_names.index(name)
        column = pa.array([value], boxes.schema.field(name).type)
        boxes = boxes.set_column(index, boxes.schema.field(name), column)
    return ImageSet(name="s", classes=("car",), images=images.images, boxes=boxes, root=images.root)


@pytest.mark.parametrize(
    ("edges", "rule", "grade"),
    [
        ({"right": 10.0}, "degenerate box", "error"),
        ({"left": float("nan")}, "degenerate box", "error"),
        ({"right": 140.0}, "box outside", "warning"),
        ({"top": -3.0}, "box outside", "warning"),
        ({"right": 12.0}, "tiny box", "note"),
        ({"occlusion": 1.5}, "unknown value", "warning"),
        ({"occlusion_level": 3}, "unknown value", "warning"),
        ({"truncation": -0.5}, "unknown value", "warning"),
    ],
)
def test_boxes_that_are_wrong(edges: dict[str, float], rule: str, grade: str):
    findings = look_at_labels(Subject("s", by_hand(**edges)))
    assert [(f.rule, f.grade, f.count) for f in findings] == [(rule, grade, 1)]
    assert "box 0 of a.jpg, car at (" in findings[0].example
    assert findings[0].mend.startswith("otherlight select s --to s-mended --where-boxes ")


@pytest.mark.parametrize("edges", [{"right": 10.0}, {"right": 140.0}, {"right": 12.0}])
def test_what_mends_boxes_mends_them(edges: dict[str, float]):
    images = by_hand(**edges)
    (finding,) = look_at_labels(Subject("s", images))
    expression = finding.mend.split("--where-boxes ")[1].strip("'")
    mended = images.where(boxes=expression)
    assert mended.boxes.num_rows == 0
    assert by_hand().where(boxes=expression).boxes.num_rows == 1


def test_objects_labelled_twice(tmp_path: Path):
    line = "0 .5 .5 .2 .4\n"
    images = imported(tmp_path, {"a.jpg": line + line + "1 .5 .5 .2 .4\n"})
    got = found(images)
    assert set(got) == {"duplicate box", "coinciding boxes"}
    assert got["duplicate box"].mend.endswith("--where-boxes \"NOT (image = 'a.jpg' AND box = 1)\"")
    mended = images.where(boxes="NOT (image = 'a.jpg' AND box = 1)")
    assert [f.rule for f in look_at_labels(Subject("s", mended))] == ["coinciding boxes"]
    assert got["coinciding boxes"].mend.endswith("coinciding=one")


def test_ids_that_start_at_one(tmp_path: Path):
    names = "__background__\ncar\nperson\n"
    got = found(imported(tmp_path, {"a.jpg": "1 .5 .5 .2 .4\n2 .2 .5 .1 .1\n"}, classes=names))
    finding = got["class base"]
    assert (finding.grade, finding.count) == ("warning", 2)
    assert finding.what == "id 0 (__background__) never occurs in 2 boxes"
    assert finding.mend.startswith(f"otherlight import yolo {tmp_path / 'in'} --to NEW")
    assert finding.mend.endswith("class_base=1")
    assert got["empty class"].example == "__background__"


def test_a_format_that_names_its_classes_has_no_base(tmp_path: Path):
    box = {"id": 1, "image_id": 3, "category_id": 9, "bbox": [10, 5, 20, 15], "iscrowd": 0}
    source = coco(tmp_path / "in", annotations=[box])
    got = found(import_set("coco", source, tmp_path / "out"))
    assert set(got) == {"empty class"}
    assert got["empty class"].grade == "note"


def test_what_the_import_left_out(tmp_path: Path):
    root = tmp_path / "in"
    yolo(root, {"a.jpg": "0 .5 .5 .2 .4\n1 .5 .5 0 .4\n1 .2 .2 .1 .1\n"})
    (root / "labels/gone.txt").write_text("0 .5 .5 .2 .4\n")
    got = examine({"s": import_set("yolo", root, tmp_path / "out")}).findings
    assert {f.what for f in got} == {"1 x label file without image", "1 x box without area"}
    assert {(f.rule, f.grade) for f in got} == {("labels left out", "warning")}
    assert any(f.example.endswith("gone.txt") for f in got)


def test_images_that_differ_by_their_ending(tmp_path: Path):
    got = found(a_set(tmp_path / "s", {"x/a.jpg": scene(1), "x/a.png": scene(2)}))
    assert got["same but ending"].example == "x/a.jpg and x/a.png"
    assert got["same but ending"].grade == "warning"


def test_words_outside_the_known_ones(tmp_path: Path):
    rows = [{"image": "a.jpg", "timeofday": "noon"}, {"image": "b.jpg", "weather": "hail"}]
    images = a_set(tmp_path / "s", {"a.jpg": scene(1), "b.jpg": scene(2)}, rows)
    findings = examine({"s": images}).findings
    assert [f.example for f in findings] == ["a.jpg: timeofday 'noon'", "b.jpg: weather 'hail'"]


def test_images_of_another_shape(tmp_path: Path):
    images = imported(tmp_path, {f"{n}.jpg": "0 .5 .5 .2 .4\n1 .2 .2 .1 .1\n" for n in range(3)})
    paint(tmp_path / "in/images/9.jpg", 50, 100, seed=9)
    again = import_set("yolo", tmp_path / "in", tmp_path / "again")
    assert "mixed shapes" not in found(images)
    assert found(again)["mixed shapes"].example == "9.jpg is 0.50 wide to high, the median 2.00"


def both(tmp_path: Path, first: np.ndarray, second: np.ndarray, **rows: Any) -> dict[str, Finding]:
    """What is found between a training and a test image of two sets."""
    train = a_set(tmp_path / "train", {"p.png": first}, [{"image": "p.png", "split": "train"}])
    test = {"image": "q.png", "split": "test", **rows}
    return found(train, a_set(tmp_path / "test", {"q.png": second}, [test]))


WAYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "resized": lambda image: cv2.resize(image, (200, 112), interpolation=cv2.INTER_AREA),
    "brighter": lambda image: (image * 1.25).clip(0, 255).astype(np.uint8),
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
    "cropped": lambda image: np.ascontiguousarray(image[:171, 16:]),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_on_both_sides_is_an_error(way: str, tmp_path: Path):
    got = both(tmp_path, WAYS[way](scene(1)), scene(1))
    finding = got["near duplicate"]
    assert (finding.grade, finding.sets, finding.count) == ("error", ("train", "test"), 1)
    assert finding.pairs[0].mirrored == (way == "mirrored")
    assert finding.mend.endswith("--where \"image NOT IN ('p.png')\"")


def test_a_file_on_both_sides_is_an_error(tmp_path: Path):
    got = both(tmp_path, scene(1), scene(1))
    assert {rule: f.grade for rule, f in got.items()} == {"same file": "error"}


def test_a_translation_of_a_test_image_is_an_error_and_of_a_training_image_is_none(tmp_path: Path):
    from otherlight.records.files import sha256_of

    test = a_set(tmp_path / "t", {"q.png": scene(1)}, [{"image": "q.png", "split": "test"}])
    row = {"image": "n.png", "parent_sha256": sha256_of(tmp_path / "t/q.png"), "split": "train"}
    night = a_set(tmp_path / "n", {"n.png": scene(2)}, [row])
    assert {rule: f.grade for rule, f in found(test, night).items()} == {"translated": "error"}
    day = a_set(tmp_path / "d", {"q.png": scene(1)}, [{"image": "q.png", "split": "pool"}])
    assert found(day, night) == {}


def test_one_view_at_two_times_is_a_note(tmp_path: Path):
    got = both(tmp_path, scene(1), scene(1, moved=30))
    assert {rule: f.grade for rule, f in got.items()} == {"same view": "note"}


def test_a_camera_that_stands_takes_one_picture_twice(tmp_path: Path):
    noisy = scene(1) + np.random.default_rng(0).integers(0, 40, (180, 320, 3))
    second = noisy.clip(0, 255).astype(np.uint8)
    place = {"place": "cam01"}
    one = a_set(
        tmp_path / "a", {"p.png": scene(1)}, [{"image": "p.png", "split": "train", **place}]
    )
    two = a_set(tmp_path / "b", {"q.png": second}, [{"image": "q.png", "split": "test", **place}])
    assert {rule: f.grade for rule, f in found(one, two).items()} == {"same view": "note"}
    bare = a_set(tmp_path / "c", {"q.png": second}, [{"image": "q.png", "split": "test"}])
    assert {rule: f.grade for rule, f in found(one, bare).items()} == {"near duplicate": "error"}
    small = {"q.png": WAYS["resized"](scene(1))}
    copy = a_set(tmp_path / "d", small, [{"image": "q.png", "split": "test", **place}])
    assert {rule: f.grade for rule, f in found(one, copy).items()} == {"near duplicate": "error"}


def test_a_moving_camera_shows_one_scene(tmp_path: Path):
    got = both(tmp_path, scene(1), scene(1, shift=6))
    assert {rule: f.grade for rule, f in got.items()} == {"same scene": "warning"}


def drive(root: Path, splits: str, **columns: Any) -> ImageSet:
    """Frames 20 apart of one drive; ``splits`` has a letter for each."""
    words = {"a": "train", "o": "test", " ": None}
    names = [f"f{20 * n:04d}.png" for n in range(len(splits))]
    rows = [
        {"image": name, "split": words[split], **columns}
        for name, split in zip(names, splits, strict=True)
    ]
    return a_set(root, {n: scene(5, shift=15 * i) for i, n in enumerate(names)}, rows)


def test_adjacent_frames_on_both_sides_are_an_error(tmp_path: Path):
    got = found(drive(tmp_path / "s", "aaoo"))
    assert (got["adjacent frames"].grade, got["adjacent frames"].count) == ("error", 1)
    pair = got["adjacent frames"].pairs[0]
    assert (pair.image, pair.other_image) == ("f0020.png", "f0040.png")
    assert "splits={train: 0.8, val: 0.1, test: 0.1}" in got["adjacent frames"].mend
    assert got["ungrouped"].count == 2


def test_an_import_is_made_again_with_sequences(tmp_path: Path):
    for name, shift in (("f20.png", 0), ("f40.png", 15)):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(encode(scene(5, shift=shift), ".png"))
    finding = found(import_set("folder", tmp_path / "in", tmp_path / "out"))["ungrouped"]
    again = f"otherlight import folder {tmp_path / 'in'} --to NEW sequence_gap=100"
    assert finding.mend == f"{again} (or sequence=folder)"
    config = ImportConfig(sequence_gap=100)
    assert found(import_set("folder", tmp_path / "in", tmp_path / "2", config=config)) == {}


def test_numbers_that_adjoin_prove_nothing_alone(tmp_path: Path):
    rows = [{"image": "1.png", "split": "train"}, {"image": "2.png", "split": "test"}]
    assert found(a_set(tmp_path / "s", {"1.png": scene(1), "2.png": scene(2)}, rows)) == {}


def test_frames_of_one_named_drive_are_left_alone_on_one_side(tmp_path: Path):
    assert found(drive(tmp_path / "s", "aaaa", sequence="d")) == {}


def test_a_drive_on_both_sides_is_an_error(tmp_path: Path):
    got = found(drive(tmp_path / "s", "aaoo", sequence="d"))
    assert got["same sequence"].grade == "error"
    assert got["same sequence"].what == "1 drive on both sides: learnt and test"
    assert got["same sequence"].mend.endswith("split_by=group")


def test_a_split_by_frame_is_a_warning_where_it_was_asked_for(tmp_path: Path):
    drive(tmp_path / "s", "aaoo", sequence="d")
    header = json.loads((tmp_path / "s/set.json").read_text())
    header["made_by"] = {"command": "select", "config": {"split_by": "image"}}
    (tmp_path / "s/set.json").write_text(json.dumps(header))
    from otherlight.sets import read_set

    got = examine({"s": read_set(tmp_path / "s")}).findings
    assert {(f.rule, f.grade) for f in got if f.grade != "note"} == {
        ("split cut by frame", "warning")
    }


def test_repetitions_within_a_side_are_a_warning(tmp_path: Path):
    pictures = {"a.png": scene(1), "b.png": scene(1), "c.jpg": scene(1)}
    got = found(a_set(tmp_path / "s", pictures))
    assert {rule: f.grade for rule, f in got.items()} == {
        "same file": "warning", "near duplicate": "warning",
    }  # fmt: skip
    assert got["near duplicate"].mend.endswith("--where \"image NOT IN ('c.jpg')\"")


def test_a_thousand_copies_are_not_half_a_million_pairs(tmp_path: Path):
    pictures = {f"{n:03}.png": scene(1) for n in range(60)}
    rows = [{"image": f"{n:03}.png", "split": "test"} for n in range(50, 60)]
    findings = examine({"s": a_set(tmp_path / "s", pictures, rows)}).findings
    counts = {(f.rule, f.grade): f.count for f in findings}
    assert counts["same file", "error"] == 10
    assert counts["same file", "warning"] == 49 + 9


def test_the_worst_comes_first():
    def finding(rule: str, grade: Any, count: int) -> Finding:
        return Finding(
            rule=rule, grade=grade, sets=("s",), count=count, what="", example="", mend=""
        )

    order = [("same file", "error", 1), ("image size", "error", 9), ("same file", "warning", 5),
             ("tiny box", "note", 9), ("tiny box", "note", 2)]  # fmt: skip
    mixed = [finding(*order[n]) for n in (3, 1, 4, 2, 0)]
    assert [(f.rule, f.grade, f.count) for f in ranked(mixed)] == order


def test_sides():
    assert side_of("train", "a") == side_of("pool", "b") != side_of("val", "a")
    assert side_of("val", "a") != side_of("test", "a")
    assert side_of(None, "a") != side_of(None, "b")


def test_the_command_answers_in_json_and_writes_a_page(tmp_path: Path):
    both(tmp_path, scene(1), WAYS["cropped"](scene(1)))
    page = tmp_path / "page.html"
    words = ["doctor", str(tmp_path / "train"), str(tmp_path / "test"), "--html", str(page)]
    answer = CliRunner().invoke(app, [*words, "--json"])
    assert answer.exit_code == 1
    told = json.loads(answer.stdout)
    assert told["errors"] == 1
    assert told["findings"][0]["rule"] == "near duplicate"
    assert told["findings"][0]["pairs"][0]["other_image"] == "q.png"
    assert "1 finding of that grade came" in answer.stderr
    text = page.read_text()
    assert text.count('<img alt="') == 2
    assert "http" not in text
    shutil.rmtree(tmp_path / "train")


def test_the_command_says_it_in_words_and_ends_well_without_errors(tmp_path: Path):
    a_set(tmp_path / "s", {"a.png": scene(1), "c.jpg": scene(1)})
    answer = CliRunner().invoke(app, ["doctor", str(tmp_path / "s")])
    assert answer.exit_code == 0
    assert "warning: near duplicate in " in answer.stdout
    assert "such as a.png and c.jpg (" in answer.stdout
    empty = CliRunner().invoke(app, ["doctor", str(tmp_path)])
    assert empty.exit_code == 1
    assert "otherlight import FORMAT" in empty.stderr


def test_every_rule_has_words_and_every_grade_an_order():
    diagnosis = Diagnosis(sets={}, findings=[])
    assert diagnosis.errors == 0
    assert GRADES == ("error", "warning", "note")
    assert all(about for about in RULES.values())


@pytest.mark.skipif(not SHARED.exists(), reason="no real images beside this checkout")
def test_real_fog_holds_repetitions(tmp_path: Path):
    fog = SHARED / "dawn_fog"
    images = import_set("voc", fog / "voc", tmp_path / "out", images=fog / "images")
    keep = {"haze-072.jpg", "haze-090.jpg", "haze-142.jpg", "foggy-085.jpg", "haze-082.jpg",
            "haze-001.jpg", "mist-122.jpg", "foggy-001.jpg"}  # fmt: skip
    some = images.take(np.array([name in keep for name in images.names()]))
    got = found(some)
    assert got["same file"].count == 2
    assert [(p.image, p.other_image) for p in got["near duplicate"].pairs] == [
        ("foggy-085.jpg", "haze-082.jpg")
    ]
