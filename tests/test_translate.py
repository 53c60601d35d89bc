"""A set in another light: labels kept, same names and sizes, lineage, and the same bytes."""

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from killing import kill_at
from otherlight.errors import (
    BusyError,
    CheckpointError,
    DatasetError,
    DiskFullError,
    ImageError,
    PlanError,
)
from otherlight.images.files import encode, read_pixels
from otherlight.nets.squeezenet import SqueezeNet
from otherlight.records.files import sha256_of
from otherlight.records.run import read_run
from otherlight.sets import ImageSet, build_set, read_set
from otherlight.translate import translate
from otherlight.translators.model_file import load_translator
from otherlight.translators.pairs import PairsConfig
from otherlight.translators.train import TrainConfig, train

BESIDE = ("mask", "depth", "flow")
SIZES = [(40, 32), (33, 57), (128, 17), (40, 32), (9, 9), (64, 48)]


def pixels(number: int, size: tuple[int, int]) -> np.ndarray:
    chance = np.random.default_rng(number)
    return chance.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)


@pytest.fixture
def day(tmp_path: Path) -> ImageSet:
    """Images of several sizes and kinds, in folders, with boxes and what lies beside one."""
    root = tmp_path / "day"
    images, boxes = [], []
    for number, size in enumerate(SIZES):
        key = f"drive{number % 2}/{number:02}.{'jpg' if number % 3 == 0 else 'png'}"
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(encode(pixels(number, size), Path(key).suffix))
        images.append(
            {"image": key, "width": size[0], "height": size[1], "sequence": f"drive{number % 2}"}
        )
        boxes.append(
            {"image": key, "box": 0, "label": "car", "left": 1, "top": 2, "right": 7, "bottom": 8}
        )
    images[0] |= {column: f"{column}/00.png" for column in BESIDE}
    images[0]["attributes"] = {"mask": "vkitti2_tracks", "depth": "centimetres"}
    return build_set("day", ["car"], images, boxes, root=root, licence="CC0-1.0")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained translator."""
    root = tmp_path_factory.mktemp("trained")
    for name in ("a", "b"):
        (root / f"{name}.png").write_bytes(encode(pixels(ord(name), (40, 32)), ".png"))
    sets = [
        build_set(name, ["car"], [{"image": f"{name}.png"}], [], root=root) for name in ("a", "b")
    ]
    config = TrainConfig(
        options={"width": 4, "blocks": 1, "discriminator_width": 4, "skip": True},
        pairs=PairsConfig(fit="whole", load_size=(40, 32)),
        steps=2,
        samples=0,
    )
    train(config, sets[0], sets[1], root / "run")
    return root / "run"


def contents(folder: Path) -> dict[str, bytes]:
    files = [*folder.rglob("*.jpg"), *folder.rglob("*.png"), *folder.glob("*.parquet")]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_labels_keys_and_sizes_are_kept(day: ImageSet, run: Path, tmp_path: Path):
    night = translate(day, run, tmp_path / "night")
    assert night.names() == day.names()
    assert night.boxes.equals(day.boxes)
    assert night.classes == day.classes
    assert night.column("group") == day.column("group")
    for before, after in zip(day.files(), night.files(), strict=True):
        assert read_pixels(after).shape == read_pixels(before).shape
        assert not np.array_equal(read_pixels(after), read_pixels(before))
    assert read_set(tmp_path / "night").hash == night.hash


def test_masks_depth_and_flow_stay_with_the_set(day: ImageSet, tmp_path: Path):
    night = translate(day, "gamma", tmp_path / "night")
    again = translate(night, "gamma", tmp_path / "again")
    for shown in (night, read_set(tmp_path / "night"), again):
        for column in BESIDE:
            # Geometry does not move: the very files of the captured image, unknown where they were.
            assert shown.column(column)[0] == str(day.root / column / "00.png")
            assert shown.column(column)[1:] == [None] * (len(day) - 1)
        assert shown.column("attributes") == day.column("attributes")


def with_depth(root: Path, size: tuple[int, int] = (24, 16)) -> ImageSet:
    """Two images of one street: of the first the depth is known."""
    root.mkdir()
    for key in ("a.png", "b.png"):
        (root / key).write_bytes(encode(pixels(0, size), ".png"))
    depth = np.full((size[1] // 2, size[0] // 2), 5.0, np.float16)
    depth[:, size[0] // 4 :] = np.inf
    np.save(root / "a.npy", depth)
    images = [{"image": "a.png", "depth": "a.npy"}, {"image": "b.png"}]
    return build_set("street", ["car"], images, [], root=root)


FOG = {"uneven": 0.0, "visibility": (300.0, 300.0), "air": (0.7, 0.7)}


def test_depth_is_handed_down_at_the_image_s_size(tmp_path: Path):
    day = with_depth(tmp_path / "day")
    night = translate(day, "fog", tmp_path / "fog", options=FOG)
    known, guessed = (read_pixels(file) for file in night.files())
    # The right half is sky, and so nothing but fog; the left is near, and keeps its contrast.
    assert known[:, 14:].std((0, 1)).max() < 6
    assert known[:, :10].std((0, 1)).min() > 40
    assert not np.array_equal(known, guessed)
    blind = translate(day, "fog", tmp_path / "blind", options={**FOG, "use_depth": False})
    assert read_pixels(blind.files()[0])[:, 14:].std((0, 1)).min() > 10


def test_depth_that_is_not_there_is_one_sentence(tmp_path: Path):
    day = with_depth(tmp_path / "day")
    (day.root / "a.npy").unlink()
    with pytest.raises(DatasetError) as caught:
        translate(day, "fog", tmp_path / "fog")
    assert str(caught.value) == (
        f"Every depth map of street must lie where the set says; {day.root / 'a.npy'} does not, "
        f"one of 1. Put the files back, or let fog guess: options.use_depth=false."
    )
    assert len(translate(day, "fog", tmp_path / "blind", options={"use_depth": False})) == 2
    assert len(translate(day, "gamma", tmp_path / "night")) == 2


def test_depth_that_is_torn_is_named_and_the_others_are_kept(tmp_path: Path):
    day = with_depth(tmp_path / "day")
    (day.root / "a.npy").write_bytes(b"no array")
    with pytest.raises(ImageError, match=r"1 of 2 images could not .*a\.npy is none"):
        translate(day, "fog", tmp_path / "fog")
    assert len(contents(tmp_path / "fog")) == 1


def test_every_image_carries_its_lineage(day: ImageSet, run: Path, tmp_path: Path):
    night = translate(day, run, tmp_path / "night", seed=3)
    rows = night.images.to_pylist()
    for row, captured, shown in zip(rows, day.files(), night.files(), strict=True):
        assert row["sha256"] == sha256_of(shown)
        assert row["parent_sha256"] == sha256_of(captured)
        assert row["parent"] == "day"
        assert row["translator"] == sha256_of(run / "model.safetensors")
        assert row["method_version"].startswith("cyclegan ")
        assert (row["direction"], row["seed"]) == ("forward", 3)
    assert list(night.parents) == [{"name": "day", "hash": day.hash}]
    assert night.made_by["command"] == "translate"
    assert night.made_by["config"]["with"] == str(run)
    assert night.licence == "CC0-1.0"


def test_the_identity_hands_png_pixels_through(day: ImageSet, tmp_path: Path):
    same = translate(day, "identity", tmp_path / "same")
    for before, after in zip(day.files(), same.files(), strict=True):
        if before.suffix == ".png":
            assert np.array_equal(read_pixels(before), read_pixels(after))


def test_no_pixel_depends_on_the_threads(day: ImageSet, run: Path, tmp_path: Path):
    translate(day, run, tmp_path / "one", threads=1)
    translate(day, run, tmp_path / "many", threads=4)
    assert contents(tmp_path / "one").keys() == contents(tmp_path / "many").keys()
    for name, data in contents(tmp_path / "one").items():
        assert name.endswith(".parquet") or data == contents(tmp_path / "many")[name]


def test_an_image_translates_the_same_alone_and_in_company(
    day: ImageSet, run: Path, tmp_path: Path
):
    whole = translate(day, run, tmp_path / "whole")
    part = translate(day.where("image = 'drive1/01.png'"), run, tmp_path / "part")
    assert part.column("sha256")[0] in whole.column("sha256")


def test_upright_by_exif(tmp_path: Path):
    image = Image.fromarray(pixels(0, (40, 20)))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.jpg", exif=exif, quality=95)
    day = build_set("day", ["car"], [{"image": "a.jpg"}], [], root=tmp_path)
    night = translate(day, "gamma", tmp_path / "night")
    with Image.open(night.files()[0]) as shown:
        assert shown.size == (20, 40)
        assert not shown.getexif()


def test_formats_change_the_file_and_never_the_key(day: ImageSet, tmp_path: Path):
    night = translate(day, "gamma", tmp_path / "night", format="jpg")
    assert night.names() == day.names()
    assert {file.suffix for file in night.files()} == {".jpg"}
    with Image.open(night.files()[0]) as image:
        assert image.format == "JPEG"
        assert image.layer[0][1:3] == image.layer[1][1:3]  # pyright: ignore  # 4:4:4


def test_a_jpg_beside_a_png_of_the_same_name_stay_two(tmp_path: Path):
    for name, number in (("a.jpg", 0), ("a.png", 1), ("a.png.jpg", 2)):
        (tmp_path / name).write_bytes(encode(pixels(number, (12, 8)), Path(name).suffix))
    day = build_set(
        "day", ["car"], [{"image": n} for n in ("a.jpg", "a.png", "a.png.jpg")], [], root=tmp_path
    )
    night = translate(day, "gamma", tmp_path / "night", format="jpg")
    assert len({*night.files()}) == 3
    assert len({*night.column("sha256")}) == 3


def test_reverse_uses_the_other_generator(day: ImageSet, run: Path, tmp_path: Path):
    there = translate(day, run, tmp_path / "there")
    back = translate(day, run, tmp_path / "back", reverse=True)
    assert set(back.column("direction")) == {"reverse"}
    assert not set(there.column("sha256")) & set(back.column("sha256"))


def test_a_one_way_translator_refuses_reverse(day: ImageSet, tmp_path: Path):
    with pytest.raises(PlanError, match="'histogram' goes one way, from its source to its target"):
        translate(day, "histogram", tmp_path / "x", reference=day, reverse=True)


def test_histogram_needs_its_reference_and_gamma_takes_none(day: ImageSet, tmp_path: Path):
    with pytest.raises(PlanError, match="'histogram' needs a reference set"):
        translate(day, "histogram", tmp_path / "x")
    with pytest.raises(PlanError, match="'gamma' takes no reference set; 'day' came"):
        translate(day, "gamma", tmp_path / "y", reference=day)
    empty = day.take(np.zeros(len(day), np.bool_))
    with pytest.raises(DatasetError, match="at least one image; 'day' is empty"):
        translate(day, "histogram", tmp_path / "x", reference=empty)
    translate(day, "histogram", tmp_path / "x", reference=day)  # the folder was left free
    matched = translate(day, "histogram", tmp_path / "z", reference=day)
    assert read_run(tmp_path / "z").inputs[1] == {"role": "reference", "hash": day.hash}
    assert len(matched) == len(day)


def test_what_another_reference_made_is_told_apart_by_its_lineage(day: ImageSet, tmp_path: Path):
    dark = translate(day, "gamma", tmp_path / "dark")
    made = [
        translate(day, "histogram", tmp_path / f"like {one.name}", reference=one)
        for one in (day, dark)
    ]
    again = translate(day, "histogram", tmp_path / "again", reference=day)
    by = [set(one.column("translator")) for one in (*made, again)]
    assert by[0] == by[2]
    assert by[0] != by[1]
    assert made[0].made_by["config"]["translator"] in by[0]
    assert again.hash == made[0].hash


def test_licences_of_others_weights_go_along(day: ImageSet, tmp_path: Path):
    weights = SqueezeNet(["fire5"]).layers.state_dict()
    even = {f"features.{name}": torch.full_like(value, 0.01) for name, value in weights.items()}
    torch.save(even, tmp_path / "w.pth")
    said = f"weights of {tmp_path / 'w.pth'} (sha256 {sha256_of(tmp_path / 'w.pth')}): licence not"
    config = TrainConfig(
        method="adain",
        options={"backbone": "squeezenet", "weights": str(tmp_path / "w.pth"), "inputs": "bgr"},
        pairs=PairsConfig(fit="whole", load_size=(40, 32)),
        steps=1,
        samples=0,
    )
    trained = train(config, day, day, tmp_path / "run")
    assert trained.licences[:3] == ["Apache-2.0", "CC0-1.0", "CC0-1.0"]
    assert [line.startswith(said) for line in trained.licences[3:]] == [True]
    (tmp_path / "w.pth").unlink()
    translate(day, tmp_path / "run", tmp_path / "night")
    assert read_run(tmp_path / "night").licences == ["Apache-2.0", *trained.licences[3:]]


def test_a_model_file_works_as_its_run_does(day: ImageSet, run: Path, tmp_path: Path):
    by_run = translate(day, run, tmp_path / "run")
    by_file = translate(day, run / "model.safetensors", tmp_path / "file")
    assert by_run.column("sha256") == by_file.column("sha256")


def test_done_it_is_not_done_again_and_another_translation_is_refused(
    day: ImageSet, tmp_path: Path
):
    first = translate(day, "gamma", tmp_path / "night")
    before = first.files()[0].stat().st_mtime_ns
    assert translate(day, "gamma", tmp_path / "night").hash == first.hash
    assert first.files()[0].stat().st_mtime_ns == before
    with pytest.raises(BusyError, match="must be empty or hold this very run"):
        translate(day, "gamma", tmp_path / "night", options={"gamma": 3.0})


def test_a_missing_image_is_named_at_the_start(day: ImageSet, tmp_path: Path):
    (day.root / day.names()[2]).unlink()
    with pytest.raises(DatasetError, match=r"must lie where the set says; .*04\.png does not"):
        translate(day, "gamma", tmp_path / "night")


def test_a_torn_image_is_named_and_the_others_are_kept(day: ImageSet, tmp_path: Path):
    torn = day.root / day.names()[1]
    whole = torn.read_bytes()
    torn.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ImageError, match=r"1 of 6 images could not be translated; the first: An "):
        translate(day, "gamma", tmp_path / "night")
    assert len(contents(tmp_path / "night")) == 5
    assert not (tmp_path / "night" / "set.json").exists()
    torn.write_bytes(whole)
    assert len(translate(day, "gamma", tmp_path / "night")) == 6


def test_what_does_not_translate_is_told(day: ImageSet, run: Path, tmp_path: Path):
    with pytest.raises(PlanError, match=r"'gama' is neither. Did you mean 'gamma'\?"):
        translate(day, "gama", tmp_path / "a")
    with pytest.raises(CheckpointError, match="'cyclegan' must be trained before it translates"):
        translate(day, "cyclegan", tmp_path / "b")
    with pytest.raises(CheckpointError, match="brings its own options; 'gamma' came"):
        translate(day, run, tmp_path / "c", options={"gamma": 2.0})
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    (unfinished / "run.json").write_bytes((run / "run.json").read_bytes())
    with pytest.raises(CheckpointError, match="its training is not finished"):
        translate(day, unfinished, tmp_path / "d")
    with pytest.raises(PlanError, match=r"\[gamma\] has no key 'gamme'"):
        translate(day, "gamma", tmp_path / "e", options={"gamme": 2.0})
    with pytest.raises(CheckpointError, match="'gamma' is a method by its name. Leave layout out"):
        translate(day, "gamma", tmp_path / "f", layout="cut")


def test_a_network_looked_through_counts_by_its_bytes(tmp_path: Path):
    file = tmp_path / "vgg.pth"
    cpu = torch.device("cpu")
    identities = list[str]()
    for content in (b"one", b"other", b"one"):
        file.write_bytes(content)
        identities.append(load_translator("nst", {"weights": str(file)}, cpu).identity)
    assert identities[0] == identities[2] != identities[1]


@pytest.fixture
def many(tmp_path: Path) -> ImageSet:
    """Enough images to be killed among them."""
    root = tmp_path / "many"
    root.mkdir()
    keys = [f"{number:03}.jpg" for number in range(220)]
    for number, key in enumerate(keys):
        (root / key).write_bytes(encode(pixels(number, (64, 48)), ".jpg"))
    return build_set("many", ["car"], [{"image": key} for key in keys], [], root=root)


@pytest.mark.slow
def test_killed_at_ten_points_it_ends_in_the_same_bytes(many: ImageSet, run: Path, tmp_path: Path):
    whole, killed = translate(many, run, tmp_path / "whole", threads=1), tmp_path / "killed"
    kill_at(
        range(20, 220, 20),
        partial(translate, many, run, killed, threads=2),
        lambda: len(contents(killed)),
    )
    assert not (killed / "set.json").exists()
    ended = translate(many, run, killed)
    assert ended.column("sha256") == whole.column("sha256")
    assert ended.hash == whole.hash
    assert not [*killed.rglob(".*.part")]


def test_a_full_disk_loses_no_image(many: ImageSet, tmp_path: Path, tiny_disk: Path):
    whole, short = translate(many, "gamma", tmp_path / "whole"), tiny_disk / "short"
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(tiny_disk).free - 100_000))
    with pytest.raises(DiskFullError, match="what is done is kept"):
        translate(many, "gamma", short)
    kept = contents(short)
    assert kept
    assert kept.items() <= contents(tmp_path / "whole").items()
    ballast.unlink()
    assert translate(many, "gamma", short).hash == whole.hash
