"""Pairs: the layouts of two domains, files cut in two, counterparts; and back to the layouts."""

import io
import json
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from killing import kill_at
from otherlight.datasets import ImportConfig, import_set, pairs_of
from otherlight.datasets.pairs import Place, find_place
from otherlight.errors import BusyError, DatasetError, ImageError, OtherlightError
from otherlight.images.files import read_pixels
from otherlight.sets import ImageSet

from .sources import SHARED, paint


def paint_bytes() -> bytes:
    """Make one small PNG."""
    buffer = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (8, 16, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, "PNG")
    return buffer.getvalue()


def words(images: ImageSet) -> list[tuple[str | None, str | None]]:
    """Domain and pair of every image."""
    return [
        (each.get("domain"), each.get("pair")) for each in map(dict, images.column("attributes"))
    ]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("trainA/1.jpg", Place("A", "train", "1.jpg")),
        ("valB/x/1.jpg", Place("B", "val", "x/1.jpg")),
        ("test/A/1.jpg", Place("A", "test", "1.jpg")),
        ("A/test/1.jpg", Place("A", "test", "1.jpg")),
        ("B/1.jpg", Place("B", None, "1.jpg")),
        ("A/test.jpg", Place("A", None, "test.jpg")),
        ("train/1.jpg", None),
        ("trainA.jpg", None),
        ("train/A.jpg", None),
        ("traina/1.jpg", None),
        ("trainC/1.jpg", None),
        ("x/trainA/1.jpg", None),
        ("A.jpg", None),
    ],
)
def test_where_a_path_stands(name: str, place: Place | None):
    assert find_place(name) == place


@pytest.mark.parametrize(
    ("place", "pair"),
    [
        (Place("A", "train", "1.jpg"), "train/1"),
        (Place("A", "train", "x/1_A.jpg"), "train/x/1"),
        (Place("B", "train", "x/1_A.jpg"), "train/x/1_A"),
        (Place("B", None, "1.png"), "1"),
        (Place("B", None, "_B.png"), "_B"),
    ],
)
def test_the_name_of_a_pair(place: Place, pair: str):
    assert place.pair == pair


@pytest.mark.parametrize("layout", ["{split}{domain}", "{split}/{domain}", "{domain}/{split}"])
def test_every_layout_of_folders(layout: str, tmp_path: Path):
    files = {"A": ("1.jpg", "2.jpg"), "B": ("1.png", "3.jpg")}
    for split in ("train", "val", "test"):
        for domain, names in files.items():
            for seed, name in enumerate(names):
                paint(tmp_path / "in" / layout.format(split=split, domain=domain) / name, seed=seed)
    paint(tmp_path / "in" / "results" / "x.png")
    got = import_set("pairs", tmp_path / "in", tmp_path / "out")
    assert len(got) == 12
    assert got.column("labelled") == [False] * 12
    row = got.names().index(layout.format(split="val", domain="B") + "/1.png")
    assert (got.column("split")[row], words(got)[row]) == ("val", ("B", "val/1"))
    assert got.column("group")[row] == "in/val/1"
    assert got.files()[row].parent.is_relative_to(tmp_path / "in")
    alone = got.where("attributes['pair'] IS NULL")
    assert {Path(name).name for name in alone.names()} == {"2.jpg", "3.jpg"}
    assert alone.column("group") == alone.names()
    assert len(got.where("attributes['domain'] = 'A' AND split = 'train'")) == 2
    keys = got.names()
    assert sorted(Path(keys[one]).name + Path(keys[two]).name for one, two in pairs_of(got)) == [
        "1.jpg1.png"
    ] * 3  # fmt: skip
    assert got.counts["noted"] == {
        "image outside the folders of the layout, left out": 1,
        "name in both domains, taken for a pair (if by chance: paired false)": 3,
    }


def test_pairs_may_be_demanded_or_denied(tmp_path: Path):
    for name in ("trainA/1_A.jpg", "trainB/1_B.jpg", "trainB/2.jpg"):
        paint(tmp_path / "in" / name)
    run = partial(import_set, "pairs", tmp_path / "in")
    with pytest.raises(DatasetError, match=r"'trainB/2.jpg' has none, one of 1\. Leave paired out"):
        run(tmp_path / "out", config=ImportConfig(paired=True))
    assert words(run(tmp_path / "a"))[:2] == [("A", "train/1"), ("B", "train/1")]
    assert words(run(tmp_path / "b", config=ImportConfig(paired=False)))[0] == ("A", None)
    paint(tmp_path / "in" / "trainA" / "1.jpg")
    got = run(tmp_path / "c")
    assert pairs_of(got) == []
    assert got.counts["noted"] == {
        "name that several images of a domain bear, not taken for a pair": 1
    }


def beside(path: Path, width: int, height: int = 40, mode: str = "RGB", turn: int = 1) -> Any:
    """Write a picture of noise; hand out its pixels, upright."""
    rng = np.random.default_rng(width)
    image = Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)).convert(mode)
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = turn
    image.save(path, exif=exif)
    return read_pixels(path)


def test_files_side_by_side_are_cut_without_loss(tmp_path: Path):
    source = tmp_path / "facades"
    whole = {
        "train/1.jpg": beside(source / "train/1.jpg", 100),
        "train/odd.png": beside(source / "train/odd.png", 101),
        "val/grey.png": beside(source / "val/grey.png", 80, mode="L"),
        "test/x/1.png": beside(source / "test/x/1.png", 90),
        "test/x/1.jpg": beside(source / "test/x/1.jpg", 92),
        # Stored upright, 40 wide and 120 high, to be shown lying.
        "test/lying.jpg": beside(source / "test/lying.jpg", 40, 120, turn=6),
    }
    paint(source / "preview.jpg")
    got = import_set("pairs", source, tmp_path / "out")
    assert got.names() == [
        "test/A/lying.png", "test/A/x/1.jpg.png", "test/A/x/1.png.png",
        "test/B/lying.png", "test/B/x/1.jpg.png", "test/B/x/1.png.png",
        "train/A/1.png", "train/A/odd.png", "train/B/1.png", "train/B/odd.png",
        "val/A/grey.png", "val/B/grey.png",
    ]  # fmt: skip
    pixels = dict(zip(got.names(), map(read_pixels, got.files()), strict=True))
    assert all(file.is_relative_to(tmp_path / "out" / "images") for file in got.files())
    for name, image in whole.items():
        split, _, rest = name.partition("/")
        stem = rest if "x/" in rest else rest.rpartition(".")[0]
        half = image.shape[1] // 2
        np.testing.assert_array_equal(pixels[f"{split}/A/{stem}.png"], image[:, :half])
        np.testing.assert_array_equal(pixels[f"{split}/B/{stem}.png"], image[:, -half:])
    assert pixels["test/A/lying.png"].shape == (40, 60, 3)
    assert got.column("channels")[-2:] == [1, 1]
    assert (words(got)[7], words(got)[9]) == (("A", "train/odd"), ("B", "train/odd"))
    assert got.column("group")[7] == got.column("group")[9] == "facades/train/odd"
    assert len(pairs_of(got)) == 6
    assert got.counts["noted"] == {
        "image of odd width, cut without its middle column": 1,
        "image outside the folders of the layout, left out": 1,
    }
    assert not (tmp_path / "out" / ".import.json").exists()


def test_a_lost_half_is_made_again_and_nothing_else_is(tmp_path: Path):
    for name in ("train/1.png", "train/2.png"):
        paint(tmp_path / "in" / name)
    first = import_set("pairs", tmp_path / "in", tmp_path / "out")
    before = {file: file.stat().st_mtime_ns for file in first.files()}
    assert import_set("pairs", tmp_path / "in", tmp_path / "out").hash == first.hash
    lost = first.files()[2]
    lost.unlink()
    again = import_set("pairs", tmp_path / "in", tmp_path / "out")
    assert again.hash == first.hash
    assert lost.is_file()
    kept = {file: file.stat().st_mtime_ns for file in first.files()}
    # The other half of one file is written with it.
    assert [file.name for file in kept if kept[file] != before[file]] == ["1.png", "1.png"]


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path):
    paint(tmp_path / "in" / "train" / "1.png")
    theirs = paint(tmp_path / "out" / "images" / "train" / "A" / "1.png", seed=5)
    before = theirs.read_bytes()
    with pytest.raises(BusyError, match="must be empty or hold this very import.* holds 'images'"):
        import_set("pairs", tmp_path / "in", tmp_path / "out")
    assert theirs.read_bytes() == before
    import_set("pairs", tmp_path / "in", tmp_path / "set")
    with pytest.raises(BusyError, match="is of another source"):
        import_set("pairs", tmp_path / "in", tmp_path / "set", config=ImportConfig(paired=True))


def test_what_was_begun_goes_on_while_its_files_are_the_same(tmp_path: Path):
    for seed in range(3):
        paint(tmp_path / "in" / "train" / f"{seed}.png", seed=seed)
    last, out = tmp_path / "in" / "train" / "2.png", tmp_path / "out"
    last.write_bytes(last.read_bytes()[:300])
    run = partial(import_set, "pairs", tmp_path / "in", out)
    with pytest.raises(ImageError, match=r"2\.png"):
        run()
    mark, made = out / ".import.json", out / "images" / "train" / "A" / "0.png"
    before = made.stat().st_mtime_ns
    whole = mark.read_text()
    other = json.loads(whole)
    for change in ({"command": "import video"}, {"source": "/"}, {"files": None}):
        mark.write_text(json.dumps(other | change))
        with pytest.raises(BusyError, match="Remove it, or give another folder"):
            run()
    mark.write_text(whole)
    paint(tmp_path / "in" / "train" / "1.png", 120, 50, seed=9)
    with pytest.raises(BusyError, match="of files that have changed"):
        run()
    (tmp_path / "in" / "train" / "1.png").unlink()
    last.unlink()
    assert run().names() == ["train/A/0.png", "train/B/0.png"]
    assert made.stat().st_mtime_ns == before
    assert not mark.exists()


def test_torn_files_side_by_side_are_named_or_counted(tmp_path: Path):
    for seed in range(3):
        paint(tmp_path / "in" / "train" / f"{seed}.png", seed=seed)
    # Torn in the middle: a look at its ends would take the whole file for a half.
    torn = tmp_path / "in" / "train" / "1.png"
    data = bytearray(torn.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    torn.write_bytes(data)
    with pytest.raises(ImageError, match=r"2 of 6 images cannot be read.*1\.png"):
        import_set("pairs", tmp_path / "in", tmp_path / "out")
    config = ImportConfig(skip_unreadable=True)
    got = import_set("pairs", tmp_path / "in", tmp_path / "kept", config=config)
    assert len(pairs_of(got)) == 2
    assert got.counts["dropped"] == {"unreadable image": 2}


def _names(tmp_path: Path, *names: str) -> Path:
    for name in names:
        paint(tmp_path / "in" / name)
    return tmp_path / "in"


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (("x/1.jpg",), {}, r"trainA and trainB.*first image: 'x/1.jpg'"),
        (("trainA/1.jpg",), {}, r"both domains; .* has none of B\. Import one domain alone"),
        (("train/1.jpg",), {"pixels": False}, "writes itself need their pixels; pixels: false"),
        ((f"train/{'n' * 245}.jpg",), {}, "200 letters at most; 'nnnn.* Rename its source"),
    ],
)
def test_what_is_no_pair_is_refused_in_a_sentence(
    names: tuple[str, ...], options: dict[str, Any], message: str, tmp_path: Path
):
    with pytest.raises(DatasetError, match=message):
        import_set(
            "pairs", _names(tmp_path, *names), tmp_path / "out", config=ImportConfig(**options)
        )
    assert not (tmp_path / "out" / "set.json").exists()


def test_single_images_are_not_cut(tmp_path: Path):
    paint(tmp_path / "in" / "train" / "1.jpg", 50, 100)
    with pytest.raises(DatasetError, match=r"at least as wide as high; .*1\.jpg is 50x100"):
        import_set("pairs", tmp_path / "in", tmp_path / "out")
    with pytest.raises(DatasetError, match="holds its own images; --images"):
        import_set("pairs", tmp_path / "in", tmp_path / "out", images=tmp_path)


@pytest.mark.slow
def test_killed_at_any_point_it_ends_in_the_same_set(tmp_path: Path):
    for seed in range(40):
        paint(tmp_path / "in" / "train" / f"{seed:02}.png", 800, 400, seed=seed)
    whole = import_set("pairs", tmp_path / "in", tmp_path / "whole")
    killed = tmp_path / "killed"
    run = partial(import_set, "pairs", tmp_path / "in", killed)
    kill_at((5, 21, 40), run, lambda: len([*killed.glob("images/train/*/*.png")]))
    assert not (killed / "set.json").exists()
    assert run().hash == whole.hash
    assert not [*killed.rglob(".*.part")]


PART = st.sampled_from(
    (
        "trainA",
        "trainB",
        "train",
        "test",
        "A",
        "B",
        "valA",
        "x",
        "..x",
        "a\\b",
        "\n",
        "é" * 60,
        "%d",
    )
)
WHOLE = paint_bytes()
BYTES = st.sampled_from((WHOLE, WHOLE[:90], WHOLE[:-30] + bytes(30), b"", b"GIF89a"))
NAMES = st.lists(st.tuples(st.lists(PART, max_size=3), PART, BYTES), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(files=NAMES, paired=st.sampled_from((None, True, False)), lenient=st.booleans())
def test_any_folder_is_a_set_or_a_sentence(files: Any, paired: bool | None, lenient: bool):
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for parts, stem, data in files:
            file = root.joinpath("in", *parts, f"{stem}.png")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        config = ImportConfig(paired=paired, skip_unreadable=lenient)
        with suppress(OtherlightError):
            got = import_set("pairs", root / "in", root / "out", config=config)
            home = (root.resolve() / "in", root.resolve() / "out" / "images")
            assert all(any(file.is_relative_to(one) for one in home) for file in got.files())
        assert {path.name for path in root.iterdir()} <= {"in", "out"}


@pytest.mark.skipif(not SHARED.exists(), reason="no real images beside this checkout")
def test_a_game_and_the_real_road(tmp_path: Path):
    got = import_set("pairs", SHARED / "gta_real", tmp_path / "out")
    assert [domain for domain, _ in words(got)].count("A") == 47
    assert [domain for domain, _ in words(got)].count("B") == 79
    assert pairs_of(got) == []
    assert {*zip(got.column("width"), got.column("height"), strict=True)} == {(960, 540)}
    assert set(got.column("split")) == {"train"}
