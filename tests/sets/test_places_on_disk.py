"""Files of a set: named relative to it where they lie inside, links followed."""

from pathlib import Path

import pytest

from otherlight.sets.places_on_disk import RealPaths, place_files


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "root"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "x.jpg").touch()
    (root / "link").symlink_to(root / "a")
    (root / "a" / "up").symlink_to("../link/b")
    (root / "x.jpg").symlink_to("a/b/x.jpg")
    (root / "loop").symlink_to("loop")
    return root


@pytest.mark.parametrize(
    "file",
    [
        "a/b/x.jpg", "link/b/x.jpg", "link/up/x.jpg", "x.jpg", "gone/y.jpg", "link/../x.jpg",
        "./a//b/./x.jpg", "a/.hidden/x.jpg", "link", "link/gone", "a b/ü.jpg",
    ],
)  # fmt: skip
def test_paths_are_those_that_pathlib_finds(file: str, tree: Path):
    real = RealPaths()
    for _ in range(2):
        assert real.of(f"{tree}/{file}") == str((tree / file).resolve())


def test_links_in_a_ring_end(tree: Path):
    assert RealPaths().of(f"{tree}/loop/x.jpg").endswith("loop/x.jpg")


def test_files_inside_are_relative_and_others_absolute(tree: Path):
    files = ["b/x.jpg", None, "../x.jpg", f"{tree}/link/b/x.jpg", "../other.jpg", "../../z.jpg"]
    inside = "b/x.jpg"
    assert place_files(files, tree / "a", tree / "a") == [
        inside, None, inside, inside, f"{tree}/other.jpg", f"{tree.parent}/z.jpg",
    ]  # fmt: skip
