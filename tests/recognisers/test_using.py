"""Using a fitted recogniser: predictions, evaluation, drawn detections."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scenes import CLASSES, HEIGHT, WIDTH, scenes

from otherlight.errors import BusyError, DatasetError, PlanError
from otherlight.images.files import encode, read_pixels
from otherlight.recognisers import Run, detect, evaluate, predict, score
from otherlight.sets import ImageSet, read_table
from otherlight.sets.arrow import compute as pc
from otherlight.sets.columns import PREDICTIONS


def test_predictions_have_the_columns_of_the_contract_sorted_by_image_and_rank(
    eight: ImageSet, fitted: Run
):
    table = predict(fitted.folder, eight)
    assert table.schema.equals(PREDICTIONS)
    rows = table.to_pylist()
    keys = [(row["image"], row["rank"]) for row in rows]
    assert keys == sorted(keys)
    assert {row["label"] for row in rows} <= set(CLASSES)
    for before, after in pairwise(rows):
        if before["image"] == after["image"]:
            assert after["rank"] == before["rank"] + 1
            assert after["score"] <= before["score"]
    assert min(row["score"] for row in rows) > 0.001
    assert np.bincount([int(row["image"][0]) for row in rows]).max() <= 100


def test_neither_batch_nor_company_changes_what_is_found(eight: ImageSet, fitted: Run):
    one, many = predict(fitted.folder, eight, batch=1), predict(fitted.folder, eight, batch=8)
    sure = [table.filter(pc.field("score") > 0.01) for table in (one, many)]
    assert sure[0]["image"].equals(sure[1]["image"])
    np.testing.assert_allclose(sure[0]["score"], sure[1]["score"], atol=1e-4)
    np.testing.assert_allclose(sure[0]["left"], sure[1]["left"], atol=0.05)


def test_a_set_without_images_gives_an_empty_table(eight: ImageSet, fitted: Run):
    nothing = eight.where("n_boxes > 99")
    assert predict(fitted.folder, nothing).num_rows == 0


def test_scores_are_those_of_perfect_predictions(eight: ImageSet):
    boxes = eight.boxes
    perfect = pa.Table.from_arrays(
        [
            boxes["image"],
            boxes["box"],
            boxes["label"],
            *(boxes[side].cast(pa.float32()) for side in ("left", "top", "right", "bottom")),
            pa.array(np.ones(len(boxes), np.float32)),
        ],
        schema=PREDICTIONS,
    )
    found = score(perfect, eight, (*CLASSES, "bus"))
    assert found.mean_ap50 == found.mean_ap == 1.0
    assert found.plain()["classes"]["bus"] == {"ap50": None, "ap": None, "truths": 0}
    # Cars are 16 pixels high, of 64: below .3 neither they nor their detections count.
    tall = score(perfect, eight, CLASSES, ignore_below=0.3).plain()["classes"]
    assert tall["car"]["truths"] == 0
    assert tall["pedestrian"]["ap50"] == 1.0


def test_evaluation_leaves_predictions_figures_and_a_picture(
    eight: ImageSet, fitted: Run, tmp_path: Path
):
    figures = evaluate(fitted.folder, eight, tmp_path)
    assert figures["ap50"] == fitted.record.results["ap50"]
    assert json.loads((tmp_path / "metrics.json").read_text()) == figures
    assert read_table(tmp_path / "predictions.parquet", PREDICTIONS).num_rows > 0
    about = json.loads((tmp_path / "predictions.json").read_text())
    assert about["set"] == eight.hash
    assert about["score_floor"] == 0.001
    curve = figures["precision_at_recall"]["car"]
    assert len(curve) == 101
    # COCO's AP is the mean of the precisions at the 101 recalls.
    assert np.mean(curve) == pytest.approx(figures["classes"]["car"]["ap50"], abs=1e-3)
    assert read_pixels(tmp_path / "precision_recall.png").shape[2] == 3
    assert evaluate(fitted.folder, eight, tmp_path) == figures
    with pytest.raises(BusyError, match="ignore_below"):
        evaluate(fitted.folder, eight, tmp_path, ignore_below=0.1)


def test_images_that_belong_to_no_set_get_boxes_labels_and_one_json(fitted: Run, tmp_path: Path):
    folder = tmp_path / "frames"
    scenes(folder)
    found = detect(fitted.folder, folder / "images", tmp_path / "out", confidence=0.3)
    assert sorted(found["images"]) == [f"{index}.png" for index in range(8)]
    row = next(row for row in found["images"]["0.png"] if row["label"] == "car")
    lines = (tmp_path / "out" / "labels" / "0.txt").read_text().splitlines()
    first = next(line.split() for line in lines if line.startswith("0 "))
    assert float(first[1]) == pytest.approx((row["left"] + row["right"]) / 2 / WIDTH, abs=1e-4)
    assert float(first[4]) == pytest.approx((row["bottom"] - row["top"]) / HEIGHT, abs=1e-4)
    assert float(first[5]) == pytest.approx(row["score"], abs=1e-4)
    drawn = read_pixels(tmp_path / "out" / "images" / "0.jpg")
    assert np.abs(drawn.astype(int) - read_pixels(folder / "images" / "0.png")).max() > 50
    assert not (tmp_path / "out" / "labels" / "7.txt").read_text()


def test_only_the_classes_asked_for_are_detected(fitted: Run, tmp_path: Path):
    images = scenes(tmp_path / "frames").root / "images"
    found = detect(fitted.folder, f"{images}/[0-2].png", tmp_path / "out", classes=["pedestrian"])
    assert len(found["images"]) == 3
    labels = {row["label"] for rows in found["images"].values() for row in rows}
    assert labels == {"pedestrian"}
    with pytest.raises(PlanError, match=r"no class 'pedestrain'. Did you mean 'pedestrian'\?"):
        detect(fitted.folder, images, tmp_path / "other", classes=["pedestrain"])


def test_images_that_are_missing_or_would_share_a_label_file_are_refused(
    fitted: Run, tmp_path: Path
):
    with pytest.raises(DatasetError, match="must be images at"):
        detect(fitted.folder, tmp_path / "nowhere", tmp_path / "out")
    for suffix in (".png", ".jpg"):
        (tmp_path / f"a{suffix}").write_bytes(encode(np.zeros((8, 8, 3), np.uint8), suffix))
    with pytest.raises(DatasetError, match=r"a\.jpg and a\.png would share one"):
        detect(fitted.folder, tmp_path, tmp_path / "out")
