"""The pictures on the page: the source is what was captured, however often it was translated."""

from pathlib import Path

import numpy as np
import pytest

from otherlight.experiment.arms import Ingredient
from otherlight.experiment.samples import write_samples
from otherlight.images.files import encode, read_pixels
from otherlight.records.progress import teller
from otherlight.sets import ImageSet, build_set, read_set, write_set
from otherlight.translate import translate


@pytest.fixture
def day(tmp_path: Path) -> ImageSet:
    """Three even images of light grey, one box each."""
    root, images, boxes = tmp_path / "day", [], []
    for number in range(3):
        key = f"{number}.png"
        root.mkdir(exist_ok=True)
        (root / key).write_bytes(encode(np.full((32, 40, 3), 200 + number, np.uint8), ".png"))
        images.append({"image": key, "width": 40, "height": 32})
        boxes.append(
            {"image": key, "box": 0, "label": "car", "left": 1, "top": 2, "right": 7, "bottom": 8}
        )
    return write_set(build_set("day", ["car"], images, boxes, root=root), root)


def lightness(run: Path, row: dict[str, str]) -> dict[str, int]:
    """The tone in the middle of each picture."""
    pictures = {name: read_pixels(run / file) for name, file in row.items() if name != "image"}
    return {name: int(pixels[-20, -20].mean()) for name, pixels in pictures.items()}


def written(ingredients: dict[str, Ingredient], day: ImageSet, to: Path) -> list[dict[str, int]]:
    arms = {name: [one] for name, one in ingredients.items()}
    return [lightness(to, row) for row in write_samples(arms, day, 2, to)]


def as_it_is(images: ImageSet) -> Ingredient:
    return Ingredient(images=images, origin=images)


def test_the_source_of_a_set_translated_before_is_what_was_captured(day: ImageSet, tmp_path: Path):
    dusk = translate(day, "gamma", tmp_path / "sets" / "dusk", options={"gamma": 2.0})
    night = translate(dusk, "gamma", tmp_path / "sets" / "night", options={"gamma": 2.0})
    kept = read_set(night.root).where("image != '0.png'")
    for ingredient in (as_it_is(dusk), as_it_is(kept), Ingredient(images=night, origin=dusk)):
        rows = written({"dark": ingredient}, day, tmp_path / ingredient.images.name)
        assert len(rows) == 2
        for row in rows:
            assert list(row) == ["source", "dark", "target (another scene)"]
            assert row["source"] in range(198, 205)
            assert row["dark"] < 170


def test_an_arm_that_knows_its_source_serves_the_others(day: ImageSet, tmp_path: Path):
    dark = translate(day, "gamma", tmp_path / "dark", options={"gamma": 2.0})
    darker = translate(dark, "gamma", tmp_path / "darker", options={"gamma": 2.0})
    (dark.root / "set.json").unlink()
    arms = {"darker": as_it_is(darker), "dark": Ingredient(images=dark, origin=day)}
    for row in written(arms, day, tmp_path / "run"):
        assert row["source"] in range(198, 205)


def test_a_source_that_is_gone_is_left_out_not_replaced(day: ImageSet, tmp_path: Path):
    dark = translate(day, "gamma", tmp_path / "dark", options={"gamma": 2.0})
    (day.root / "set.json").unlink()
    told = list[str]()
    token = teller.set(told.append)
    try:
        rows = written({"dark": as_it_is(dark)}, day, tmp_path / "run")
    finally:
        teller.reset(token)
    assert [list(row) for row in rows] == [["dark", "target (another scene)"]] * 2
    (sentence,) = told
    assert sentence.startswith("The samples show no source: The images that 'day by gamma' was")
