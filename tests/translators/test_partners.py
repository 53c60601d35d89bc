"""Paired batches: partners come together, cut and flipped alike, and nobody is left alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from otherlight.errors import PlanError
from otherlight.images.files import encode
from otherlight.sets import ImageSet, build_set
from otherlight.translators.pairs import Pairs, PairsConfig
from otherlight.translators.partners import beside
from otherlight.translators.train import TrainConfig, train

SIZE = (40, 32)


def put(root: Path, name: str, images: dict[str, dict[str, Any]]) -> ImageSet:
    """Images whose green tells the scene; the rest of a row as it is given."""
    rows: list[dict[str, Any]] = []
    for key, (scene, *_) in ((key, (row.pop("scene"), 0)) for key, row in images.items()):
        row = images[key]
        width, height = row.pop("size", SIZE)
        pixels = np.zeros((height, width, 3), np.uint8)
        pixels[..., 0] = np.arange(width) * 5
        pixels[..., 1] = scene * 20
        pixels[..., 2] = np.arange(height)[:, None] * 5
        (root / name).mkdir(parents=True, exist_ok=True)
        file = f"{name}/{key.replace('/', '_')}"
        (root / file).write_bytes(encode(pixels, ".png"))
        rows.append({"image": key, "file": file, "width": width, "height": height, **row})
    return build_set(name, [], rows, [], root=root)


def keyed(root: Path, name: str, scenes: list[int], **row: Any) -> ImageSet:
    return put(root, name, {f"{s}.png": {"scene": s, **row} for s in scenes})


@pytest.mark.parametrize(
    "config",
    [
        {"load_size": (30, 24), "crop_size": (16, 12)},
        {"fit": "scale_width", "load_size": 30, "crop_size": 16},
        {"fit": "scale_crop", "crop_size": (16, 12)},
        {"fit": "whole", "load_size": 0},
    ],
)
def test_partners_come_together_cut_and_flipped_alike(tmp_path: Path, config: dict[str, Any]):
    day, night = keyed(tmp_path, "day", [1, 2, 3, 4, 5]), keyed(tmp_path, "night", [5, 4, 3, 2, 1])
    pairs = Pairs(day, night, PairsConfig(batch=2, **config), 0, paired=True)
    unpaired = Pairs(day, night, PairsConfig(batch=2, **config), 0)
    for step in range(12):
        source, target = pairs.batch(step)
        assert torch.equal(source, target)
    assert any(not torch.equal(*unpaired.batch(step)) for step in range(12))
    assert len({float(pairs.batch(step)[0][0, 1].mean()) for step in range(12)}) > 2


def test_partners_are_known_by_key_by_pair_and_by_lineage(tmp_path: Path):
    day = put(tmp_path, "day", {
        "a.png": {"scene": 1},
        "b/x.png": {"scene": 2, "attributes": {"pair": "x"}},
        "c.png": {"scene": 3, "sha256": "f" * 64},
    })  # fmt: skip
    night = put(tmp_path, "night", {
        "0.png": {"scene": 3, "parent_sha256": "f" * 64},
        "a.png": {"scene": 1},
        "n/x.png": {"scene": 2, "attributes": {"pair": "x"}},
    })  # fmt: skip
    assert beside(day, night).names() == ["a.png", "n/x.png", "0.png"]
    assert beside(night, day).names() == ["c.png", "a.png", "b/x.png"]


@pytest.mark.parametrize(
    ("day", "night", "sentence"),
    [
        ([1, 2, 3], [1], r"2 of 3 images of 'day' have none, the first '2.png'"),
        ([1], [1, 7, 8], r"2 of 3 images of 'night' have none, the first '7.png'"),
    ],
)
def test_an_image_without_a_partner_is_named(
    tmp_path: Path, day: list[int], night: list[int], sentence: str
):
    with pytest.raises(PlanError, match=sentence):
        beside(keyed(tmp_path, "day", day), keyed(tmp_path, "night", night))


def test_an_image_with_two_partners_is_named(tmp_path: Path):
    twice = {"attributes": {"pair": "x"}}
    one = put(tmp_path, "one", {"a.png": {"scene": 1, **twice}})
    two = put(tmp_path, "two", {"b.png": {"scene": 1, **twice}, "c.png": {"scene": 1, **twice}})
    for source, target in ((one, two), (two, one)):
        with pytest.raises(PlanError, match="'a.png' of 'one' has 2 in 'two'"):
            beside(source, target)


def test_partners_of_two_sizes_are_refused(tmp_path: Path):
    day = keyed(tmp_path, "day", [1])
    night = keyed(tmp_path, "night", [1], size=(30, 20))
    with pytest.raises(PlanError, match="'1.png' is 40x32 and '1.png' is 30x20. Resize"):
        beside(day, night)


def test_a_set_is_not_its_own_partner(tmp_path: Path):
    day = keyed(tmp_path, "day", [1, 2])
    with pytest.raises(PlanError, match="source and target are both 'day'"):
        beside(day, day)


def test_a_paired_method_trains_on_partners_alone(tmp_path: Path):
    day, night = keyed(tmp_path, "day", [1, 2]), keyed(tmp_path, "night", [2, 3])
    options = {"width": 4, "depth": 2, "discriminator_width": 4, "discriminator_depth": 1}
    config = TrainConfig(
        method="pix2pix", options=options, steps=2, samples=1,
        pairs=PairsConfig(fit="whole", load_size=0),
    )  # fmt: skip
    with pytest.raises(PlanError, match="1 of 2 images of 'day' have none, the first '1.png'"):
        train(config, day, night, tmp_path / "run")
    assert train(config, day, keyed(tmp_path, "dusk", [2, 1], weather="fog"), tmp_path / "ok").done
