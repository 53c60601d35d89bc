"""Cityscapes: boxes round polygons, groups as crowds, three fogs of one label file."""

from pathlib import Path
from typing import Any

import pytest

from otherlight.datasets import ImportConfig, import_set
from otherlight.datasets.cityscapes import CLASSES
from otherlight.errors import DatasetError

from .sources import as_json, paint

CAR: dict[str, Any] = {"label": "car", "polygon": [[10, 20], [29, 5], [15, 30.5]]}


def city(root: Path, name: str, *objects: Any, **about: Any) -> Path:
    """Write one label file and its image: ``name`` is split/city/city_000000_000019."""
    paint(root / "leftImg8bit" / f"{name}_leftImg8bit.png")
    value = {"imgHeight": 50, "imgWidth": 100, "objects": list(objects), **about}
    as_json(root / "gtFine" / f"{name}_gtFine_polygons.json", value)
    return root


def source(root: Path) -> Path:
    crowd = {"label": "persongroup", "polygon": [[0, 0], [5, 5]]}
    gone = {**CAR, "deleted": 1}
    sky = {"label": "sky", "polygon": [[0, 0], [99, 9]]}
    city(root, "train/ulm/ulm_000000_000019", CAR, crowd, gone, sky)
    return city(root, "test/bonn/bonn_000003_000019", {"label": "ego vehicle", "polygon": []})


def test_the_official_layout(tmp_path: Path):
    got = import_set("cityscapes", source(tmp_path / "in"), tmp_path / "out")
    assert got.classes == CLASSES
    assert got.column("labelled") == [False, True]
    assert got.column("split") == ["test", "train"]
    assert got.column("sequence") == ["bonn_000003", "ulm_000000"]
    car, crowd = got.boxes.to_pylist()
    assert (car["left"], car["top"], car["right"], car["bottom"]) == (10, 5, 30, 31.5)
    assert (crowd["label"], crowd["ignore_reason"]) == ("person", "crowd")
    assert got.counts["noted"] == {"polygon of a class without instances, left out": 2}


def test_three_fogs_have_the_labels_of_one_file(tmp_path: Path):
    root = source(tmp_path / "in")
    fog = root / "leftImg8bit_foggy"
    for seed, beta in enumerate(("0.005", "0.01", "0.02")):
        name = f"ulm_000000_000019_leftImg8bit_foggy_beta_{beta}.png"
        paint(fog / "train" / "ulm" / name, seed=seed)
    got = import_set("cityscapes", root, tmp_path / "out", images=fog)
    assert [dict(words)["beta"] for words in got.column("attributes")] == ["0.005", "0.01", "0.02"]
    assert set(got.column("weather")) == {"fog"}
    assert set(got.column("sequence")) == {"ulm_000000"}
    assert got.boxes.num_rows == 6
    assert got.counts["dropped"] == {"labels without image file": 1}


def test_labels_alone_and_an_image_without_labels(tmp_path: Path):
    root = source(tmp_path / "in")
    paint(root / "leftImg8bit" / "val" / "ulm" / "ulm_000007_000019_leftImg8bit.png")
    alone = import_set(
        "cityscapes", root / "gtFine", tmp_path / "a", config=ImportConfig(pixels=False)
    )
    assert alone.names()[1] == "train/ulm/ulm_000000_000019_leftImg8bit.png"
    assert alone.column("width") == [100, 100]
    got = import_set("cityscapes", root, tmp_path / "b")
    assert got.counts["noted"]["image without labels, taken as background"] == 1


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("car", "Expected a JSON object; 'car' came in .*object 1"),
        ({"polygon": []}, "label"),
        (
            {"label": "car", "polygon": []},
            "A polygon is a list of x and y; .*object 1",
        ),
        ({"label": "car", "polygon": [[1, 2, 3]]}, "A polygon is a list of x and y"),
        ({"label": "car", "polygon": [[1, "2"]]}, "y .*object 1"),
    ],
)
def test_bad_objects_are_refused_in_a_sentence(item: Any, message: str, tmp_path: Path):
    root = city(tmp_path / "in", "train/ulm/ulm_000000_000019", item)
    with pytest.raises(DatasetError, match=message):
        import_set("cityscapes", root, tmp_path / "out")


def test_other_names_and_folders_are_refused(tmp_path: Path):
    with pytest.raises(DatasetError, match="Expected gtFine with files named"):
        import_set("cityscapes", tmp_path, tmp_path / "out")
    root = city(tmp_path / "in", "train/ulm/a")
    with pytest.raises(DatasetError, match="are named city_000000_000000_"):
        import_set("cityscapes", root, tmp_path / "out")


def test_masks_of_instances_else_of_labels(tmp_path: Path):
    root = source(tmp_path / "in")
    city(root, "train/ulm/ulm_000001_000019", CAR)
    city(root, "train/ulm/ulm_000002_000019", CAR)
    folder = (root / "gtFine/train/ulm").resolve()
    instances = paint(folder / "ulm_000000_000019_gtFine_instanceIds.png")
    paint(folder / "ulm_000000_000019_gtFine_labelIds.png")
    labels = paint(folder / "ulm_000001_000019_gtFine_labelIds.png")
    paint(root / "gtFine/test/bonn/bonn_000003_000019_gtFine_labelIds.png")
    got = import_set("cityscapes", root, tmp_path / "out")
    # The test split's masks are as empty as its polygons.
    assert got.column("mask") == [None, str(instances), str(labels), None]
    kinds = [dict(words).get("mask") for words in got.column("attributes")]
    assert kinds == [None, "cityscapes_instances", "cityscapes_classes", None]
    assert got.counts["noted"]["image without mask file"] == 1
