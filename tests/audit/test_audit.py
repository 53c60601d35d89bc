"""The audit as a whole: what it finds, what it writes, what it refuses, that it resumes."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from damaging import Change, darken, erase, translate_by_hand

from otherlight.audit import AuditConfig, audit, respect, trace
from otherlight.errors import CheckpointError, DatasetError, ImageError, PlanError
from otherlight.images.files import Array, encode
from otherlight.recognisers import FitConfig, Ingredient, Run, fit
from otherlight.records.files import read_json, write_json
from otherlight.sets import ImageSet, build_set, read_set, read_table, write_set, write_table
from otherlight.sets.columns import AUDIT, IMAGES, PREDICTIONS
from otherlight.translate import translate


def paste(pixels: Array, edges: np.ndarray) -> Array:
    """A red car where nobody labelled one: where an empty image has room."""
    del edges
    pasted = pixels.copy()
    pasted[24:40, 20:50] = (220, 30, 30)
    return pasted


@pytest.fixture
def damaged(day: ImageSet, tmp_path: Path) -> ImageSet:
    """Image 0 without its car, 1 in half the light, 7 (empty) with a car, the others the same."""
    changes: dict[str, Change] = {"0.png": erase(0), "1.png": darken, "7.png": paste}
    return translate_by_hand(day, tmp_path / "damaged", changes)


def rows_of(folder: Path) -> dict[tuple[str, int], dict[str, object]]:
    rows = read_table(folder / "audit.parquet", AUDIT).to_pylist()
    return {(row["image"], row["box"]): row for row in rows}


def test_it_finds_what_was_erased_and_invented_and_nothing_else(
    day: ImageSet, damaged: ImageSet, detector: Run, tmp_path: Path
):
    facts = audit(damaged, detector.folder, tmp_path / "audit", target_like=day)
    assert facts["judges"]
    assert facts["ability"]["on"] == "target-like"
    assert "learnt from the very frames" in facts["cautions"][0]
    assert facts["ability"]["recall"] >= 0.5
    assert 0 < facts["ability"]["sure"] < 0.9
    rows = rows_of(tmp_path / "audit")
    assert len(rows) == damaged.boxes.num_rows
    erased = rows.pop(("0.png", 0))
    assert (erased["found"], erased["decision"]) == (False, "drop")
    assert float(str(erased["edge_kept"])) < 0.1
    assert {row["decision"] for row in rows.values()} == {"keep"}
    invented = read_table(tmp_path / "audit" / "hallucinations.parquet", PREDICTIONS).to_pylist()
    assert [(row["image"], row["rank"], row["label"]) for row in invented] == [("7.png", 0, "car")]
    assert facts["hallucinations"]["by_class"] == {"car": 1}
    assert facts["survival"]["decisions"] == {"keep": 13, "ignore": 0, "drop": 1}
    cars = facts["survival"]["by_class"]["car"]
    assert cars["judged"] == 7
    assert cars["survived"] == sum(rows[f"{n}.png", 2 * n]["found"] is True for n in range(1, 7))


def test_the_gallery_shows_the_worst_first(
    day: ImageSet, damaged: ImageSet, detector: Run, tmp_path: Path
):
    to = tmp_path / "audit"
    config = AuditConfig(gallery=3)
    shown = audit(damaged, detector.folder, to, config=config, target_like=day)["gallery"]
    assert shown["worst"][0]["image"] == "0.png"
    assert [len(shown[part]) for part in ("worst", "colours", "hallucinations")] == [3, 0, 1]
    assert all((to / row[when]).exists() for row in shown["worst"] for when in ("before", "after"))


def test_a_detector_that_cannot_judge_is_not_asked(
    damaged: ImageSet, detector: Run, tmp_path: Path
):
    nothing = build_set(
        "nothing", damaged.classes, [{"image": "0.png", "file": str(damaged.files()[0])}], [],
        root=tmp_path,
    )  # fmt: skip
    facts = audit(damaged, detector.folder, tmp_path / "audit", target_like=nothing)
    assert facts["ability"]["recall"] is None
    assert not facts["judges"]
    assert "detector cannot judge" in facts["sentences"][0]
    assert facts["hallucinations"] is None
    assert facts["survival"]["judged"] is None
    rows = rows_of(tmp_path / "audit")
    assert {row["found"] for row in rows.values()} == {None}
    assert rows["0.png", 0]["decision"] == "drop"
    assert [key for key, row in rows.items() if row["decision"] != "keep"] == [("0.png", 0)]


def test_a_detector_that_is_never_sure_looks_for_no_hallucinations(
    day: ImageSet, damaged: ImageSet, detector: Run, tmp_path: Path
):
    corner = {"left": 0, "top": 0, "right": 3, "bottom": 3}
    keys = day.boxes.select(["image", "box", "label"]).to_pylist()
    images = [
        {"image": name, "file": str(file)}
        for name, file in zip(day.names(), day.files(), strict=True)
    ]
    wrong = build_set("wrong", day.classes, images, [key | corner for key in keys], root=tmp_path)
    config = AuditConfig(recall=0.0)
    facts = audit(damaged, detector.folder, tmp_path / "a", config=config, target_like=wrong)
    assert facts["judges"]
    assert facts["ability"]["sure"] == 1.0
    assert facts["hallucinations"] is None
    assert "At no score is 90% of what it sees there right" in facts["sentences"][0]
    config = AuditConfig(recall=0.0, hallucination=0.3)
    facts = audit(damaged, detector.folder, tmp_path / "b", config=config, target_like=wrong)
    assert facts["hallucinations"]["by_class"]["car"] >= 1


def test_images_without_labels_count_nowhere(
    day: ImageSet, damaged: ImageSet, detector: Run, tmp_path: Path
):
    some = day.take(np.arange(8) >= 4)
    bare = day.boxes.filter(pa.array(np.isin(day.boxes["image"].to_pylist(), some.names())))
    mixed = replace(spoilt(day, "labelled", [False] * 4 + [True] * 4), boxes=bare)
    unknown = spoilt(damaged, "labelled", [True] * 7 + [False])
    config = AuditConfig(recall=0.0, hallucination=0.3)
    alone, among = (
        audit(unknown, detector.folder, tmp_path / name, config=config, target_like=frames)
        for name, frames in (("alone", some), ("among", mixed))
    )
    assert among["ability"] == alone["ability"]
    assert among["hallucinations"]["of"] == 7
    told = read_table(tmp_path / "among" / "hallucinations.parquet", PREDICTIONS)
    assert "7.png" not in told["image"].to_pylist()


def test_without_a_sample_of_the_target_the_source_is_darkened(
    day: ImageSet, detector: Run, tmp_path: Path
):
    dark = translate(day, "gamma", tmp_path / "dark")
    facts = audit(dark, detector.folder, tmp_path / "audit", config=AuditConfig(frames=4))
    assert facts["ability"]["on"] == "darkened source"
    assert facts["ability"]["images"] == 4
    assert "learnt from the very frames" in facts["cautions"][0]
    assert facts["survival"]["decisions"]["keep"] == 14


def test_done_it_is_not_done_again_and_half_done_it_goes_on(
    damaged: ImageSet, detector: Run, tmp_path: Path
):
    to = tmp_path / "audit"
    first = audit(damaged, detector.folder, to)
    before = {file: file.stat().st_mtime_ns for file in to.rglob("*.parquet")}
    assert audit(damaged, detector.folder, to) == first
    assert {file: file.stat().st_mtime_ns for file in to.rglob("*.parquet")} == before
    write_json(to / "run.json", {**read_json(to / "run.json"), "done": False})
    whole = (to / "audit.parquet").read_bytes()
    for name in ("audit.parquet", "audit.json", "evidence.parquet"):
        (to / name).unlink()
    assert audit(damaged, detector.folder, to) == first
    assert (to / "audit.parquet").read_bytes() == whole
    assert (to / "before.parquet").stat().st_mtime_ns == before[to / "before.parquet"]


def test_the_source_is_found_where_it_was_beside_the_set_or_where_it_is_named(
    day: ImageSet, tmp_path: Path
):
    recorded = translate(day, "identity", tmp_path / "far" / "away" / "copy")
    assert trace(recorded).before.files()[0] == day.files()[0].resolve()
    lost = replace(recorded, made_by={})
    with pytest.raises(DatasetError, match=r"no set named scenes that holds them lies"):
        trace(lost)
    named = trace(lost, day.root)
    assert named.before.boxes == recorded.boxes
    beside = shutil.copytree(day.root, tmp_path / "far" / "day")
    assert trace(lost).before.files()[0] == (beside / "images" / "0.png").resolve()


def spoilt(damaged: ImageSet, column: str, values: Sequence[object]) -> ImageSet:
    place = IMAGES.get_field_index(column)
    table = damaged.images.set_column(
        place, IMAGES.field(column), pa.array(values, IMAGES.field(column).type)
    )
    return replace(damaged, images=table)


def test_a_set_without_lineage_and_sources_that_changed_are_refused(
    day: ImageSet, damaged: ImageSet, detector: Run, tmp_path: Path
):
    with pytest.raises(DatasetError, match="8 of the 8 images of 'scenes' name no source"):
        audit(day, detector.folder, tmp_path / "a")
    hashes = damaged.column("parent_sha256")
    changed = spoilt(damaged, "parent_sha256", [*hashes[:-1], "0" * 64])
    with pytest.raises(DatasetError, match=r"1 of 8 in 'scenes' have other bytes: 7\.png"):
        audit(changed, detector.folder, tmp_path / "b", source=day.root)
    fewer = read_set(day.root).take(np.arange(8) > 0)
    write_set(fewer, tmp_path / "fewer")
    with pytest.raises(DatasetError, match=r"'scenes' lacks 0\.png"):
        audit(damaged, detector.folder, tmp_path / "c", source=tmp_path / "fewer")


def test_a_source_that_is_gone_is_named(day: ImageSet, detector: Run, tmp_path: Path):
    moved = Path(shutil.copytree(day.root, tmp_path / "moved"))
    dark = translate(read_set(moved), "gamma", tmp_path / "dark")
    (moved / "images" / "3.png").unlink()
    with pytest.raises(DatasetError, match=r"must lie where the set says; .*3\.png does not"):
        audit(dark, detector.folder, tmp_path / "audit")


def test_a_detector_that_is_none_or_knows_other_classes_is_refused(
    damaged: ImageSet, detector: Run, tmp_path: Path
):
    with pytest.raises(CheckpointError, match="is not there"):
        audit(damaged, tmp_path / "nowhere", tmp_path / "a")
    renamed = pa.array(["horse"] * damaged.boxes.num_rows, pa.string())
    place = damaged.boxes.column_names.index("label")
    field = damaged.boxes.schema.field("label")
    horses = replace(
        damaged, classes=("horse",), boxes=damaged.boxes.set_column(place, field, renamed)
    )
    with pytest.raises(PlanError, match=r"knows car, pedestrian, and 'by hand' has horse"):
        audit(horses, detector.folder, tmp_path / "b")
    bare = replace(damaged, classes=(), boxes=damaged.boxes.slice(0, 0))
    with pytest.raises(PlanError, match=r"and 'by hand' has none\. Give another detector"):
        audit(bare, detector.folder, tmp_path / "c")


def test_a_detector_that_learnt_from_the_translation_is_refused_or_suspected(
    day: ImageSet, damaged: ImageSet, tmp_path: Path
):
    config = FitConfig(options={"width": 8, "neck": 16}, width=96, height=64, batch=2, steps=1,
                       warmup=1, threads=1, device="cpu")  # fmt: skip
    partial = fit([Ingredient(images=damaged)], day, config, 0, tmp_path / "partial")
    with pytest.raises(PlanError, match="learnt from 'by hand' itself"):
        audit(damaged, partial.folder, tmp_path / "a")
    some = damaged.where("n_boxes > 0")
    suspect = fit([Ingredient(images=some)], day, config, 0, tmp_path / "suspect")
    facts = audit(damaged, suspect.folder, tmp_path / "b")
    assert "made by the translator that is audited" in facts["cautions"][0]
    alone = suspect.folder / "copy.safetensors"
    alone.write_bytes((suspect.folder / "model.safetensors").read_bytes())
    facts = audit(damaged, alone, tmp_path / "c")
    assert "cannot be told" in facts["cautions"][0]


def test_a_translation_of_another_size_is_refused(day: ImageSet, detector: Run, tmp_path: Path):
    made = translate_by_hand(day, tmp_path / "made", {})
    smaller = np.zeros((32, 48, 3), np.uint8)
    made.files()[2].write_bytes(encode(smaller, ".png"))
    with pytest.raises(ImageError, match="is 48 x 32 and its source 96 x 64"):
        audit(made, detector.folder, tmp_path / "audit")


def test_training_respects_it(day: ImageSet, damaged: ImageSet, detector: Run, tmp_path: Path):
    audit(damaged, detector.folder, tmp_path / "audit", target_like=day)
    kept = respect(damaged, tmp_path / "audit")
    assert kept.boxes.num_rows == damaged.boxes.num_rows - 1
    assert kept.counts["audit"]["dropped"] == 1
    table = read_table(tmp_path / "audit" / "audit.parquet", AUDIT)
    ignore = pa.array(["ignore"] * table.num_rows, pa.string())
    write_table(
        tmp_path / "audit" / "audit.parquet",
        table.set_column(table.num_columns - 1, AUDIT.field("decision"), ignore),
    )
    ignored = respect(damaged, tmp_path / "audit")
    assert set(ignored.boxes["ignore_reason"].to_pylist()) == {"audit"}
    assert ignored.boxes_of().ignore.all()
    assert ignored.hash != damaged.hash
    with pytest.raises(DatasetError, match="An audit holds for the set that it judged alone"):
        respect(day, tmp_path / "audit")
    with pytest.raises(DatasetError, match=r"is a folder with audit\.parquet"):
        respect(damaged, tmp_path)
    with pytest.raises(DatasetError, match="is of kind 'recogniser'"):
        respect(damaged, detector.folder)
