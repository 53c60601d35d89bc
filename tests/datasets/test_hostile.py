"""Sources that mean harm, one by one: circles of links, pipes, bombs, names that are none."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from otherlight.datasets import ImportConfig, import_set
from otherlight.datasets.listing import list_files, read_text
from otherlight.errors import DatasetError, ImageError
from otherlight.images.files import read_header

from .fuzzing.deadline import soon
from .fuzzing.hostile import png_header
from .fuzzing.seeds import bdd100k_2018, coco_file, folder, video, voc, yolo_splits
from .sources import paint


def test_a_circle_of_links_is_walked_once_and_linked_folders_are_followed(tmp_path: Path):
    for name in ("a/1.jpg", "a/b/2.jpg", "c/3.jpg"):
        paint(tmp_path / "in" / name, 16, 12)
    paint(tmp_path / "far" / "4.jpg", 16, 12)
    (tmp_path / "in" / "a" / "b" / "up").symlink_to("..")
    (tmp_path / "in" / "self").symlink_to(".")
    (tmp_path / "in" / "far").symlink_to(tmp_path / "far")
    (tmp_path / "far" / "back").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "c" / "other").symlink_to("../a")
    found = list_files(tmp_path / "in", (".jpg",))
    assert found == ["a/1.jpg", "a/b/2.jpg", "c/3.jpg", "c/other/1.jpg", "c/other/b/2.jpg",
                     "far/4.jpg"]  # fmt: skip


@pytest.mark.parametrize("target", ["../..", "/", "/proc/self/root"])
def test_a_link_above_the_folder_is_refused(target: str, tmp_path: Path):
    (folder(tmp_path / "in") / "deep" / "link").symlink_to(target)
    with pytest.raises(DatasetError, match="must not lead to a folder above"):
        import_set("folder", tmp_path / "in", tmp_path / "out")


def test_folders_that_link_to_one_another_are_refused_soon(tmp_path: Path):
    for one in range(8):
        (tmp_path / str(one)).mkdir()
        for other in range(8):
            (tmp_path / str(one) / f"to_{other}").symlink_to(tmp_path / str(other))
    with soon(10), pytest.raises(DatasetError, match="may be linked to 64 times"):
        list_files(tmp_path, (".jpg",))


@pytest.mark.parametrize("target", [None, "/dev/null"])
@pytest.mark.parametrize(
    ("name", "seed", "file"),
    [
        ("folder", folder, "a.jpg"),
        ("voc", voc, "Annotations/a.xml"),
        ("coco", coco_file, "annotations.json"),
        ("yolo", yolo_splits, "more.txt"),
        ("yolo", yolo_splits, "labels/train/a.txt"),
        ("video", video, "drive.avi"),
    ],
)
def test_pipes_and_devices_are_not_waited_for(
    name: str, seed: Callable[[Path], Path], file: str, target: str | None, tmp_path: Path
):
    root = tmp_path / "in"
    root.mkdir()
    seed(root)
    (root / file).unlink()
    if target:
        (root / file).symlink_to(target)
    else:
        os.mkfifo(root / file)
    refused = pytest.raises((DatasetError, ImageError), match=r"must be a file|is none\b")
    with soon(10), refused:
        import_set(name, root, tmp_path / "out")


def test_links_to_nowhere_are_unreadable_images(tmp_path: Path):
    root = folder(tmp_path / "in")
    (root / "gone.jpg").symlink_to("nowhere.jpg")
    with pytest.raises(ImageError, match="gone.jpg; there is no such file"):
        import_set("folder", root, tmp_path / "out")
    got = import_set("folder", root, tmp_path / "out", config=ImportConfig(skip_unreadable=True))
    assert got.counts["dropped"] == {"unreadable image": 1}


def test_a_bomb_is_known_by_its_header(tmp_path: Path):
    path = tmp_path / "a.png"
    path.write_bytes(png_header(60_000, 60_000))
    with pytest.raises(ImageError, match="may have 180 million pixels"):
        read_header(path)


def test_a_name_that_no_file_can_have_is_no_traceback(tmp_path: Path):
    with pytest.raises(DatasetError, match="File name too long"):
        import_set("voc", tmp_path / ("x" * 5000), tmp_path / "out")
    with pytest.raises(DatasetError, match="it is a folder"):
        read_text(tmp_path)


def test_a_word_among_the_frames_of_bdd100k(tmp_path: Path):
    path = bdd100k_2018(tmp_path)
    path.write_text(f'{path.read_text()[:-1]}, "nan"]')
    with pytest.raises(DatasetError, match="Expected a JSON object; 'nan' came"):
        import_set("bdd100k", path, tmp_path / "out")


@pytest.mark.parametrize("place", ["5", "true", "{a: b}", "[[1]]", "9.0e400", "2020-01-01"])
def test_a_place_in_data_yaml_that_is_no_text(place: str, tmp_path: Path):
    root = yolo_splits(tmp_path / "in")
    head = f"train: images/train\nval: {place}\nnames: [car, person]\n"
    (root / "data.yaml").write_text(head)
    got = import_set("yolo", root, tmp_path / "out")
    assert "val of data.yaml names a place that is not there" in got.counts["noted"]


def test_a_path_of_thousands_of_folders(tmp_path: Path):
    listed = tmp_path / "list.txt"
    listed.write_text("x/" * 3000 + "a.jpg\n")
    got = import_set("lists", listed, tmp_path / "out", config=ImportConfig(pixels=False))
    assert got.names() == ["x/" * 3000 + "a.jpg"]


def test_kinds_that_start_other_programs_are_no_images(tmp_path: Path):
    path = tmp_path / "a.png"
    path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EOF\n")
    with pytest.raises(ImageError, match="must be JPEG, PNG, BMP, TIFF or WebP"):
        read_header(path)
