"""Official layouts, written from the built-in world: importing one gives the world back."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from otherlight.datasets import ImportConfig, import_set
from otherlight.datasets.kitti import CLASSES as KITTI_CLASSES
from otherlight.images.dense import read_depth, read_ids
from otherlight.sets import ImageSet
from otherlight.world import WorldConfig, render_world

from .miniatures.bdd100k import CATEGORIES, write_bdd100k
from .miniatures.kitti import TYPES, write_detection, write_tracking
from .miniatures.vkitti2 import COLOURS, LABELS, write_vkitti2

SMALL: dict[str, Any] = {
    "images": 6, "frames_per_sequence": 3, "width": 128, "height": 72, "mask": True, "depth": True,
}  # fmt: skip
SPELLED = {"person": "pedestrian", "motor": "motorcycle", "bike": "bicycle"}
EDGES = ("left", "top", "right", "bottom")


@pytest.fixture(scope="module")
def jpg(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    return render_world(WorldConfig(**SMALL), tmp_path_factory.mktemp("jpg"), workers=1)


@pytest.fixture(scope="module")
def png(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    config = WorldConfig(**SMALL, suffix=".png")
    return render_world(config, tmp_path_factory.mktemp("png"), workers=1)


def by_image(images: ImageSet) -> defaultdict[str, list[dict[str, Any]]]:
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for box in images.boxes.to_pylist():
        found[box["image"]].append(box)
    return found


def edges(box: dict[str, Any]) -> tuple[float, ...]:
    return tuple(box[edge] for edge in EDGES)


def test_kitti_detection_gives_the_world_back(png: ImageSet, tmp_path: Path):
    names = write_detection(png, tmp_path / "kitti")
    got = import_set("kitti", tmp_path / "kitti", tmp_path / "out")
    check_kitti(png, got, names)
    truth, came = by_image(png), by_image(got)
    for key, name in names.items():
        cared = [b for b in truth[key] if b["label"] in TYPES and not b["ignore"]]
        for box, back in zip(cared, came[name], strict=False):
            assert back["truncation"] == pytest.approx(box["truncation"], abs=0.0051)
            assert back["depth_m"] == pytest.approx(box["depth_m"], abs=0.0051)
    assert got.column("sha256") == [png.column("sha256")[row] for row in range(len(png))]


def test_kitti_tracking_gives_the_world_back(png: ImageSet, tmp_path: Path):
    names = write_tracking(png, tmp_path / "kitti")
    got = import_set("kitti", tmp_path / "kitti", tmp_path / "out")
    check_kitti(png, got, names)
    assert got.column("frame") == png.column("frame")
    assert len(set(got.column("sequence"))) == len(set(png.column("sequence"))) == 2
    # One track of the world is one track of the miniature, and the other way round.
    truth, came = by_image(png), by_image(got)
    pairs = {
        ((names[key].split("/")[0], box["track"]), back["track"])
        for key in names
        for box, back in zip(
            [b for b in truth[key] if b["label"] in TYPES and not b["ignore"]],
            [b for b in came[names[key]] if not b["ignore"]], strict=True,
        )
    }  # fmt: skip
    assert len({one for one, _ in pairs}) == len(pairs) == len({other for _, other in pairs}) > 3


def check_kitti(world: ImageSet, got: ImageSet, names: dict[str, str]) -> None:
    assert got.names() == sorted(names.values())
    assert all(got.column("labelled"))
    truth, came, seen = by_image(world), by_image(got), 0
    for key, name in names.items():
        typed = [box for box in truth[key] if box["label"] in TYPES]
        cared = [
            (TYPES[b["label"]], edges(b), b["occlusion_level"]) for b in typed if not b["ignore"]
        ]
        back = [(b["label"], edges(b), b["occlusion_level"]) for b in came[name] if not b["ignore"]]
        assert back == cared
        seen += len(back)
        regions = {(edges(b), label) for b in typed if b["ignore"] for label in KITTI_CLASSES}
        assert {(edges(b), b["label"]) for b in came[name] if b["ignore"]} == regions
    assert seen > 20


def test_vkitti2_gives_the_world_back_with_masks_and_depth(jpg: ImageSet, tmp_path: Path):
    names = write_vkitti2(jpg, tmp_path / "in")
    got = import_set("vkitti2", tmp_path / "in", tmp_path / "out")
    assert got.names() == sorted(names.values())
    assert set(got.column("group")) == {"Scene01", "Scene02"}
    assert not [rule for rule in got.counts["noted"] if "file" in rule]
    truth, came = by_image(jpg), by_image(got)
    rows = {row["image"]: row for row in got.images.to_pylist()}
    depths = dict(zip(jpg.names(), jpg.column("depth"), strict=True))
    for key, name in names.items():
        boxes = [box for box in truth[key] if box["label"] in LABELS]
        words = dict(rows[name]["attributes"])
        assert (words["mask"], words["depth"]) == ("vkitti2_tracks", "centimetres")
        mask = read_ids(got.root / rows[name]["mask"])
        for box, back in zip(boxes, came[name], strict=True):
            assert (back["label"], edges(back)) == (LABELS[box["label"]], edges(box))
            assert back["occlusion"] == pytest.approx(box["occlusion"], abs=1e-5)
            assert back["occlusion_level"] == box["occlusion_level"]
            assert back["pixels"] == box["pixels"] == (mask == int(back["track"]) + 1).sum()
            assert back["depth_m"] == pytest.approx(box["depth_m"], abs=1e-3)
        metres = read_depth(got.root / rows[name]["depth"], words["depth"])
        np.testing.assert_allclose(metres, read_depth(jpg.root / depths[key]), atol=0.0051)


def test_vkitti2_takes_classes_where_there_are_no_instances(jpg: ImageSet, tmp_path: Path):
    names = write_vkitti2(jpg.where("frame = 0"), tmp_path / "in")
    elsewhere = tmp_path / "masks"
    for scene in ("Scene01", "Scene02"):
        frames = Path(scene) / "clone" / "frames"
        (elsewhere / frames).mkdir(parents=True)
        (tmp_path / "in" / frames / "classSegmentation").rename(
            elsewhere / frames / "classSegmentation"
        )
    (elsewhere / names[jpg.names()[0]]).parent.mkdir(parents=True)
    gone = elsewhere / "Scene02/clone/frames/classSegmentation/Camera_0/classgt_00000.png"
    gone.unlink()
    config = ImportConfig(masks=str(elsewhere))
    got = import_set("vkitti2", tmp_path / "in", tmp_path / "out", config=config)
    assert got.counts["noted"]["image without mask file"] == 1
    assert got.column("mask")[1] is None
    assert [dict(words).get("mask") for words in got.column("attributes")] == [
        "vkitti2_classes", None,
    ]  # fmt: skip
    red, green, blue = COLOURS["Car"]
    ids = read_ids(got.root / got.column("mask")[0])
    assert red << 16 | green << 8 | blue in np.unique(ids)
    # Labels alone: no file is looked at.
    alone = ImportConfig(masks=str(elsewhere), pixels=False)
    bare = import_set("vkitti2", tmp_path / "in", tmp_path / "bare", config=alone)
    assert bare.column("mask") == [None, None]


def test_bdd100k_gives_the_world_back(jpg: ImageSet, tmp_path: Path):
    names = write_bdd100k(jpg, tmp_path / "bdd")
    labels = tmp_path / "bdd/labels/bdd100k_labels_images_train.json"
    images = tmp_path / "bdd/images/100k/train"
    got = import_set("bdd100k", labels, tmp_path / "out", images=images)
    assert got.names() == sorted(names.values())
    assert got.counts["dropped"] == {"unknown category 'lane'": len(jpg)}
    truth, came = by_image(jpg), by_image(got)
    rows = {row["image"]: row for row in got.images.to_pylist()}
    for row in jpg.images.to_pylist():
        name = names[row["image"]]
        boxes = [box for box in truth[row["image"]] if not box["ignore"]]
        assert [(b["label"], edges(b), b["occlusion_level"]) for b in came[name]] == [
            (
                SPELLED.get(CATEGORIES[b["label"]], CATEGORIES[b["label"]]), edges(b),
                min(b["occlusion_level"], 1),
            )
            for b in boxes
        ]  # fmt: skip
        assert [b["state"] for b in came[name]] == [b["state"] for b in boxes]
        light = ("timeofday", "weather", "scene")
        assert [rows[name][c] for c in light] == [row[c] for c in light]
    drives = {key: rows[names[key]]["group"] for key in jpg.names()}
    assert len(set(drives.values())) == 2
