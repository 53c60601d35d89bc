"""Large BDD100K files, read as columns: what comes out equals what comes frame by frame."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from otherlight.datasets import ImportConfig, bdd100k_bulk, import_set
from otherlight.datasets.bdd100k import read_bdd100k
from otherlight.datasets.bdd100k_columns import UnusualError, open_files, read_chunks
from otherlight.datasets.haul import gather
from otherlight.datasets.samples import Sample
from otherlight.datasets.tally import Tally
from otherlight.errors import DatasetError

from .sources import as_json, frame, paint


@dataclass
class Got:
    """All that an import's later steps see of a source, or its error."""

    said: Any


def read(path: Path, large: int, pixels: bool = False) -> Got:
    """Read by columns where ``large`` is 0, frame by frame where it is high."""
    before, bdd100k_bulk.LARGE = bdd100k_bulk.LARGE, large
    try:
        tally = Tally()
        content = read_bdd100k(path, None, ImportConfig(pixels=pixels), tally)
        assert (content.boxes is None) == (large > 0)
        samples: list[Sample] = []

        def row_of(sample: Sample) -> dict[str, Any]:
            samples.append(sample)
            return {"image": f"{len(samples)}.jpg", "labelled": sample.labelled}

        haul = gather(content, tally, row_of)
    except DatasetError as error:
        return Got(str(error))
    finally:
        bdd100k_bulk.LARGE = before
    boxes = haul.boxes
    names = [boxes.names[code] for code in boxes.label.tolist()]
    places = [boxes.at(row) for row in range(len(boxes))]
    columns = {
        name: column.to_pylist()
        for name, column in sorted(boxes.further.items())
        if column.null_count < len(column)
    }
    for words in columns.get("attributes", ()):
        words.sort()
    seen = [(each.image, each.file, each.at, each.labelled, dict(each.columns)) for each in samples]
    assert [each[2] for each in seen] == [haul.at(row) for row in range(len(seen))]
    # What is no number must be none in both, and equals nothing, itself least.
    edges = [["nan" if edge != edge else edge for edge in box] for box in boxes.edges.tolist()]
    return Got((seen, boxes.image.tolist(), names, edges, places, columns, tally))


def same(path: Path, pixels: bool = False) -> Any:
    """Read both ways; what came, which must be alike."""
    columns, plain = read(path, 0, pixels), read(path, 1 << 60, pixels)
    assert columns == plain
    return columns.said


words = st.sampled_from(["clear", "rainy", "hail", "", "é\n", 'a"b', "undefined"])
flags = st.sampled_from([True, False, None, "true", 1, 1.5, -0.0, 10**25, [1, {"a": None}], {}])
attributes = st.none() | st.dictionaries(
    st.sampled_from(["occluded", "Crowd", "crowd", "truncated", "trafficLightColor", "weather"]),
    flags | st.sampled_from(["green", "none", "RED"]) | words,
    max_size=4,
)
numbers = (
    st.integers(-(10**20), 10**20)
    | st.floats(-1e4, 1e4)
    | st.sampled_from([0.1, 1e-300, 123456789.123456789, -0.0, 1e22])
)
rarely = st.sampled_from([None, "12", True, [1], float("nan"), float("inf")])
edge = st.one_of([numbers] * 30 + [rarely])
box = st.fixed_dictionaries({"x1": edge, "y1": edge, "x2": edge, "y2": edge})
category = st.sampled_from(["car", "person", "bike", "lane", "drivable area", "train", "Car"])
label = st.fixed_dictionaries(
    {"category": category},
    optional={
        "attributes": attributes,
        "box2d": st.none() | box,
        "id": st.none() | st.integers() | st.text(max_size=3) | st.floats(0, 9),
        "poly2d": st.just([{"vertices": [[1.5, 2]], "closed": False}]),
    },
)
one = st.fixed_dictionaries(
    {"name": st.text("abc/.0", min_size=1, max_size=4).map(lambda stem: f"{stem}z.jpg")},
    optional={
        "attributes": attributes,
        "timestamp": st.none() | st.integers() | words,
        "videoName": st.none() | st.sampled_from(["v", "b1c66a42-6f7d68ca"]),
        "frameIndex": st.none() | st.integers(-1, 1 << 32) | st.floats(0, 9),
        "index": st.integers(0, 9),
        "labels": st.none() | st.lists(label, max_size=4),
    },
)
PUT = st.sampled_from([*'{}[],:"\\ 0e-\n\x00é', "", "null", "NaN"])
frames = st.lists(one, min_size=1, max_size=5)
NAN_BOX = {"x1": 0, "y1": 0, "x2": 0, "y2": float("nan")}


@settings(max_examples=40, deadline=None)
@given(frames, st.sampled_from([None, 4]))
def test_columns_equal_frames(many: list[Any], indent: int | None):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.json"
        path.write_text(json.dumps(many, indent=indent))
        same(path)


@settings(max_examples=40, deadline=None)
@given(frames, st.integers(0), PUT)
@example([{"name": "0z.jpg", "labels": [{"category": "car", "box2d": NAN_BOX}]}], 1, "{")
def test_torn_and_mutated_text_is_an_error_or_the_same(many: list[Any], at: int, put: str):
    text = json.dumps(many)
    at %= len(text)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.json"
        path.write_text(text[:at] + put + text[at + 1 :])
        columns, plain = read(path, 0).said, read(path, 1 << 60).said
        # DuckDB forgives a comma too many, and odd spellings in what is not read.
        assert columns == plain or (isinstance(plain, str) and "must be JSON" in plain)
        path.write_text(text[:at])
        same(path)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "[]", "5", "[5]", "[null]", "[[]]", '{"frames": [{"name": "a.jpg"}]}',
        '[{"name": "a.jpg"}', '[{"name": "a.jpg"}] 5', '[{"name": "a.jpg"},]', "[" * 100_000,
        '[{"name": "a.jpg"}, {"name": 5}]', '[{"name": "a.jpg", "labels": {}}]',
        '[{"name": "a.jpg", "name": "b.jpg"}]', '[{"name": "../a.jpg"}]', '[{"Name": "a.jpg"}]',
        '[{"name": "a.jpg", "labels": [null]}]', '[{"name": "a.jpg", "labels": [{}]}]',
        '[{"name": "a.jpg", "labels": [{"category": 5}]}]',
        '[{"name": "a.jpg", "attributes": "x"}]', '[{"name": "a\\ud800.jpg"}]',
        '[{"name": "a.jpg", "attributes": {"a": 1, "a": 2, "b": 1e5, "c": 1.50, "d": "\\u00e9"}}]',
        '[{"name": "a.jpg", "attributes": {"x": ' + "[" * 5000 + "]" * 5000 + "}}]",
        '[{"name": "a.jpg", "labels": [{"category": "car", "attributes": {"x": '
        + "[" * 5000 + "]" * 5000 + '}, "box2d": {"x1": 1, "y1": 1, "x2": 2, "y2": 2}}]}]',
        '[{"name": "' + "x" * 5_000_000 + '.jpg"}]', "\ufeff[{\"name\": \"a.jpg\"}]",
        '[{"name": "a.jpg", "labels": [{"category": "car", "box2d": {"x1": 1e999, "y1": 1,'
        ' "x2": 2, "y2": 2}}]}]',
    ],
)  # fmt: skip
def test_odd_texts_are_read_alike(text: str, tmp_path: Path):
    path = tmp_path / "labels.json"
    path.write_text(text)
    same(path)


def test_bytes_that_are_no_text_are_refused_alike(tmp_path: Path):
    path = tmp_path / "labels.json"
    path.write_bytes(b'[{"name": "a\xff.jpg"}]')
    assert "must be JSON" in same(path)


def test_a_fault_far_into_a_file_is_named_with_its_place(tmp_path: Path):
    many = [frame(f"{n:08x}-00000000.jpg") for n in range(5000)]
    many[4321]["labels"][0]["box2d"]["x2"] = "wide"
    path = as_json(tmp_path / "labels.json", many)
    said = same(path)
    assert said.endswith("frame 000010e1-00000000.jpg, label 1. Mend it.")
    many[4321]["labels"][0]["box2d"]["x2"] = float("nan")
    as_json(path, many)
    with pytest.raises(DatasetError, match=r"finite numbers; .*nan.* in .*frame 000010e1-0.*bel 1"):
        import_set("bdd100k", path, tmp_path / "out", config=ImportConfig(pixels=False))


def test_what_follows_the_unusual_is_read_once(tmp_path: Path):
    many = [frame(f"{n:08x}-00000000.jpg") for n in range(5000)]
    many[3000]["labels"][0] |= {"category": "lane", "box2d": [1, 2]}
    samples, *_, tally = same(as_json(tmp_path / "labels.json", many))
    assert len(samples) == 5000
    assert tally.boxes == 5000


def test_labels_of_absent_images_are_dropped_alike(tmp_path: Path):
    many = [frame(f"{n:08x}-00000000.jpg") for n in range(4)]
    many[1]["labels"] = many[1]["labels"] * 3
    path = as_json(tmp_path / "labels.json", many)
    for name in ("00000000", "00000002", "0000000f"):
        paint(tmp_path / f"{name}-00000000.jpg")
    samples, images, *_, tally = same(path, pixels=True)
    assert len(samples) == 2
    assert images == [0, 1]
    assert tally.dropped["box of an image without file"] == 4


def test_tracks_of_large_videos(tmp_path: Path):
    drive = "b1c66a42-6f7d68ca"
    many = [
        frame(f"{drive}-{n:07}.jpg", videoName=drive if n % 3 else None, frameIndex=n)
        for n in range(6)
    ]
    *_, columns, _ = same(as_json(tmp_path / "labels.json", many))
    assert columns["track"] == [None, "12", "12", None, "12", "12"]


@pytest.mark.parametrize("name", ["it's.json", 'a"b.json', "a b.json", "é.json", "a[1].json"])
def test_names_of_files_are_no_sql_and_no_pattern(name: str, tmp_path: Path):
    path = as_json(tmp_path / name, [frame()])
    as_json(tmp_path / "a1.json", [frame("other.jpg")])
    samples, *_ = same(path)
    assert [image for image, *_ in samples] == ["0000f77c-6257be58.jpg"]


def test_duckdb_can_read_these_files_and_nothing_else(tmp_path: Path):
    path = as_json(tmp_path / "a.json", [frame()])
    other = as_json(tmp_path / "b.json", [frame()])
    connection = open_files([path])
    assert len(list(read_chunks(path, connection))) == 1
    with pytest.raises(UnusualError):
        list(read_chunks(other, connection))
    for query in (
        f"SELECT * FROM read_text('{other}')",
        f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(query)
    assert not (tmp_path / "out.csv").exists()
