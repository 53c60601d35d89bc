"""Virtual KITTI 2: classes of each scene's own table, and drives that are one group."""

from pathlib import Path

import pytest

from otherlight.datasets import ImportConfig, import_set
from otherlight.errors import DatasetError

from .sources import paint

HEAD = (
    "frame cameraID trackID left right top bottom number_pixels truncation_ratio occupancy_ratio "
    "isMoving\n"
)
INFO = "trackID label model color\n"
POSE = "frame cameraID trackID alpha camera_space_Z\n"


def variant(root: Path, name: str, boxes: str, info: str, pose: str | None = None) -> Path:
    folder = root / name
    for frame in (0, 1):
        for camera in (0, 1):
            rgb = folder / "frames" / "rgb" / f"Camera_{camera}"
            paint(rgb / f"rgb_{frame:05d}.jpg", seed=frame + 2 * camera)
    (folder / "bbox.txt").write_text(HEAD + boxes)
    (folder / "info.txt").write_text(INFO + info)
    if pose is not None:
        (folder / "pose.txt").write_text(POSE + pose)
    return folder


def source(root: Path) -> Path:
    variant(root, "Scene01/clone", "0 0 3 10 29 5 19 300 0.25 0.6 True\n1 1 3 10 29 5 19 0 0 0 "
            "False\n", "3 Car Hatchback Blue\n", "0 0 3 -1.5 12.5\n")  # fmt: skip
    variant(root, "Scene02/fog", "0 0 3 10 29 5 19 300 0 1 False\n0 0 9 1 2 1 2 4 0 1 True\n",
            "3 Van Multi White\n")  # fmt: skip
    return root


def test_a_class_is_that_of_its_own_scene(tmp_path: Path):
    got = import_set("vkitti2", source(tmp_path / "in"), tmp_path / "out")
    assert len(got) == 8
    car, hidden, van = got.boxes.to_pylist()
    assert (car["label"], van["label"]) == ("Car", "Van")
    # From pixel 10 to pixel 29, both inside.
    assert (car["left"], car["right"], car["top"], car["bottom"]) == (10, 30, 5, 20)
    assert car["occlusion"] == pytest.approx(0.4)
    assert (car["occlusion_level"], car["truncation"], car["pixels"]) == (1, 0.25, 300)
    assert (car["depth_m"], car["track"], van["depth_m"]) == (12.5, "3", None)
    assert (hidden["ignore"], hidden["ignore_reason"]) == (True, "hidden")
    assert hidden["image"].endswith("Camera_1/rgb_00001.jpg")
    assert got.counts["dropped"] == {"track without class in its info.txt": 1}


def test_variants_of_a_scene_are_one_group_and_tell_their_light(tmp_path: Path):
    root = source(tmp_path / "in")
    variant(root, "Scene01/sunset", "", "")
    got = import_set("vkitti2", root, tmp_path / "out")
    assert set(got.column("group")) == {"Scene01", "Scene02"}
    light = {row: (time, weather) for row, time, weather in zip(
        got.column("sequence"), got.column("timeofday"), got.column("weather"), strict=True
    )}  # fmt: skip
    assert light["Scene01/sunset/Camera_1"] == ("twilight", "clear")
    assert light["Scene02/fog/Camera_0"] == ("day", "fog")
    assert got.column("labelled") == [True] * 12


def test_images_elsewhere_missing_images_and_no_images(tmp_path: Path):
    root = source(tmp_path / "in")
    (root / "Scene01/clone/frames/rgb/Camera_0/rgb_00000.jpg").unlink()
    got = import_set("vkitti2", root, tmp_path / "out", images=root)
    assert got.counts["dropped"]["labels without image file"] == 1
    alone = import_set("vkitti2", root, tmp_path / "b", config=ImportConfig(pixels=False))
    assert [row["label"] for row in alone.boxes.to_pylist()] == ["Car", "Car", "Van"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("bbox.txt", "frame left\n", "must begin with a header that names .*; cameraID"),
        ("bbox.txt", HEAD + "0 0\n", "must have the header's 11 words; line 2 has 2"),
        ("bbox.txt", HEAD + "x 0 3 1 2 1 2 4 0 1 True\n", "frame must be a number; 'x' came"),
        ("bbox.txt", HEAD + "0 0 3 1 nan 1 2 4 0 1 True\n", "right must be a finite number"),
        ("bbox.txt", HEAD + "0 -1 3 1 2 1 2 4 0 1 True\n", "cameraID must count from 0"),
        ("info.txt", "", "must begin with a header that names trackID, label"),
    ],
)
def test_bad_tables_are_refused_in_a_sentence(name: str, text: str, message: str, tmp_path: Path):
    root = source(tmp_path / "in")
    (root / "Scene01" / "clone" / name).write_text(text)
    with pytest.raises(DatasetError, match=message):
        import_set("vkitti2", root, tmp_path / "out")


def test_texts_that_are_not_there(tmp_path: Path):
    with pytest.raises(DatasetError, match=r"Expected bbox.txt in folders such as"):
        import_set("vkitti2", tmp_path, tmp_path / "out")
    root = source(tmp_path / "in")
    (root / "Scene01" / "clone" / "info.txt").unlink()
    with pytest.raises(DatasetError, match=r"Beside bbox.txt there must be .*info.txt"):
        import_set("vkitti2", root, tmp_path / "out")


@pytest.mark.parametrize(
    "masks",
    ["gone", "empty", "x" * 5000, "a\0b"],
    ids=["gone", "empty", "long", "nul"],
)
def test_masks_that_are_not_there_are_told(masks: str, tmp_path: Path):
    root = source(tmp_path / "in")
    (tmp_path / "empty").mkdir()
    config = ImportConfig(masks=str(tmp_path / masks))
    with pytest.raises(DatasetError, match="masks must name a folder that holds PNG files"):
        import_set("vkitti2", root, tmp_path / "out", config=config)
