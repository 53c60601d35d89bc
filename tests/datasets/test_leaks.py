"""Leaks: planted ones are found, whatever was done to the pixels; honest images are not accused."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from otherlight.datasets import find_leaks, refuse_leaks
from otherlight.datasets.alignment import common_part, is_crop, refine
from otherlight.datasets.closer_look import COPY, largest_difference, rising
from otherlight.datasets.hashing import Index, hash_pixels, propose
from otherlight.datasets.sighting import Sight
from otherlight.errors import ImageError, LeakError
from otherlight.images.files import encode
from otherlight.records.files import sha256_of
from otherlight.sets import ImageSet, build_set

COUNT = 16
EVEN_WAVES = 43


def street(seed: int, moved: float = 0.0) -> np.ndarray:
    """One generated street: sky, road, houses, and cars, the last of which may move."""
    rng = np.random.default_rng(seed)
    image = np.zeros((180, 320, 3), np.float32)
    horizon = int(rng.integers(60, 110))
    image[:horizon] = rng.uniform(120, 220, 3) + np.linspace(-30, 10, horizon)[:, None, None]
    image[horizon:] = rng.uniform(40, 110) + np.linspace(0, 25, 180 - horizon)[:, None, None]
    for number in range(14):
        left, width = int(rng.integers(-20, 310)), int(rng.integers(10, 60))
        height = int(rng.integers(10, 60)) if number < 9 else int(rng.integers(8, 30))
        bottom = horizon + (4 if number < 9 else int(rng.integers(10, 60)))
        if number == 13:
            left, width, height = 40 + int(moved), 30, 20
        box = slice(max(bottom - height, 0), bottom), slice(max(left, 0), max(left + width, 1))
        image[box] = rng.uniform(20, 235, 3)
    image += rng.normal(0, 3, image.shape)
    return image.clip(0, 255).astype(np.uint8)


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))


def brighter(image: np.ndarray, factor: float) -> np.ndarray:
    return (image.astype(np.float32) * factor).clip(0, 255).astype(np.uint8)


def half(image: np.ndarray) -> np.ndarray:
    return cv2.resize(image, (160, 90), interpolation=cv2.INTER_AREA)


def shifted(image: np.ndarray) -> np.ndarray:
    return cv2.copyMakeBorder(image[:-1, :-1], 1, 0, 1, 0, cv2.BORDER_REPLICATE)


def cropped(image: np.ndarray, right: bool = True, below: bool = False) -> np.ndarray:
    """Keep 95 % of width and height, at one corner: the worst place for what is compared whole."""
    height, width = round(0.95 * len(image)), round(0.95 * image.shape[1])
    rows = slice(-height, None) if below else slice(height)
    return image[rows, -width:] if right else image[rows, :width]


WAYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "halved": half,
    "enlarged": lambda image: cv2.resize(image, (480, 270), interpolation=cv2.INTER_CUBIC),
    "squashed": lambda image: cv2.resize(image, (256, 256), interpolation=cv2.INTER_AREA),
    "quality 40": lambda image: jpeg(image, 40),
    "25 % brighter": lambda image: brighter(image, 1.25),
    "25 % darker": lambda image: brighter(image, 0.75),
    "mirrored": lambda image: image[:, ::-1],
    "one pixel shifted": shifted,
    "cropped by 5 %": cropped,
    "cropped elsewhere": lambda image: cropped(image, right=False, below=True),
    "cropped and mirrored": lambda image: jpeg(cropped(image)[:, ::-1], 40),
    "all at once": lambda image: jpeg(brighter(half(image)[:, ::-1], 0.75), 40),
}


def a_set(root: Path, pictures: dict[str, np.ndarray], **columns: Any) -> ImageSet:
    root.mkdir(parents=True, exist_ok=True)
    for name, pixels in pictures.items():
        (root / name).write_bytes(encode(np.ascontiguousarray(pixels), Path(name).suffix))
    rows = [{"image": name, **columns} for name in pictures]
    return build_set(root.name, ["car"], rows, [], root=root)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    pictures = {f"t{seed:03d}.jpg": street(seed) for seed in range(COUNT)}
    return a_set(tmp_path_factory.mktemp("test"), pictures)


@pytest.mark.parametrize("way", WAYS)
def test_every_planted_near_duplicate_is_found(way: str, locked: ImageSet, tmp_path: Path):
    planted = {f"p{seed:03d}.png": WAYS[way](street(seed)) for seed in range(COUNT)}
    leaks = find_leaks({"source.train": a_set(tmp_path / "used", planted)}, {"test": locked})
    found = {(leak.used_image[1:4], leak.test_image[1:4]) for leak in leaks}
    assert {leak.kind for leak in leaks} == {"near duplicate"}
    assert found == {(f"{seed:03d}", f"{seed:03d}") for seed in range(COUNT)}
    assert all(0 <= leak.evidence <= 1 for leak in leaks)


def test_honest_images_are_not_accused(locked: ImageSet, tmp_path: Path):
    others = {f"o{seed:03d}.jpg": street(seed) for seed in range(1000, 1000 + 4 * COUNT)}
    assert find_leaks({"used": a_set(tmp_path / "used", others)}, {"test": locked}) == []


def test_another_frame_of_the_same_scene_is_no_duplicate(locked: ImageSet, tmp_path: Path):
    others = {f"o{seed:03d}.jpg": street(seed, moved=25) for seed in range(COUNT)}
    assert find_leaks({"used": a_set(tmp_path / "used", others)}, {"test": locked}) == []


def test_blank_images_prove_nothing(tmp_path: Path):
    blank = {"a.png": np.zeros((60, 80, 3), np.uint8)}
    paler = {"b.png": np.full((60, 80, 3), 3, np.uint8)}
    used, test = a_set(tmp_path / "used", blank), a_set(tmp_path / "test", paler)
    assert find_leaks({"used": used}, {"test": test}) == []


def test_a_copy_and_what_was_translated_from_it_are_found(locked: ImageSet, tmp_path: Path):
    first, second = locked.files()[:2]
    root = tmp_path / "used"
    root.mkdir()
    (root / "copy.jpg").write_bytes(first.read_bytes())
    (root / "night.png").write_bytes(encode(street(77), ".png"))
    rows = [{"image": "copy.jpg"}, {"image": "night.png", "parent_sha256": sha256_of(second)}]
    used = build_set("used", ["car"], rows, [], root=root)
    leaks = find_leaks({"source.train": used}, {"night": locked})
    assert [(leak.kind, leak.used_image, leak.test_image) for leak in leaks] == [
        ("same file", "copy.jpg", "t000.jpg"), ("translated", "night.png", "t001.jpg"),
    ]  # fmt: skip
    assert leaks[0].sentence() == (
        "'copy.jpg' of source.train is the same file as 't000.jpg' of night"
    )
    assert {leak.kind for leak in find_leaks({"x": locked}, {"y": used})} == {
        "same file", "translated",
    }  # fmt: skip


def test_many_copies_are_as_many_pairs_each_named(tmp_path: Path):
    used = a_set(tmp_path / "used", {f"u{row:02d}.png": street(1) for row in range(12)})
    test = a_set(tmp_path / "test", {f"t{row:02d}.png": street(1) for row in range(20)})
    leaks = find_leaks({"used": used}, {"test": test})
    assert [(leak.kind, leak.used_image) for leak in leaks if leak.used_image > "u00.png"] == [
        ("same file", f"u{row:02d}.png") for row in range(1, 12)
    ]
    assert sorted(leak.test_image for leak in leaks) == test.names()


def of_drive(root: Path, seed: int, origin: str | None, **columns: Any) -> ImageSet:
    words = {"attributes": {"origin": origin}} if origin else {}
    return a_set(root, {f"{seed}.jpg": street(seed)}, **columns, **words)


@pytest.mark.parametrize(
    ("mine", "theirs", "found"),
    [
        ("kitti", "kitti", 1),
        (None, None, 1),
        ("kitti", None, 1),
        ("kitti", "vkitti", 0),
    ],
)
def test_a_sequence_is_shared_unless_its_name_is_a_coincidence(
    mine: str | None, theirs: str | None, found: int, tmp_path: Path
):
    used = of_drive(tmp_path / "used", 1, mine, sequence="0001")
    test = of_drive(tmp_path / "test", 2, theirs, sequence="0001")
    leaks = find_leaks({"used": used}, {"test": test})
    assert len(leaks) == found
    for leak in leaks:
        assert leak.sentence() == (
            "'1.jpg' of used belongs to the same sequence as '2.jpg' of test ('0001')"
        )


def test_clips_of_one_recording_share_their_group(tmp_path: Path):
    used = of_drive(tmp_path / "used", 1, None, sequence="ab-01", group="ab")
    test = of_drive(tmp_path / "test", 2, None, sequence="ab-02", group="ab")
    assert [leak.sequence for leak in find_leaks({"used": used}, {"test": test})] == ["ab"]


def test_leaks_are_refused_by_name(locked: ImageSet):
    refuse_leaks([])
    leaks = find_leaks({"source.train": locked}, {"test": locked})
    assert len(leaks) == COUNT
    with pytest.raises(
        LeakError, match=r"16 x same file: 't000\.jpg' of source\.train is the same file as"
    ):
        refuse_leaks(leaks)


def test_an_image_that_cannot_be_compared_stops_the_check(locked: ImageSet, tmp_path: Path):
    used = a_set(tmp_path / "used", {"a.png": street(1)})
    (tmp_path / "used/a.png").write_bytes(b"")
    with pytest.raises(ImageError, match=r"a\.png \(0 bytes\)"):
        find_leaks({"used": used}, {"test": locked})


def test_a_mirrored_image_has_the_hash_with_odd_waves_turned():
    grey = cv2.cvtColor(street(3), cv2.COLOR_RGB2GRAY)
    plain, turned = hash_pixels(grey)[0], hash_pixels(np.ascontiguousarray(grey[:, ::-1]))[0]
    even = EVEN_WAVES
    assert np.allclose(turned[:even], plain[:even], atol=1e-3)
    assert np.allclose(turned[even:], -plain[even:], atol=1e-3)
    assert np.abs(plain[even:]).max() > 0.1


def test_a_window_has_the_hash_of_the_crop():
    grey = cv2.cvtColor(street(5), cv2.COLOR_RGB2GRAY)
    cut = cv2.cvtColor(cropped(street(5)), cv2.COLOR_RGB2GRAY)
    alike = hash_pixels(grey) @ hash_pixels(cut)[0]
    assert alike.argmax() == 2
    assert alike[2] > 0.99
    assert alike[0] < 0.97


def test_the_closer_look_sees_what_moved_and_not_what_brightened():
    still, moved = (
        np.asarray(cv2.resize(street(3, m), (256, 192), interpolation=cv2.INTER_AREA))
        for m in (0, 25)
    )
    gamma = np.rint(255 * (still / 255.0) ** 0.6).astype(np.uint8)
    assert largest_difference(still, still) == 0
    assert largest_difference(still, gamma) < COPY
    assert largest_difference(still, moved) > 4 * COPY


def test_the_tone_curve_is_the_nearest_that_rises():
    rng = np.random.default_rng(0)
    values, weights = rng.normal(size=50), rng.uniform(0.1, 2, 50)
    curve = rising(values, weights)
    assert (np.diff(curve) >= 0).all()
    # What makes it nearest: its residual is orthogonal to it, and to the constant.
    assert (weights * (values - curve)).sum() == pytest.approx(0, abs=1e-9)
    assert (weights * (values - curve) * curve).sum() == pytest.approx(0, abs=1e-9)


def of_chance(images: int, seed: int) -> Index:
    vectors = np.random.default_rng(seed).normal(size=(images, 6, 85)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    return Index(vectors=vectors, blank=np.zeros(images, bool))


def test_four_thousand_against_four_thousand_take_seconds():
    used, test = of_chance(4000, 0), of_chance(4000, 1)
    test.vectors[7] = used.vectors[3]
    began = time.perf_counter()
    assert [pair[:3] for pair in propose(used, test, 5)] == [(3, 7, False)]
    assert time.perf_counter() - began < 20


def test_the_nearest_few_are_proposed_and_pairs_kept_together_are_not():
    used = of_chance(30, 2)
    used.vectors[10:14] = used.vectors[20]
    used.vectors[11, :, EVEN_WAVES:] *= -1
    pairs = [pair[:3] for pair in propose(used, used, 2)]
    assert pairs == [
        (10, 11, True), (10, 12, False), (11, 12, True), (11, 13, True), (12, 13, False),
        (12, 20, False), (13, 20, False),
    ]  # fmt: skip
    drives = np.arange(30)
    drives[10:13] = 10
    kept = [pair[:2] for pair in propose(used, used, 9, together=(drives, drives))]
    assert kept == [(10, 13), (10, 20), (11, 13), (11, 20), (12, 13), (12, 20), (13, 20)]


@pytest.mark.parametrize(
    ("way", "crop"),
    [
        ([[1.05, 0, -8], [0, 1.05, 0]], True),
        ([[0.9, 0.01, 3], [-0.01, 0.95, 2]], True),
        ([[1.0, 0.2, 0], [-0.2, 1.0, 0]], False),
        ([[0.5, 0, 0], [0, 0.5, 0]], False),
    ],
)
def test_cropping_and_resizing_turn_nothing(way: list[list[float]], crop: bool):
    assert is_crop(np.array(way)) == crop


def test_a_map_is_refined_to_a_fraction_of_a_pixel():
    image = street(3)
    true = np.array([[1.05, 0, -8.3], [0, 1.05, -4.6]])
    there = np.asarray(cv2.warpAffine(image, true, (320, 180)))
    near = true + np.array([[0, 0, 1.4], [0, 0, -1.2]])
    assert np.abs(refine(image, there, near) - true)[:, 2].max() < 0.2
    parts = common_part(image, there, true)
    assert parts is not None
    assert largest_difference(*parts) < 0.2


def test_what_a_moving_and_a_standing_camera_show_is_told_apart(tmp_path: Path):
    nearer = np.array([[1.1, 0, -9], [0, 1.1, -11]])
    pictures = {
        "still.png": street(3),
        "later.png": street(3, moved=40),
        "ahead.png": cv2.warpAffine(street(3, moved=40), nearer, (320, 180)),
        "other.png": street(4),
    }  # fmt: skip
    images = a_set(tmp_path / "set", pictures)
    files = dict(zip(images.names(), images.files(), strict=True))
    kinds = [
        Sight().compare(files["still.png"], files[name], mirrored=False).kind for name in pictures
    ]
    assert kinds == ["copy", "view", "scene", "other"]
