"""BDD100K's tracking form: a folder of JSON files, one a video."""

from pathlib import Path
from typing import Any

import pytest

from otherlight.datasets import ImportConfig, import_set
from otherlight.errors import DatasetError
from otherlight.sets import ImageSet

from .sources import SHARED, as_json, paint

BOX = {"x1": 10, "y1": 5, "x2": 30, "y2": 20}
DRIVE, OTHER = "b1c66a42-6f7d68ca", "b1c66a42-00000001"


def video(name: str, frames: int = 2, **changes: Any) -> list[dict[str, Any]]:
    """The frames of one video as box_track_20 has them: files count from 1, frames from 0."""
    car = {"id": "00091", "category": "car", "box2d": BOX,
           "attributes": {"occluded": True, "truncated": False, "crowd": False}}  # fmt: skip
    return [
        {"name": f"{name}-{n + 1:07d}.jpg", "videoName": name, "frameIndex": n,
         "labels": [{**car, "id": "00091"}, {**car, "id": f"t{n}", "category": "rider"}]} | changes
        for n in range(frames)
    ]  # fmt: skip


def official(root: Path) -> Path:
    """labels/box_track_20/train/<video>.json and images/track/train/<video>/<name>.jpg."""
    for split, drive in (("train", DRIVE), ("val", OTHER)):
        frames = video(drive)
        as_json(root / "labels/box_track_20" / split / f"{drive}.json", frames)
        for frame in frames:
            paint(root / "images/track" / split / drive / frame["name"])
    return root / "labels/box_track_20"


def test_a_split_of_videos(tmp_path: Path):
    got = import_set("bdd100k", official(tmp_path) / "train", tmp_path / "out")
    assert got.names() == [f"{DRIVE}/{DRIVE}-000000{n}.jpg" for n in (1, 2)]
    assert got.column("sequence") == [DRIVE] * 2
    assert got.column("group") == ["b1c66a42"] * 2
    assert got.column("frame") == [0, 1]
    assert got.column("time_s") == [0.0, 0.2]
    assert got.column("width") == [100] * 2
    assert got.boxes["track"].to_pylist() == ["00091", "t0", "00091", "t1"]
    assert got.boxes["label"].to_pylist() == ["car", "rider"] * 2
    assert got.boxes["occlusion_level"].to_pylist() == [1] * 4
    assert dict(got.column("attributes")[0])["origin"] == "bdd100k"
    assert got.counts["dropped"] == {}


def test_all_splits_at_once(tmp_path: Path):
    got = import_set("bdd100k", official(tmp_path), tmp_path / "out")
    assert got.names()[0] == f"train/{DRIVE}/{DRIVE}-0000001.jpg"
    assert got.column("split") == ["train", "train", "val", "val"]
    assert len(set(got.column("sequence"))) == 2
    assert set(got.column("group")) == {"b1c66a42"}


@pytest.mark.parametrize("split", ["", "train"])
def test_keys_are_the_same_without_pixels(split: str, tmp_path: Path):
    source = official(tmp_path) / split
    with_pixels = import_set("bdd100k", source, tmp_path / "out")
    without = import_set("bdd100k", source, tmp_path / "o", config=ImportConfig(pixels=False))
    assert without.names() == with_pixels.names()
    assert without.boxes.equals(with_pixels.boxes)


def test_one_video_alone_and_images_beside_one_another(tmp_path: Path):
    source = as_json(tmp_path / "in" / f"{DRIVE}.json", video(DRIVE, 3))
    for frame in video(DRIVE, 3):
        paint(tmp_path / "flat" / frame["name"])
        paint(tmp_path / "deep" / DRIVE / frame["name"])
    flat = import_set("bdd100k", source, tmp_path / "a", images=tmp_path / "flat")
    assert flat.names()[0] == f"{DRIVE}-0000001.jpg"
    deep = import_set("bdd100k", source, tmp_path / "b", images=tmp_path / "deep")
    assert deep.names()[0] == f"{DRIVE}/{DRIVE}-0000001.jpg"
    folder = import_set("bdd100k", source.parent, tmp_path / "c", images=tmp_path / "deep")
    assert folder.hash == deep.hash


def test_the_first_release_spells_otherwise(tmp_path: Path):
    label = {"id": "7", "category": "pedestrian", "box2d": BOX,
             "attributes": {"Crowd": True, "Occluded": False, "Truncated": False}}  # fmt: skip
    frames: list[dict[str, Any]] = [
        {"name": f"{DRIVE}-0000004.jpg", "videoName": DRIVE, "index": 3, "labels": [label]}
    ]
    as_json(tmp_path / "box-track" / f"{DRIVE}.json", frames)
    as_json(tmp_path / "box-track" / f"{OTHER}.json", [])
    options = ImportConfig(pixels=False)
    got = import_set("bdd100k", tmp_path / "box-track", tmp_path / "out", config=options)
    assert (got.column("frame"), got.column("time_s")) == ([3], [0.6])
    row = got.boxes.to_pylist()[0]
    assert (row["ignore"], row["occlusion_level"], row["track"]) == (True, 0, "7")


def test_videos_of_other_collections_have_no_known_rate(tmp_path: Path):
    frames = video("drive7")
    as_json(tmp_path / "in" / "drive7.json", frames)
    got = import_set("bdd100k", tmp_path / "in", tmp_path / "o", config=ImportConfig(pixels=False))
    assert (got.column("frame"), got.column("time_s")) == ([0, 1], [None, None])


def importing(folder: Path, tmp_path: Path) -> ImageSet:
    return import_set("bdd100k", folder, tmp_path / "o", config=ImportConfig(pixels=False))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.json": [{"name": "a.jpg"}], "b.json": []}, r"Expected one JSON file .* there are 2"),
        ({"a.json": video("../../x")}, r"inside the folder.*'\.\./\.\./x/\.\./\.\./x-0000001\.jpg'|"
                                       r"inside the folder.*came in .*a\.json"),
        ({"a.json": video("v"), "b.json": [5]}, r"Expected a JSON object; '5' came in .*b\.json"),
        ({"a.json": video("v") * 2}, r"keys must be unique; 'v/v-0000001\.jpg' occurs 2 times"),
        ({"a.json": video("v", labels=[{"id": 1, "category": "car", "box2d": {"x1": "1"}}])},
         r"x1 must be numbers; '1' came in .*a\.json, frame v-0000001\.jpg, label 1"),
    ],
)  # fmt: skip
def test_a_fault_in_a_folder_of_videos_is_one_sentence(
    files: dict[str, Any], message: str, tmp_path: Path
):
    for name, frames in files.items():
        as_json(tmp_path / "in" / name, frames)
    with pytest.raises(DatasetError, match=message):
        importing(tmp_path / "in", tmp_path)
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("hostile", ["/etc", "..", "a/../../b", "x" * 5000, "nul\0", "{name}"])
def test_a_hostile_name_of_a_video_leads_nowhere(hostile: str, tmp_path: Path):
    frames = [frame | {"name": "a.jpg", "videoName": hostile} for frame in video("v", 1)]
    as_json(tmp_path / "in" / "v.json", frames)
    paint(tmp_path / "images" / "b.jpg")
    with pytest.raises(DatasetError):
        import_set("bdd100k", tmp_path / "in", tmp_path / "o", images=tmp_path / "images")
    try:
        names = importing(tmp_path / "in", tmp_path).names()
    except DatasetError:
        return
    assert names == [f"{hostile}/a.jpg"]


OFFICIAL = "formats/bdd100k/tests/label/testcases"


@pytest.mark.skipif(not SHARED.exists(), reason="no real images beside this checkout")
@pytest.mark.parametrize(
    ("file", "images", "boxes", "dropped"),
    [
        ("example_annotation.json", 1, 0, {"label without box2d: 'car'": 4}),
        ("example_ignore_annotation.json", 2, 1, {"unknown category 'other person'": 1}),
        ("panseg_bdd100k/panseg_bdd100k.json", 1, 0, 76),
        ("to_rle/test-rle.json", 1, 0, 11),
    ],
)
def test_scalabels_own_cases(
    file: str, images: int, boxes: int, dropped: dict[str, int] | int, tmp_path: Path
):
    got = importing(SHARED / OFFICIAL / file, tmp_path)
    assert (len(got), got.boxes.num_rows) == (images, boxes)
    rules = got.counts["dropped"]
    assert dropped in (rules, sum(rules.values()))


@pytest.mark.skipif(not SHARED.exists(), reason="no real images beside this checkout")
def test_a_file_of_scores_is_refused(tmp_path: Path):
    with pytest.raises(DatasetError, match=r"category must be text; .*frame 0\.jpg, label 1"):
        importing(SHARED / OFFICIAL / "to_rle/ins_seg/scores.json", tmp_path)
