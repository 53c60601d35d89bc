"""Pairs written: layouts come back as they were; any two domains, or pairs side by side."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from otherlight.datasets import ImportConfig, PairsLayout, export_set, import_set, pairs_of
from otherlight.errors import BusyError, DatasetError, PlanError, QueryError
from otherlight.images.files import read_pixels
from otherlight.sets import ImageSet, build_set

from .sources import paint


def laid_out(root: Path, *names: str) -> ImageSet:
    for seed, name in enumerate(names):
        paint(root / "in" / name, seed=seed)
    return import_set("pairs", root / "in", root / "set")


def content(images: ImageSet) -> list[tuple[Any, ...]]:
    """What must come back: keys, bytes, split, domain and pair."""
    columns = (images.names(), images.column("sha256"), images.column("split"))
    words = [tuple(sorted(dict(each).items())) for each in images.column("attributes")]
    return [*zip(*columns, words, strict=True)]


@pytest.mark.parametrize("copy", [False, True])
def test_a_layout_comes_back_as_it_was(copy: bool, tmp_path: Path):
    whole = laid_out(
        tmp_path, "trainA/1_A.jpg", "trainB/1_B.png", "valA/x/2.jpg", "valB/y/2.jpg", "testB/3.png"
    )
    counts = export_set("pairs", whole, tmp_path / "out", copy=copy)
    assert (counts["kept"], counts["dropped"], counts["noted"]) == (5, {}, {})
    assert (tmp_path / "out/trainA/1_A.jpg").is_symlink() is not copy
    back = import_set("pairs", tmp_path / "out", tmp_path / "back")
    assert content(back) == content(whole)
    assert len(pairs_of(back)) == 1


@pytest.mark.parametrize("layout", ["{0}/{1}/{2}", "{1}/{0}/{2}"])
def test_other_layouts_come_back_in_the_common_one(layout: str, tmp_path: Path):
    names = [layout.format(*parts) for parts in (("train", "A", "1.png"), ("test", "B", "1.png"))]
    export_set("pairs", laid_out(tmp_path, *names), tmp_path / "out")
    back = import_set("pairs", tmp_path / "out", tmp_path / "back")
    assert back.names() == ["testB/1.png", "trainA/1.png"]


def test_pairs_side_by_side_come_back_to_the_last_pixel(tmp_path: Path):
    whole = laid_out(tmp_path, "train/1.jpg", "train/x/2.png", "test/1.png")
    counts = export_set("pairs", whole, tmp_path / "out", layout=PairsLayout(side_by_side=True))
    assert (counts["read"], counts["kept"], counts["dropped"]) == (6, 6, {})
    for name in ("train/1", "train/x/2", "test/1"):
        source = next((tmp_path / "in").glob(f"{name}.*"))
        np.testing.assert_array_equal(
            read_pixels(tmp_path / "out" / f"{name}.png"), read_pixels(source)
        )
    back = import_set("pairs", tmp_path / "out", tmp_path / "back")
    assert content(back) == content(whole)


def test_what_makes_no_pair_is_left_out_of_files_side_by_side(tmp_path: Path):
    whole = laid_out(tmp_path, "trainA/1.png", "trainB/1.png", "trainA/2.png", "trainB/3.png")
    paint(tmp_path / "in/trainA/4.png", 60, 50)
    paint(tmp_path / "in/trainB/4.png", 64, 50)
    whole = import_set("pairs", tmp_path / "in", tmp_path / "more")
    counts = export_set("pairs", whole, tmp_path / "out", layout=PairsLayout(side_by_side=True))
    assert counts["dropped"] == {
        "image of a pair of two sizes or splits": 2, "image without counterpart": 2,
    }  # fmt: skip
    assert (counts["read"], counts["kept"]) == (6, 2)
    assert [path.name for path in (tmp_path / "out/train").iterdir()] == ["1.png"]


def labelled(root: Path, images: Mapping[str, Mapping[str, Any]]) -> ImageSet:
    rows = [
        {"image": name, "file": str(paint(root / "pixels" / name, seed=seed)), **columns}
        for seed, (name, columns) in enumerate(images.items())
    ]
    edges = {"left": 1.0, "top": 1.0, "right": 9.0, "bottom": 9.0}
    boxes = [{"image": name, "box": 0, "label": "car", **edges} for name in images]
    return build_set("road", ("car",), rows, boxes, root=root)


ROAD = {
    "day/a.jpg": {"timeofday": "day", "split": "train"},
    "day/b.jpg": {"timeofday": "day", "split": "pool"},
    "night/c.jpg": {"timeofday": "night"},
    "dusk/d.jpg": {"timeofday": "twilight"},
}
DAY_TO_NIGHT = PairsLayout(domains={"A": "timeofday = 'day'", "B": "timeofday = 'night'"})


def test_any_set_is_laid_out_by_sql(tmp_path: Path):
    counts = export_set("pairs", labelled(tmp_path, ROAD), tmp_path / "out", layout=DAY_TO_NIGHT)
    assert counts["dropped"] == {
        "image of neither domain": 1, "box, which pairs cannot hold": 3,
    }  # fmt: skip
    assert counts["noted"] == {
        "image of split pool, written as train": 1, "image of split unknown, written as train": 1,
    }  # fmt: skip
    back = import_set("pairs", tmp_path / "out", tmp_path / "back")
    assert back.names() == ["trainA/day/a.jpg", "trainA/day/b.jpg", "trainB/night/c.jpg"]
    assert back.files()[0] == (tmp_path / "out/trainA/day/a.jpg").resolve()


def test_one_domain_alone_is_noted(tmp_path: Path):
    layout = PairsLayout(domains={"A": "timeofday = 'day'"})
    counts = export_set("pairs", labelled(tmp_path, ROAD), tmp_path / "out", layout=layout)
    assert counts["noted"]["no image of domain B"] == 1
    assert counts["dropped"]["image of neither domain"] == 2


def test_a_pair_goes_out_under_the_name_it_bears(tmp_path: Path):
    words = {"day/a.jpg": ("A", "train/7"), "night/c.jpg": ("B", "train/7")}
    images = {
        name: {"attributes": {"domain": domain, "pair": pair}, "split": split}
        for (name, (domain, pair)) in words.items()
        for split in ("train",)
    }
    export_set("pairs", labelled(tmp_path, images), tmp_path / "out")
    back = import_set("pairs", tmp_path / "out", tmp_path / "back")
    assert back.names() == ["trainA/7.jpg", "trainB/7.jpg"]
    assert len(pairs_of(back)) == 1


def test_another_split_keeps_names_apart(tmp_path: Path):
    for name in ("trainA/1.png", "testA/1.png", "trainB/1.png", "testB/1.png"):
        paint(tmp_path / "in" / name)
    whole = import_set("pairs", tmp_path / "in", tmp_path / "set", config=ImportConfig(split="val"))
    export_set("pairs", whole, tmp_path / "out")
    found = sorted(path.relative_to(tmp_path / "out").as_posix() for path in
                   (tmp_path / "out").rglob("*.png"))  # fmt: skip
    assert found == [
        "valA/test/1.png", "valA/train/1.png", "valB/test/1.png", "valB/train/1.png",
    ]  # fmt: skip
    counts = export_set("pairs", whole, tmp_path / "ab", layout=PairsLayout(side_by_side=True))
    assert counts["kept"] == 4
    alone = ImportConfig(split="val", paired=False)
    whole = import_set("pairs", tmp_path / "in", tmp_path / "alone", config=alone)
    export_set("pairs", whole, tmp_path / "apart")
    assert (tmp_path / "apart/valA/testA/1.png").exists()
    assert (tmp_path / "apart/valA/trainA/1.png").exists()


def test_an_export_is_done_once_and_holds_one_layout(tmp_path: Path):
    whole = laid_out(tmp_path, "trainA/1.png", "trainB/1.png")
    counts = export_set("pairs", whole, tmp_path / "out")
    (tmp_path / "out/trainA/1.png").unlink()
    assert export_set("pairs", whole, tmp_path / "out") == counts
    with pytest.raises(BusyError, match="hold this very export"):
        export_set("pairs", whole, tmp_path / "out", layout=PairsLayout(side_by_side=True))


@pytest.mark.parametrize(
    ("layout", "error", "message"),
    [
        (None, DatasetError, r"needs images of the domains A and B; road has none\. Say which"),
        ({"A": "TRUE", "B": "timeofday = 'day'"}, DatasetError, "'day/a.jpg' is of A and B"),
        ({"A": "nothing = 1"}, QueryError, "nothing"),
    ],
)
def test_domains_that_cannot_be_are_refused(
    layout: dict[str, str] | None, error: type[Exception], message: str, tmp_path: Path
):
    chosen = None if layout is None else PairsLayout(domains=layout)
    with pytest.raises(error, match=message):
        export_set("pairs", labelled(tmp_path, ROAD), tmp_path / "out", layout=chosen)


def test_what_is_laid_out_wrongly_is_refused(tmp_path: Path):
    whole = labelled(tmp_path, ROAD)
    with pytest.raises(PlanError, match=r"domains are A and B; 'C' came"):
        PairsLayout(domains={"C": "TRUE"})
    with pytest.raises(DatasetError, match="belong to pairs; coco has neither"):
        export_set("coco", whole, tmp_path / "a", layout=DAY_TO_NIGHT)
    both = PairsLayout(side_by_side=True, domains=DAY_TO_NIGHT.domains)
    with pytest.raises(DatasetError, match=r"needs pairs of images; road has none that fit"):
        export_set("pairs", whole, tmp_path / "b", layout=both)
    twice = {"trainA/1.png": {"split": "train"}, "A/1.png": {"split": "train"}}
    same = PairsLayout(domains={"A": "TRUE"})
    with pytest.raises(DatasetError, match=r"'A/1.png' and 'trainA/1.png' would both be trainA/1"):
        export_set("pairs", labelled(tmp_path / "t", twice), tmp_path / "c", layout=same)
