"""Exports, read by the programs they are meant for, as they stand."""

from pathlib import Path
from typing import Any

import pytest

from otherlight.datasets import export_set
from otherlight.sets import ImageSet, build_set

from .sources import paint


def a_set(root: Path) -> ImageSet:
    """Six images in odd folders: two splits, an ignored box, a background, an unlabelled one."""
    size = {"width": 64, "height": 48}
    images: list[dict[str, Any]] = [
        {
            "image": f"images/nacht {number}/ü.jpg", "split": "train" if number < 4 else "val",
            "file": str(paint(root / f"{number}.jpg", 64, 48, seed=number)), **size,
            "labelled": number != 3, "timeofday": "night",
        }
        for number in range(6)
    ]  # fmt: skip
    edges = {"left": 4.0, "top": 4.5, "right": 44.25, "bottom": 40.0}
    boxes: list[dict[str, Any]] = [
        {"image": image["image"], "box": box, "label": label, **edges, "ignore": box == 1,
         "occlusion_level": 1}
        for number, image in enumerate(images) if number not in (2, 3)
        for box, label in enumerate(("car", "traffic light"))
    ]  # fmt: skip
    return build_set("some", ("traffic light", "car"), images, boxes, root=root)


def test_pycocotools_evaluates_the_coco_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    export_set("coco", a_set(tmp_path), tmp_path / "out")
    # Its types know neither attributes nor results that are no file.
    truth: Any = COCO(str(tmp_path / "out/annotations.json"))
    assert len(truth.getImgIds()) == 5
    assert (
        sorted(note["iscrowd"] for note in truth.loadAnns(truth.getAnnIds())) == [0] * 4 + [1] * 4
    )
    for image in truth.loadImgs(truth.getImgIds()):
        assert (tmp_path / "out/images" / image["file_name"]).exists()
        assert image["attributes"] == {"timeofday": "night"}
    found = truth.loadRes(
        [
            {**{key: note[key] for key in ("image_id", "category_id", "bbox")}, "score": 0.9}
            for note in truth.loadAnns(truth.getAnnIds(iscrowd=False))
        ]
    )
    judge = COCOeval(truth, found, "bbox")
    judge.evaluate()
    judge.accumulate()
    judge.summarize()
    assert judge.stats[0] == pytest.approx(1)
    capsys.readouterr()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_ultralytics_trains_on_the_yolo_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name, value in (("YOLO_OFFLINE", "true"), ("YOLO_CONFIG_DIR", str(tmp_path))):
        monkeypatch.setenv(name, value)
    ultralytics = pytest.importorskip("ultralytics", reason="ultralytics is an extra: yolo")
    export_set("yolo", a_set(tmp_path), tmp_path / "out")
    model = ultralytics.YOLO("yolo11n.yaml")
    model.train(
        data=str(tmp_path / "out/data.yaml"), epochs=1, imgsz=64, batch=2, workers=0, device="cpu",
        amp=False, plots=False, project=str(tmp_path / "runs"), verbose=False,
    )  # fmt: skip
    # Three labelled images, one of them background; the ignored boxes are not there.
    labels = model.trainer.train_loader.dataset.labels
    assert sorted(len(label["cls"]) for label in labels) == [0, 1, 1]
    assert {int(label["cls"][0, 0]) for label in labels if len(label["cls"])} == {1}
    assert model.trainer.data["names"] == {0: "traffic light", 1: "car"}
    assert len(model.trainer.test_loader.dataset.labels) == 2
