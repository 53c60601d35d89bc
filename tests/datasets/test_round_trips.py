"""Whatever set is exported comes back, in every format that is written, to its resolution."""

import csv
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from otherlight.datasets import FORMATS, ImportConfig, export_set, import_set
from otherlight.errors import DatasetError
from otherlight.sets import ImageSet, build_set

from .sources import paint

WIDTH, HEIGHT, MOST = 40, 30, 5
WRITTEN = [name for name, format in FORMATS.items() if format.write]
ATOL = {"yolo": 1e-8, "coco": 1e-9, "bdd100k": 1e-9, "kitti": 0.0, "voc": 0.5 + 1e-6}
IGNORED = {"coco", "bdd100k", "voc"}
LEVELS = {
    "bdd100k": (0, 0, 1, 1),
    "coco": (None, 0, 1, 1),
    "voc": (None, 0, 1, 1),
    "kitti": (None, 0, 1, 2),
}
"""What becomes of the occlusion levels None, 0, 1 and 2."""

QUIET = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)

Edges = tuple[float, float, float, float]
Rows = list[dict[str, Any]]
Parts = tuple[list[str], Rows, Rows]

words = st.text(
    st.characters(exclude_categories=("Cs", "Cn", "Co"), exclude_characters="/\\\0.01-"),
    min_size=1, max_size=6,
)  # fmt: skip
stems = st.one_of(st.sampled_from(["a", "a b", "é", "images", "labels", "000000"]), words)
keys = st.builds(
    lambda folders, stem, suffix: "/".join([*folders, stem + suffix]),
    st.lists(st.sampled_from(["drive", "images", "labels", "nacht 1", "train"]), max_size=2),
    stems, st.sampled_from([".jpg", ".png", ".JPG", ".x.png"]),
)  # fmt: skip
classes = st.lists(
    st.one_of(
        st.sampled_from(["car", "traffic light", "Person", "person", "yes", "7", "Fußgänger"]),
        words.filter(lambda word: word == word.strip() and word.isprintable()),
    ),
    min_size=1, max_size=3, unique_by=lambda name: "_".join(name.split()),
)  # fmt: skip


@st.composite
def edges(draw: st.DrawFn) -> Edges:
    sides: list[float] = []
    for length in (WIDTH, HEIGHT):
        number = st.one_of(st.integers(0, length), st.floats(0, length))
        low, high = sorted((float(draw(number)), float(draw(number))))
        assume(high - low > 1e-3)
        sides += [low, high]
    left, right, top, bottom = sides
    return left, top, right, bottom


@st.composite
def parts(draw: st.DrawFn, pixels: Sequence[Path], splits: Sequence[str | None]) -> Parts:
    """Classes, images and boxes of a set."""
    names = draw(classes)
    images = [
        {
            "image": key, "file": str(file), "width": WIDTH, "height": HEIGHT,
            "labelled": not number or draw(st.booleans()), "split": draw(st.sampled_from(splits)),
            "timeofday": draw(st.sampled_from([None, "day", "twilight"])),
            "attributes": draw(st.sampled_from([{}, {"timeofday": "dawn/dusk", "lens": "wet"}])),
        }
        for number, (key, file) in enumerate(
            zip(draw(st.lists(keys, min_size=1, max_size=MOST, unique=True)), pixels, strict=False)
        )
    ]  # fmt: skip
    boxes = [
        {
            "image": image["image"], "box": box, "label": draw(st.sampled_from(names)),
            "ignore": draw(st.booleans()),
            "occlusion_level": draw(st.sampled_from([None, 0, 1, 2])),
            **dict(zip(("left", "top", "right", "bottom"), draw(edges()), strict=True)),
        }
        for image in images
        for box in range(draw(st.integers(0, 3)) if image["labelled"] else 0)
    ]  # fmt: skip
    return names, images, boxes


@pytest.fixture(scope="module")
def pixels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("pixels")
    return [paint(root / f"{n}.png", WIDTH, HEIGHT, seed=n) for n in range(MOST)]


def by_file(images: ImageSet) -> dict[str, Rows]:
    """Boxes by the file they are of; a link is the file it leads to."""
    files = dict(zip(images.names(), images.files(), strict=True))
    found: dict[str, Rows] = {
        files[key].resolve().name: []
        for key, labelled in zip(images.names(), images.column("labelled"), strict=True)
        if labelled
    }
    for box in images.boxes.to_pylist():
        found[files[box["image"]].resolve().name].append(box)
    return found


def four(box: Mapping[str, Any]) -> Edges:
    return box["left"], box["top"], box["right"], box["bottom"]


def check_boxes(format: str, before: Rows, after: Rows) -> None:
    if format not in IGNORED:
        before = [box for box in before if not box["ignore"]]
        after = [box for box in after if not box["ignore"]]
    assert len(before) == len(after)
    for one, other in zip(before, after, strict=True):
        assert (one["label"], one["ignore"]) == (other["label"], other["ignore"])
        if format in LEVELS:
            level = one["occlusion_level"]
            assert other["occlusion_level"] == LEVELS[format][0 if level is None else level + 1]
        for edge, back in zip(four(one), four(other), strict=True):
            thin = min(one["right"] - one["left"], one["bottom"] - one["top"]) < 1
            assert back == pytest.approx(edge, rel=0, abs=1.0 if thin else ATOL[format])


def check_regions(names: Sequence[str], before: Rows, after: Rows) -> None:
    """An ignored box comes back from KITTI as a region, ignored for every class."""
    wanted = {four(box) for box in before if box["ignore"]}
    found = Counter((four(box), box["label"]) for box in after if box["ignore"])
    assert found == Counter((region, name) for region in wanted for name in names)


@pytest.mark.parametrize("format", WRITTEN)
@settings(max_examples=8, deadline=None, suppress_health_check=QUIET)
@given(data=st.data())
def test_an_export_comes_back(format: str, data: st.DataObject, pixels: list[Path]):
    # data.yaml names train, val and test; what is in none of them is left to the user, counted.
    splits = (
        ["train", "val", "test"] if format == "yolo" else [None, "train", "val", "test", "pool"]
    )
    one = data.draw(st.sampled_from([[None], splits]))
    names, images, boxes = data.draw(parts(pixels, one))
    whole = build_set('träum, "süß"', names, images, boxes, root=pixels[0].parent)
    with tempfile.TemporaryDirectory() as folder:
        to = Path(folder)
        try:
            counts = export_set(format, whole, to / "out")
        except DatasetError as error:
            if "must differ by more than their ending" not in str(error):
                raise
            return
        config = ImportConfig(names=whole.classes if format in ("bdd100k", "kitti") else ())
        back = import_set(format, to / "out", to / "back", config=config)
        before, after = by_file(whole), by_file(back)
        assert before.keys() == after.keys()
        for file, boxes in before.items():
            check_boxes(format, boxes, after[file])
            if format == "kitti":
                check_regions(whole.classes, boxes, after[file])
        if format in ("coco", "bdd100k"):
            check_light(format, whole, back)
        check_names(format, whole, to / "out", counts)
        if format == "voc":
            said = dict(
                zip((f.resolve() for f in whole.files()), whole.column("split"), strict=True)
            )
            for file, split in zip(back.files(), back.column("split"), strict=True):
                assert split == (None if said[file.resolve()] == "pool" else said[file.resolve()])


def check_light(format: str, whole: ImageSet, back: ImageSet) -> None:
    """Time of day comes back, and in COCO every other word."""
    came = {
        file.resolve(): (light, dict(words))
        for file, light, words in zip(
            back.files(), back.column("timeofday"), back.column("attributes"), strict=True
        )
    }
    for file, row in zip(whole.files(), whole.images.to_pylist(), strict=True):
        if row["labelled"]:
            light, words = came[file.resolve()]
            # A column that nobody filled is filled by the word.
            assert light == row["timeofday"] or (row["timeofday"], light) == (None, "twilight")
            assert format != "coco" or words.get("lens") == dict(row["attributes"]).get("lens")


def check_names(format: str, whole: ImageSet, to: Path, counts: Mapping[str, Any]) -> None:
    """Keys are kept, or counted as renamed and named in lineage.csv."""
    with (to / "lineage.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    files = dict(zip(whole.names(), whole.files(), strict=True))
    changed = 0
    exported = {row["exported"]: row["image"] for row in rows}
    for name, key in exported.items():
        changed += not f"/{name}".endswith(f"/{key}")
        assert (to / FORMATS[format].folder / name).resolve() == files[key].resolve()
    assert counts["noted"].get("image renamed (lineage.csv names both)", 0) == changed
    assert defaultdict(int, counts["dropped"])[
        "unlabelled image, which would pass for background"
    ] == len(whole) - len(rows)
