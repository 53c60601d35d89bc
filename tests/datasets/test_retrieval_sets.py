"""Retrieval sets: SfM-120k, revisited Oxford and Paris, Tokyo 24/7, in their official layouts."""

import contextlib
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otherlight.datasets import ImportConfig, import_set
from otherlight.datasets.revisited import parse_revisited
from otherlight.datasets.samples import Tally
from otherlight.datasets.sfm120k import parse_sfm120k
from otherlight.errors import DatasetError
from otherlight.sets import ImageSet, read_set
from otherlight.sets.describe import describe_set

from .miniatures.pictures import draw_places
from .miniatures.retrieval import write_pickle, write_revisited, write_sfm120k, write_tokyo247

BLIND = ImportConfig(pixels=False)


def grades_of(images: ImageSet) -> dict[tuple[str, str], str]:
    return {(row["query"], row["image"]): row["grade"] for row in images.relevance.to_pylist()}


def roles_of(images: ImageSet) -> dict[str, str]:
    words = zip(images.names(), images.column("attributes"), strict=True)
    return {name: dict(each)["role"] for name, each in words}


@pytest.mark.parametrize("protocol", [-2, 0, 2, 5])
def test_sfm120k(protocol: int, tmp_path: Path):
    places = draw_places(3, views=4)
    source = write_sfm120k(tmp_path, places, val={"place_2"}, protocol=protocol)
    got = import_set("sfm120k", source, tmp_path / "out")
    assert (len(got), got.column("split").count("train")) == (12, 8)
    assert sorted(set(got.column("place"))) == ["train/0", "train/1", "val/2"]
    assert got.column("group") == got.column("place")
    assert all(name[-5:-4] != "/" and name.endswith(".jpg") for name in got.names())
    name = Path(got.names()[0]).stem
    assert got.names()[0] == f"{name[-2:]}/{name[-4:-2]}/{name[-6:-4]}/{name}.jpg"
    pairs = grades_of(got)
    assert len(pairs) == 9
    assert set(pairs.values()) == {"positive"}
    place = dict(zip(got.names(), got.column("place"), strict=True))
    assert all(place[query] == place[image] for query, image in pairs)
    roles = roles_of(got)
    assert {q for q, _ in pairs} == {name for name, role in roles.items() if role == "both"}
    assert got.counts["dropped"] == got.counts["noted"] == {}


def test_a_whitening_pickle_is_a_set_of_pairs_whose_images_lie_behind_a_link(tmp_path: Path):
    source = write_sfm120k(tmp_path, draw_places(3, views=4), val={"place_2"})
    small = import_set("sfm120k", source.with_name("retrieval-SfM-30k"), tmp_path / "out")
    large = import_set("sfm120k", source / "retrieval-SfM-120k-whiten.pkl", tmp_path / "other")
    assert len(small) == len(large) == 8
    assert small.hash == large.hash
    assert small.column("place") == [None] * 8
    assert len(small.relevance) == 6


def test_keys_are_those_of_the_lists_of_the_same_images(tmp_path: Path):
    source = write_sfm120k(tmp_path, draw_places(2, views=2), val={"place_1"})
    got = import_set("sfm120k", source, tmp_path / "out")
    listed = tmp_path / "train_day.txt"
    listed.write_text("\n".join(name.removesuffix(".jpg") for name in got.names()))
    by_list = import_set("lists", listed, tmp_path / "list", images=source / "ims")
    assert by_list.names() == got.names()
    blind = import_set("sfm120k", source, tmp_path / "blind", config=BLIND)
    assert blind.names() == got.names()


def test_sfm120k_counts_images_without_file_and_pairs_that_stand_twice(tmp_path: Path):
    source = write_sfm120k(tmp_path, draw_places(2, views=3), val={"place_1"})
    part: dict[str, list[Any]] = {
        "cids": ["0" * 26 + "a1b2c3", "f" * 5 + "gone"],
        "cluster": [7, 7], "qidxs": [0, 0, 0, 0], "pidxs": [1, 1, 0, 0],
    }  # fmt: skip
    path = write_pickle(source / "mine.pkl", {"train": part}, 2)
    file = source / "ims" / "c3" / "b2" / "a1" / part["cids"][0]
    file.parent.mkdir(parents=True)
    some = next(path for path in (source / "ims").rglob("*") if path.is_file())
    file.write_bytes(some.read_bytes())
    got = import_set("sfm120k", path, tmp_path / "out")
    assert got.names() == [f"c3/b2/a1/{part['cids'][0]}.jpg"]
    assert got.counts["dropped"] == {
        "image id without file": 1,
        "pair of an image without file or of another split": 2,
    }
    assert got.counts["noted"] == {"pair of query and positive that stands twice": 1}
    assert got.counts["first"]["image id without file"].endswith("/ne/go/ff/fffffgone")


def test_an_id_of_both_splits_stays_in_the_first(tmp_path: Path):
    part = {"cids": ["aaaaaa", "bbbbbb"], "cluster": [1, 1], "qidxs": [0], "pidxs": [1]}
    path = write_pickle(tmp_path / "x.pkl", {"train": part, "val": part}, 4)
    got = import_set("sfm120k", path, tmp_path / "out", config=BLIND)
    assert got.column("split") == ["train", "train"]
    assert len(got.relevance) == 1
    assert got.counts["noted"]["image id that stands twice, first split and cluster kept"] == 2
    with pytest.raises(DatasetError, match="strict import leaves nothing out"):
        import_set("sfm120k", path, tmp_path / "s", config=ImportConfig(pixels=False, strict=True))


@pytest.mark.parametrize("protocol", [-2, 0, 2, 5])
@pytest.mark.parametrize("name", ["roxford5k", "rparis6k"])
def test_revisited(name: str, protocol: int, tmp_path: Path):
    source = write_revisited(tmp_path, name, draw_places(2, views=6), protocol)
    got = import_set("revisited", source, tmp_path / "out")
    assert len(got) == 12
    assert set(got.column("split")) == {"test"}
    assert {n: r for n, r in roles_of(got).items() if r == "query"} == {
        "place_0_000000.jpg": "query", "place_1_000000.jpg": "query",
    }  # fmt: skip
    one = "place_1_00000"
    grades = grades_of(got)
    assert [grades[f"{one}0.jpg", f"{one}{n}.jpg"] for n in (1, 2, 3)] == ["easy", "hard", "junk"]
    assert len(grades) == 6
    row = {row["image"]: row for row in got.images.to_pylist()}
    assert row[f"{one}0.jpg"]["query_crop"] == [0, 0, 32, 48]
    assert row[f"{one}1.jpg"]["query_crop"] is None
    assert [row[f"{one}{n}.jpg"]["group"] for n in range(4)] == [
        "place_1_000000", "place_1_000000", "place_1_000000", f"{one}3.jpg",
    ]  # fmt: skip
    assert dict(row[f"{one}0.jpg"]["attributes"])["origin"] == name
    assert got.files()[0].is_file()
    assert read_set(tmp_path / "out").relevance.equals(got.relevance)
    assert describe_set(got)["relevance"] == {"queries": 2, "easy": 2, "hard": 2, "junk": 2}


def test_tokyo_asks_with_every_photo(tmp_path: Path):
    source = write_tokyo247(tmp_path, draw_places(2, views=3))
    got = import_set("tokyo247", source, tmp_path / "out")
    assert set(roles_of(got).values()) == {"both"}
    grades = grades_of(got)
    assert len(grades) == 6 * 3
    assert grades["00001.jpg", "00001.jpg"] == "junk"
    assert grades["00001.jpg", "00003.jpg"] == grades["00003.jpg", "00001.jpg"] == "positive"
    assert ("00001.jpg", "00004.jpg") not in grades
    assert got.column("query_crop") == [None] * 6
    assert got.column("group") == ["00001"] * 3 + ["00004"] * 3


def test_images_that_are_gone_take_their_grades_with_them(tmp_path: Path):
    source = write_revisited(tmp_path, "roxford5k", draw_places(2, views=5))
    (source / "jpg" / "place_0_000001.jpg").unlink()
    (source / "jpg" / "place_0_000002.jpg").write_bytes(b"torn")
    config = ImportConfig(skip_unreadable=True, where="image <> 'place_1_000003.jpg'")
    got = import_set("revisited", source, tmp_path / "out", config=config)
    assert grades_of(got) == {
        ("place_0_000000.jpg", "place_0_000003.jpg"): "junk",
        ("place_1_000000.jpg", "place_1_000001.jpg"): "easy",
        ("place_1_000000.jpg", "place_1_000002.jpg"): "hard",
    }
    assert got.counts["dropped"] == {
        "grade left out by where": 1,
        "grade of an image left out": 1,
        "grade of an image without file": 1,
        "image left out by where": 1,
        "image of the ground truth without file": 1,
        "unreadable image": 1,
    }
    assert got.counts["noted"] == {"query without any match": 1}


@pytest.mark.parametrize(
    ("crop", "kept", "rule"),
    [
        ([-3, 2, 20, 30], [0, 2, 20, 30], "query crop clipped at the image's border"),
        ([0, 0, 64.4, 48], [0, 0, 64, 48], None),
        ([70, 0, 80, 10], None, "query crop outside the image, which asks as a whole"),
        ([], None, None),
    ],
)
def test_a_crop_stays_inside_its_image(crop: Any, kept: Any, rule: str | None, tmp_path: Path):
    source = write_revisited(tmp_path, "roxford5k", draw_places(1, views=4))
    truth = {"bbx": crop, "easy": [0], "hard": []}
    names = ["place_0_000001.jpg"]
    value = {"imlist": names, "qimlist": ["place_0_000000"], "gnd": [truth]}
    path = write_pickle(source / "mine.pkl", value, 4)
    got = import_set("revisited", path, tmp_path / "out")
    assert got.column("query_crop") == [kept, None]
    assert got.counts["noted"] == ({rule: 1} if rule else {})


def sfm(**changes: Any) -> dict[str, Any]:
    part = {"cids": ["aaaaaa", "bbbbbb"], "cluster": [1, 2], "qidxs": [0], "pidxs": [1]}
    return {"train": part | changes}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], r"x.pkl must be a dict; \(\) came"),
        ({}, "must hold 'train' or 'val', or 'cids'; x.pkl holds nothing"),
        ({"train": {"cids": []}}, "'train' of x.pkl must have 'qidxs'; it has cids"),
        (sfm(cids="aaaaaa"), "'cids' in 'train' of x.pkl must be a list; 'aaaaaa' came"),
        (sfm(cids=["../../etc/passwd", "b"]), "'../../etc/passwd' came as entry 0 of 'cids'"),
        (sfm(cids=["/etc/passwd0", "bbbbbb"]), "letters and digits and nothing else"),
        (sfm(cids=["a", "bbbbbb"]), "at least six letters"),
        (sfm(cids=["a" * 5000, "bbbbbb"]), "at least six letters"),
        (sfm(cids=["aaaaaa\n", "bbbbbb"]), "at least six letters"),
        (sfm(cids=[b"\xff" * 6, "bbbbbb"]), "must be a word; b'.*' came"),
        (sfm(qidxs=[2]), "'qidxs' in 'train' of x.pkl must point to the 2 images, .* entry 0 is 2"),
        (sfm(pidxs=[-1]), "entry 0 is -1"),
        (sfm(pidxs=[True]), "entry 0 is True"),
        (sfm(pidxs=[float("nan")]), "entry 0 is nan"),
        (sfm(pidxs=[10**5000]), "a number of more than 18 digits"),
        (sfm(pidxs=[0, 1]), "2 cids and 2 clusters, 1 qidxs and 2 pidxs"),
        (sfm(cluster=[1]), "2 cids and 1 clusters"),
        (sfm(cluster=[1, None]), "A cluster is a number or a word; entry 1 .* is None"),
        ({3: 4}, "a key of x.pkl must be a word; 3 came"),
    ],
)
def test_bad_pickles_of_sfm120k_are_refused_in_a_sentence(value: Any, message: str):
    with pytest.raises(DatasetError, match=message):
        parse_sfm120k(value, "x.pkl")


def oxford(**changes: Any) -> dict[str, Any]:
    truth = {"bbx": [0, 0, 5, 5], "easy": [0], "hard": [1], "junk": []}
    return {"imlist": ["a", "b"], "qimlist": ["q"], "gnd": [truth | changes]}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"imlist": []}, "x.pkl must have 'qimlist'; it has imlist"),
        (oxford() | {"imlist": ["../a", "b"]}, "'../a' came as entry 0 of 'imlist' in x.pkl"),
        (oxford() | {"qimlist": ["/etc/passwd"]}, "'/etc/passwd' came as entry 0 of 'qimlist'"),
        (oxford() | {"qimlist": ["a\0b"]}, "must be relative and stay inside"),
        (oxford() | {"qimlist": [""]}, "must be a word; '' came"),
        (oxford() | {"qimlist": []}, "has 0 in 'qimlist' and 1 in 'gnd'"),
        (oxford() | {"gnd": [7]}, r"query 0 \(q\) of x.pkl must be a dict; 7 came"),
        ({**oxford(), "gnd": [{"bbx": None}]}, "must have 'easy' and 'hard', or 'ok'"),
        (oxford(hard=[2]), r"'hard' of query 0 \(q\) of x.pkl must point .* entry 0 is 2"),
        (oxford(junk=[-1]), "entry 0 is -1"),
        (oxford(bbx=[0, 0, 5]), "'bbx' of query 0 .* must be four numbers"),
        (oxford(bbx=[0, 0, float("nan"), 5]), "must be four numbers; .*nan"),
        (oxford(bbx=[5, 0, 0, 5]), "must have left < right and top < bottom"),
        (oxford(bbx="all"), "must be a list; 'all' came"),
    ],
)
def test_bad_ground_truth_is_refused_in_a_sentence(value: Any, message: str):
    with pytest.raises(DatasetError, match=message):
        parse_revisited(value, "x.pkl", Tally())


def test_what_ground_truth_says_twice_is_counted():
    tally = Tally()
    value = oxford(easy=[0, 0], hard=[0], other=[1])
    value["qimlist"] *= 2
    value["gnd"] *= 2
    truth = parse_revisited(value, "x.pkl", tally)
    assert [dict(query.grades) for query in truth.queries] == [{0: "easy"}]
    assert dict(tally.dropped) == {"query on an image that asks already": 1}
    assert dict(tally.noted) == {
        "field 'other' of a query, not read": 2,
        "image graded twice for one query, the better grade kept": 2,
    }


@pytest.mark.parametrize(
    ("format", "message"),
    [
        ("sfm120k", "Expected one pickle such as retrieval-SfM-120k.pkl"),
        ("revisited", "Expected one pickle such as gnd_roxford5k.pkl"),
        ("tokyo247", "Expected one pickle"),
    ],
)
def test_a_folder_without_ground_truth_is_named(format: str, message: str, tmp_path: Path):
    with pytest.raises(DatasetError, match=message):
        import_set(format, tmp_path, tmp_path / "out")
    with pytest.raises(DatasetError, match="Expected a pickle at .*gone.pkl; there is none"):
        import_set(format, tmp_path / "gone.pkl", tmp_path / "out", config=BLIND)


def test_images_elsewhere_are_asked_for(tmp_path: Path):
    path = write_pickle(tmp_path / "gnd_x.pkl", oxford(), 4)
    with pytest.raises(DatasetError, match=r"must lie in .*jpg; none does \(such as 'a'\)"):
        import_set("revisited", path, tmp_path / "out")
    path = write_pickle(tmp_path / "x.pkl", sfm(), 4)
    (tmp_path / "ims").mkdir()
    with pytest.raises(DatasetError, match="none does .*'aa/aa/aa/aaaaaa'.* with --images"):
        import_set("sfm120k", path, tmp_path / "out")


PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner)),
    max_leaves=8,
)


@given(field=st.sampled_from(["cids", "cluster", "qidxs", "pidxs"]), value=PLAIN)
@settings(deadline=None, max_examples=60)
def test_any_field_of_sfm120k_is_read_or_refused(field: str, value: Any):
    with contextlib.suppress(DatasetError):
        parse_sfm120k(sfm(**{field: value}), "x.pkl")


@given(field=st.sampled_from(["imlist", "qimlist", "gnd", "bbx", "easy"]), value=PLAIN)
@settings(deadline=None, max_examples=60)
def test_any_field_of_ground_truth_is_read_or_refused(field: str, value: Any):
    whole = oxford(**{field: value}) if field in ("bbx", "easy") else oxford() | {field: value}
    with contextlib.suppress(DatasetError):
        parse_revisited(whole, "x.pkl", Tally())


@given(name=st.text(min_size=1))
@settings(deadline=None, max_examples=12)
def test_any_name_leads_nowhere_else(name: str):
    with tempfile.TemporaryDirectory() as folder:
        path = write_pickle(Path(folder) / "gnd_x.pkl", oxford() | {"qimlist": [name]}, 4)
        with contextlib.suppress(DatasetError):
            got = import_set("revisited", path, Path(folder) / "out", config=BLIND)
            root = Path(folder).resolve() / "jpg"
            assert all(file.is_relative_to(root) for file in got.files())


def test_domains_are_lists_of_the_same_images(tmp_path: Path):
    source = write_sfm120k(tmp_path, draw_places(2, views=3), val={"place_1"})
    lists = source / "dataset"
    night = import_set("lists", lists / "train_night.txt", tmp_path / "n", images=source / "ims")
    day = import_set("lists", lists / "train_day.txt", tmp_path / "d", images=source / "ims")
    whole = import_set(
        "sfm120k", source, tmp_path / "all", config=ImportConfig(where="split='train'")
    )
    assert (len(day), len(night)) == (2, 1)
    assert sorted(day.names() + night.names()) == whole.names()
