"""Importing: rules, choices, sequences; the second import reads only the set."""

import os
import sys
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from otherlight.datasets import ImportConfig, import_set, importing, json_stream
from otherlight.datasets.sequences import set_sequences, split_by_gap
from otherlight.errors import DatasetError, ImageError, PlanError
from otherlight.sets import ImageSet

from .sources import SHARED, as_json, coco, frame, paint, yolo


def kept(tmp_path: Path, labels: str, **options: Any) -> ImageSet:
    source = yolo(tmp_path / "in", {"a.jpg": labels, "b.jpg": "0 .5 .5 .2 .2"})
    return import_set("yolo", source, tmp_path / "out", config=ImportConfig(**options))


@pytest.mark.parametrize(
    ("labels", "dropped", "noted", "first"),
    [
        ("0 .5 .5 0 .2", "box without area", None, None),
        ("0 .5 .5 -.1 .2", "box without area", None, None),
        ("0 1.5 .5 .2 .2", "box outside the image", None, None),
        ("0 1 .5 .2 .2", None, "box clipped at the image's border", (90, 20, 100, 30)),
        ("0 .901 .5 .2 .2", None, "box clipped at the image's border by rounding (half a pixel at "
         "most)", (80.1, 20, 100, 30)),
    ],
)  # fmt: skip
def test_boxes_beyond_the_image(
    tmp_path: Path, labels: str, dropped: str | None, noted: str | None, first: Any
):
    got = kept(tmp_path, labels)
    assert got.counts["dropped"] == ({dropped: 1} if dropped else {})
    assert got.counts["noted"] == ({noted: 1} if noted else {})
    assert got.counts["first"].get(dropped or noted, "").endswith("a.txt, line 1")
    assert got.counts["boxes_read"] == 2
    if first:
        row = got.boxes.to_pylist()[0]
        assert [row[e] for e in ("left", "top", "right", "bottom")] == pytest.approx(first)


def test_classes_are_merged_dropped_and_counted(tmp_path: Path):
    source = yolo(
        tmp_path / "in", {"a.jpg": "0 .5 .5 .2 .2\n1 .5 .5 .2 .2\n2 .5 .5 .2 .2"}, "car\nvan\nsign"
    )
    config = ImportConfig(classes={"vehicle": ("car", "van", "tank")})
    got = import_set("yolo", source, tmp_path / "out", config=config)
    assert got.classes == ("vehicle",)
    assert [dict(words) for words in got.boxes["attributes"].to_pylist()] == [
        {"category": "car"}, {"category": "van"},
    ]  # fmt: skip
    assert got.counts["dropped"] == {"class 'sign' not chosen": 1}
    assert got.counts["noted"] == {"class 'tank' asked for, not in the source": 1}


def test_low_boxes_are_ignored_and_crowds_stay_crowds(tmp_path: Path):
    got = kept(tmp_path, "0 .5 .5 .2 .1\n0 .5 .5 .2 .3", ignore_below=0.15)
    assert got.boxes["ignore"].to_pylist() == [True, False, False]
    assert got.boxes["ignore_reason"].to_pylist() == ["below 15 %", None, None]
    assert got.counts["noted"] == {"box below 15 % of the image's height, ignored": 1}
    got = import_set(
        "coco", coco(tmp_path / "coco"), tmp_path / "crowd", config=ImportConfig(ignore_below=0.9)
    )
    assert got.boxes["ignore_reason"].to_pylist() == ["below 90 %", "crowd"]


def test_filters_choose_and_are_counted(tmp_path: Path):
    got = kept(tmp_path, "1 .5 .5 .2 .2", where="n_car = 0", where_boxes="label = 'car'")
    assert got.names() == ["a.jpg"]
    assert got.boxes.num_rows == 0
    assert got.counts["dropped"] == {
        "image left out by where": 1, "box of an image left out by where": 1,
        "box left out by where_boxes": 1,
    }  # fmt: skip
    assert got.made_by["config"]["where"] == "n_car = 0"
    assert got.made_by["command"] == "import yolo"


def test_sequences_by_gap():
    assert split_by_gap([1, 2, 103, 104, 300], 100) == [1, 1, 103, 103, 300]
    names = ["b/F_0205.jpg", "a/F_0001.jpg", "a/F_0101.jpg", "G_0102_x.jpg"]
    rows: list[dict[str, Any]] = [{"image": name} for name in names]
    set_sequences(rows, None, 100)
    assert [(row["sequence"], row["frame"]) for row in rows] == [
        ("F_000205", 0), ("F_000001", 0), ("F_000001", 100), ("G_000102", 0),
    ]  # fmt: skip


def test_sequences_by_gap_keep_folders_that_count_for_themselves_apart():
    rows: list[dict[str, Any]] = [{"image": "0001/000001.png"}, {"image": "0002/000001.png"}]
    set_sequences(rows, None, 100)
    assert [row["sequence"] for row in rows] == ["0001/000001", "0002/000001"]


def test_sequences_by_folder_and_by_expression(tmp_path: Path):
    paint(tmp_path / "in" / "x" / "cam03_1.jpg")
    paint(tmp_path / "in" / "y" / "cam03_2.jpg")
    for rule, expected in (("folder", ["x", "y"]), (r"(cam\d+)_", ["cam03", "cam03"])):
        config = ImportConfig(sequence=rule)
        got = import_set("folder", tmp_path / "in", tmp_path / f"o{len(rule)}", config=config)
        assert got.column("sequence") == got.column("group") == expected


def test_the_same_import_again_reads_only_the_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first = kept(tmp_path, "0 .5 .5 .2 .2")
    with monkeypatch.context() as patch:
        patch.delattr(importing, "look_at_all")
        again = import_set("yolo", tmp_path / "in", tmp_path / "out", config=ImportConfig())
    assert again.hash == first.hash
    (tmp_path / "in/labels/a.txt").write_text("1 .5 .5 .2 .2\n1 .5 .5 .2 .2")
    with pytest.raises(Exception, match="must be empty or hold this very set"):
        import_set("yolo", tmp_path / "in", tmp_path / "out", config=ImportConfig())


def test_unreadable_images_are_named_or_counted(tmp_path: Path):
    names = {f"{n}.jpg": "0 .5 .5 .2 .2" for n in "abcdef"}
    source = yolo(tmp_path / "in", names)
    whole = (source / "images/a.jpg").read_bytes()
    (source / "images/a.jpg").write_bytes(whole[: len(whole) // 2])
    (source / "images/b.jpg").write_bytes(b"")
    (source / "images/c.jpg").write_bytes(b"no image at all")
    # Bytes after the end are no fault.
    (source / "images/d.jpg").write_bytes((source / "images/d.jpg").read_bytes() + b"maker's notes")
    with pytest.raises(ImageError, match=r"3 of 6 images cannot be read.*a\.jpg.*b\.jpg.*c\.jpg"):
        import_set("yolo", source, tmp_path / "out")
    config = ImportConfig(skip_unreadable=True)
    got = import_set("yolo", source, tmp_path / "out", config=config)
    assert got.names() == ["d.jpg", "e.jpg", "f.jpg"]
    assert got.counts["dropped"] == {"unreadable image": 3, "box of an unreadable image": 3}
    assert (got.counts["read"], got.counts["kept"]) == (6, 3)


YOLO_FAULTS: dict[str, tuple[dict[str, str | None], dict[str, Any], str]] = {
    "id out of range": (
        {"a.jpg": "0 .5 .5 .2 .2\n7 .5 .5 .2 .2"}, {}, r"must lie in 0 to 1; .*a\.txt, line 2 has 7"
    ),
    "ids from one": (
        {"a.jpg": "1 .5 .5 .2 .2\n2 .5 .5 .2 .2"}, {},
        r"seem to start at 1, since 0 never occurs: say class_base: 1",
    ),
    "negative id": ({"a.jpg": "-1 .5 .5 .2 .2"}, {}, r"a\.txt, line 1 has -1"),
    "half an id": ({"a.jpg": "0.5 .5 .5 .2 .2"}, {}, r"the id in .*a\.txt, line 1 is '0\.5'"),
    "nan": ({"a.jpg": "0 nan .5 .2 .2"}, {}, r"must be finite numbers; .* in .*a\.txt, line 1"),
    "pixels": ({"a.jpg": "0 40 15 60 35"}, {}, r"60 came in .*a\.txt, line 1, which looks like px|"
               r"60 came in .*line 1, which looks like pixels"),
    "words": ({"a.jpg": "car .5 .5 .2 .2"}, {}, r"a\.txt, line 1 is 'car \.5 \.5 \.2 \.2'"),
    "too few": ({"a.jpg": "0 .5 .5 .2"}, {}, r"a\.txt, line 1 has 3 numbers"),
    "no labels": ({"a.jpg": None}, {}, r"there is no such folder.*holds images/ and labels/"),
    "one stem": (
        {"a.jpg": "0 .5 .5 .2 .2", "a.png": None}, {},
        r"belongs to one image; .*a\.txt would belong to a\.jpg and a\.png",
    ),
    "strict": ({"a.jpg": "0 1 .5 .2 .2"}, {"strict": True}, r"1 x box clipped at the image's bord"),
    "one class twice": (
        {"a.jpg": "0 .5 .5 .2 .2"}, {"classes": {"x": ("car",), "y": ("car",)}},
        r"'car' is named under both 'x' and 'y'",
    ),
    "no class": (
        {"a.jpg": "0 .5 .5 .2 .2"}, {"classes": {"x": ("cars",)}},
        r"none of cars is there\. Did you mean 'car'",
    ),
    "nothing left": (
        {"a.jpg": "0 .5 .5 .2 .2"}, {"where": "n_car = 5"}, r"keeps none of 1\. Widen it"
    ),
    "no pixels": ({"a.jpg": "0 .5 .5 .2 .2"}, {"pixels": False}, r"need the images' sizes"),
    "no number": ({"a.jpg": "0 .5 .5 .2 .2"}, {"sequence_gap": 9}, r"nine digits .* 'a\.jpg' has"),
    "no sequence": (
        {"a.jpg": "0 .5 .5 .2 .2"}, {"sequence": r"(\d+)"}, r"must fit every image; 'a\.jpg' does"
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", YOLO_FAULTS)
def test_a_fault_in_yolo_is_one_sentence(fault: str, tmp_path: Path):
    labels, options, message = YOLO_FAULTS[fault]
    source = yolo(tmp_path / "in", labels)
    with pytest.raises(DatasetError, match=message):
        import_set("yolo", source, tmp_path / "out", config=ImportConfig(**options))
    assert not (tmp_path / "out").exists()


def test_one_place_named_for_two_splits_has_none(tmp_path: Path):
    source = yolo(tmp_path / "in", {"a.jpg": "0 .5 .5 .2 .2"})
    (source / "data.yaml").write_text("names: [a]\ntrain: images\nval: images")
    got = import_set("yolo", source, tmp_path / "out")
    assert got.column("split") == [None]
    assert got.counts["noted"] == {"train and val of data.yaml name one place: split left open": 1}


def test_a_label_file_without_image_is_counted_or_refused(tmp_path: Path):
    source = yolo(tmp_path / "in", {"a.jpg": "0 .5 .5 .2 .2"})
    (source / "labels/z.txt").write_text("0 .5 .5 .2 .2")
    got = import_set("yolo", source, tmp_path / "out")
    assert got.counts["dropped"] == {"label file without image": 1}
    with pytest.raises(DatasetError, match=r"1 x label file without image, first .*z\.txt"):
        import_set("yolo", source, tmp_path / "strict", config=ImportConfig(strict=True))


def test_no_label_file_matches(tmp_path: Path):
    source = yolo(tmp_path / "in", {"a.jpg": "0 .5 .5 .2 .2"})
    (source / "labels/a.txt").rename(source / "labels/b.txt")
    with pytest.raises(DatasetError, match="Expected label files named as the images; none in"):
        import_set("yolo", source, tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("names: [", r"data\.yaml must be YAML"),
        ("- a", r"must hold keys such as train, val and names"),
        ("names: 3", r"must be a list of class names or a map from id to name; 3 came"),
        (
            "names: [a]\ntrain: images\nval: one.txt",
            r"belongs to one split; .*a\.jpg is in train and",
        ),
        ("names: [a]\ntrain: list.txt", r"must list images, one a line; 'a\.gif' is none"),
        ("names: [a]\ntrain: void.txt", r"must list images, one a line; it is empty"),
    ],
)
def test_a_fault_in_data_yaml_is_one_sentence(text: str, message: str, tmp_path: Path):
    source = yolo(tmp_path / "in", {"a.jpg": "0 .5 .5 .2 .2"})
    (source / "data.yaml").write_text(text)
    (source / "list.txt").write_text("a.gif\n")
    (source / "void.txt").write_text("\n")
    (source / "one.txt").write_text("images/a.jpg\n")
    with pytest.raises(DatasetError, match=message):
        import_set("yolo", source, tmp_path / "out")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": []}, r"must hold images and categories; .* has 0 and 2"),
        ({"images": [{"id": 3, "file_name": "../a.jpg"}]}, r"the folder.*'\.\./a\.jpg' came"),
        ({"images": [{"id": 3, "file_name": "/etc/a.jpg"}]}, r"relative path.*'/etc/a\.jpg' came"),
        ({"images": [{"id": 3}]}, r"file_name must be text; 'None' came"),
        ({"images": [{"id": 3, "file_name": "z.jpg"}]}, r"none of 1 does \(such as 'z\.jpg'\)"),
        ({"images": [{"id": 3, "file_name": "a.jpg"}] * 2}, r"ids must be unique; 3 comes again"),
        ({"annotations": [5]}, r"Expected a JSON object; '5' came in .*annotation \?"),
        (
            {"annotations": [{"id": 1, "image_id": 3, "category_id": 2, "bbox": [1, 2, 3]}]},
            r"bbox must be x, y, width, height; \[1, 2, 3\] came in .*annotation 1",
        ),
        (
            {"annotations": [{"id": 1, "image_id": 3, "category_id": 2, "bbox": [1, 2, 3, "4"]}]},
            r"bbox must be numbers; '4' came in .*annotation 1",
        ),
        (
            {"annotations": [{"id": 1, "image_id": 3, "category_id": 2,
                              "bbox": [float("nan"), 2, 3, 4]}]},
            r"must be finite numbers; nan.* came in .*annotation 1",
        ),
    ],
)  # fmt: skip
def test_a_fault_in_coco_is_one_sentence(changes: dict[str, Any], message: str, tmp_path: Path):
    with pytest.raises(DatasetError, match=message):
        import_set("coco", coco(tmp_path / "in", **changes), tmp_path / "out")


def test_images_that_are_missing_or_of_another_size_are_counted(tmp_path: Path):
    size = {"width": 200, "height": 50}
    images = [{"id": 3, "file_name": "a.jpg", **size}, {"id": 4, "file_name": "z.jpg"}]
    got = import_set("coco", coco(tmp_path / "in", images=images), tmp_path / "out")
    assert got.counts["dropped"] == {"labels without image file": 1}
    assert got.counts["noted"] == {
        "image of another size than its labels say (the image's is kept)": 1,
        "image that the label file does not mention, left out": 1,
    }
    assert got.column("width") == [100]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"name": "a.jpg"', r"must be JSON; line 1 is not"),
        ('[\n{"name": "a.jpg"},\n nonsense]', r"must be JSON; line 3 is not"),
        ("[] 5", r"expected nothing after the end"),
        ("5", r"expected \[ or \{ at the beginning"),
        ("[" * 100_000, r"must be JSON"),
        ("[]", r"must hold a list of frames; it holds none"),
        ('[{"name": 5}]', r"name must be text; '5' came"),
        ('[{"name": "a.jpg", "labels": 3}]', r"labels must be a list; '3' came in .*frame a\.jpg"),
        ('[{"name": "a.jpg", "labels": [{}]}]', r"category must be text; .*frame a\.jpg, label 1"),
        (
            '[{"name": "a.jpg", "labels": [{"category": "car", "box2d": {"x1": "0"}}]}]',
            r"x1 must be numbers; '0' came in .*frame a\.jpg, label 1",
        ),
    ],
)
def test_a_fault_in_bdd100k_is_one_sentence(text: str, message: str, tmp_path: Path):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(DatasetError, match=message):
        import_set(
            "bdd100k", tmp_path / "x.json", tmp_path / "o", config=ImportConfig(pixels=False)
        )


def test_json_longer_than_the_window_is_read_whole(tmp_path: Path):
    frames = [frame(f"{n:08x}-00000000.jpg", padding="x" * 50_000) for n in range(200)]
    source = as_json(tmp_path / "x.json", frames)
    assert source.stat().st_size > 2 * (1 << 22)
    got = import_set("bdd100k", source, tmp_path / "out", config=ImportConfig(pixels=False))
    assert len(got) == got.boxes.num_rows == 200


@pytest.mark.parametrize("step", [1, 2, 3, 5, 64])
def test_json_is_the_same_however_it_is_cut(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(json_stream, "_STEP", step)
    path = as_json(tmp_path / "x.json", {"a": [12, 345.5, -6e3], "b": "é\n", "c": 789, "d": []})
    assert list(json_stream.stream_json(path)) == [
        ("a", 12), ("a", 345.5), ("a", -6e3), ("b", "é\n"), ("c", 789),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("yollo", "in"), r"no format 'yollo'\. Did you mean 'yolo'"),
        (("yolo", "gone"), r"Expected a YOLO set at .*gone; there is nothing"),
        (("coco", "gone"), r"Expected a JSON file of labels at .*gone; there is nothing"),
        (("coco", "in"), r"Expected one JSON file of labels in .*in; there are 0"),
        (("folder", "gone"), r"Expected a folder of images at .*gone; there is none"),
        (("folder", "in"), r"Expected images .* under .*in; there are none"),
    ],
)
def test_a_source_that_is_not_there(arguments: tuple[str, str], message: str, tmp_path: Path):
    (tmp_path / "in").mkdir()
    with pytest.raises(DatasetError, match=message):
        import_set(arguments[0], tmp_path / arguments[1], tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "dev"}, "split is one of train, val, test, pool; 'dev' came"),
        ({"timeofday": "noon"}, "timeofday is one of day, night, twilight; 'noon' came"),
        ({"weather": "hail"}, "weather is one of clear"),
        ({"ignore_below": 3.0}, "a share of the image's height, 0 to 1; 3 came"),
        ({"sequence": "(", "sequence_gap": None}, r"regular expression; '\(' is none"),
        ({"sequence": r"\d"}, "has no group"),
        ({"sequence": "folder", "sequence_gap": 3}, "takes sequence or sequence_gap; both came"),
        ({"sequence_gap": 0}, "sequence_gap must be at least 1; 0 came"),
    ],
)
def test_an_option_that_cannot_be(options: dict[str, Any], message: str):
    with pytest.raises(PlanError, match=message):
        ImportConfig(**options)


def test_importing_never_loads_torch(tmp_path: Path):
    source = yolo(tmp_path / "in", {"a.jpg": "0 .5 .5 .2 .2"})
    program = (
        "import sys; from pathlib import Path; from otherlight.datasets import import_set; "
        f"import_set('yolo', Path({str(source)!r}), Path({str(tmp_path / 'out')!r})); "
        "sys.exit('torch' in sys.modules)"
    )
    assert run([sys.executable, "-c", program], env=os.environ, check=False).returncode == 0


COCO_NAMES = ("person", "bicycle", "car", "motorcycle", "plane", "bus", "train", "truck")
REAL: dict[str, tuple[str, str, str | None, dict[str, Any], int, int]] = {
    "roadscene yolo": ("yolo", "roadscene/labels_yolo", "roadscene/images", {}, 152, 789),
    "roadscene coco": ("coco", "roadscene/coco_night.json", "roadscene/images/night", {}, 72, 464),
    "roadscene scalabel": (
        "bdd100k", "roadscene/scalabel_day.json", "roadscene/images/day", {}, 50, 241
    ),
    "carla": ("yolo", "carla", None, {"classes": {"vehicle": ("vehicle",)}}, 350, 559),
    "highway40": ("yolo", "highway40", None, {}, 350, 849),
    "dawn_fog": (
        "yolo", "dawn_fog/yolo_orig_ids", "dawn_fog/images",
        {"class_base": 1, "names": COCO_NAMES},
        200, 1295,
    ),
    "bdd100k 2018": ("bdd100k", "formats/bdd100k_v1", None, {"pixels": False}, 1, 1),
    "bdd100k scalabel": (
        "bdd100k", "formats/bdd100k/tests/label/testcases/example_ignore_annotation.json", None,
        {"pixels": False}, 2, 1,
    ),
    "folder": ("folder", "amos", None, {"sequence": r"(cam\d+)"}, 297, 0),
}  # fmt: skip


@pytest.mark.skipif(not SHARED.exists(), reason="no real images beside this checkout")
@pytest.mark.parametrize("name", REAL)
def test_real_sets_import_with_the_right_counts(name: str, tmp_path: Path):
    format, source, images, options, expected, boxes = REAL[name]
    got = import_set(
        format, SHARED / source, tmp_path / "out",
        images=None if images is None else SHARED / images, config=ImportConfig(**options),
    )  # fmt: skip
    assert (len(got), got.boxes.num_rows) == (expected, boxes)


@pytest.mark.skipif(not SHARED.exists(), reason="no real images beside this checkout")
def test_roadscene_has_nine_groups_by_night(tmp_path: Path):
    road = SHARED / "roadscene"
    config = ImportConfig(sequence_gap=100)
    got = import_set(
        "yolo",
        road / "labels_yolo/night",
        tmp_path / "o",
        images=road / "images/night",
        config=config,
    )
    assert len(set(got.column("group"))) == 9
