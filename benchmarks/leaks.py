"""Leaks that were planted, and honest images: how many are found, how many are accused, how fast.

    python benchmarks/leaks.py [FOLDER ...] [--each 20] [--honest 960 480] [--many 100000]

Plants every transformation into some images of each FOLDER (real ones, where you have them) and of
the built-in world by day and by night, and looks for them among all of those images. Then holds
frames of different streets of the world against one another: whoever is accused is innocent. Then
times hashing, and proposing among as many hashes as ``--many`` says, drawn with the mean and the
covariance of the world's.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from otherlight.datasets.hashing import Index, index_of, propose
from otherlight.datasets.leaks import CANDIDATES, find_leaks
from otherlight.datasets.listing import list_images
from otherlight.datasets.sighting import Sight
from otherlight.sets import ImageSet
from otherlight.world import WorldConfig, render_world

Picture = np.ndarray
Change = Callable[[Picture, np.random.Generator], Picture]


def lit(image: Picture, factor: float) -> Picture:
    """Multiply and clip."""
    return np.rint(image.astype(np.float32) * factor).clip(0, 255).astype(np.uint8)


def narrowed(image: Picture, width: int) -> Picture:
    """Resize to a width, shape kept."""
    height = round(width * image.shape[0] / image.shape[1])
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))


def cropped(image: Picture, chance: np.random.Generator, keep: float = 0.95) -> Picture:
    """Keep a share of width and height, anywhere."""
    height, width = (round(side * keep) for side in image.shape[:2])
    top = int(chance.integers(0, image.shape[0] - height + 1))
    left = int(chance.integers(0, image.shape[1] - width + 1))
    return image[top : top + height, left : left + width]


def shifted(image: Picture) -> Picture:
    """Move one pixel right and down; the border repeats."""
    return np.asarray(cv2.copyMakeBorder(image[:-1, :-1], 1, 0, 1, 0, cv2.BORDER_REPLICATE))


WAYS: dict[str, tuple[Change, int]] = {
    "halved": (lambda i, _: narrowed(i, i.shape[1] // 2), 90),
    "320 wide": (lambda i, _: narrowed(i, 320), 90),
    "quality 40": (lambda i, _: i, 40),
    "25 % darker": (lambda i, _: lit(i, 0.75), 90),
    "25 % brighter": (lambda i, _: lit(i, 1.25), 90),
    "mirrored": (lambda i, _: i[:, ::-1], 90),
    "one pixel shifted": (lambda i, _: shifted(i), 90),
    "cropped by 5 %": (cropped, 90),
    "cropped by 10 %": (lambda i, c: cropped(i, c, 0.9), 90),
    "5 % off, mirrored, 20 % darker, quality 40": (
        lambda i, c: lit(cropped(i, c)[:, ::-1], 0.8),
        40,
    ),
}
"""What is done to an image, and the quality of the JPEG it becomes."""


def main() -> None:
    """Measure, and print tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--honest", type=int, nargs=2, default=(960, 480))
    parser.add_argument("--many", type=int, default=100_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        train, test = (
            world(root / split, images, split)
            for split, images in zip(("train", "test"), given.honest, strict=True)
        )
        world(root / "night", 2 * given.each, "val", "night")
        files = chosen([*given.folders, root / "test", root / "night"], given.each)
        print(f"{len(files)} images in {len(given.folders)} folders and the world\n")
        planted(files, root / "planted")
        honest(train, test)
        speed(train, given.many)


def world(to: Path, images: int, split: str, condition: str = "day") -> ImageSet:
    """Render frames of streets that no other split has."""
    config = WorldConfig(images=images, condition=condition, split=split, width=224, height=128)
    return render_world(config, to)


def chosen(folders: list[Path], each: int) -> list[Path]:
    """Draw images of every folder."""
    chance = np.random.default_rng(0)
    files: list[Path] = []
    for folder in folders:
        names = list_images(folder)
        rows = chance.choice(len(names), min(each, len(names)), replace=False)
        files += [folder / names[row] for row in sorted(rows)]
    return files


def planted(files: list[Path], to: Path) -> None:
    """Plant each way into all images and look for it among them; say what each stage finds."""
    index, sight = index_of(files), Sight(len(files))
    print("| what was done | proposed | found | pairs a image | ms a pair |\n|---|---|---|---|---|")
    for way, (change, quality) in WAYS.items():
        chance = np.random.default_rng(1)
        copies: list[Path] = []
        for row, file in enumerate(files):
            copies.append(to / way.replace(" ", "_") / f"{row:04}.jpg")
            copies[-1].parent.mkdir(parents=True, exist_ok=True)
            image = np.ascontiguousarray(change(np.asarray(cv2.imread(str(file))), chance))
            cv2.imwrite(str(copies[-1]), image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        pairs = propose(index_of(copies), index, CANDIDATES)
        used = time.process_time()
        right = {pair.used for pair in pairs if pair.used == pair.test}
        found = {
            pair.used
            for pair in pairs
            if sight.compare(copies[pair.used], files[pair.test], mirrored=pair.mirrored).kind
            == "copy"
            and pair.used == pair.test
        }
        spent = 1000 * (time.process_time() - used) / max(1, len(pairs))
        shares = [f"{100 * len(rows) / len(files):.1f} %" for rows in (right, found)]
        each = f"{len(pairs) / len(files):.1f}"
        print("|", " | ".join([way, *shares, each, f"{spent:.0f}"]), "|", flush=True)


def honest(train: ImageSet, test: ImageSet) -> None:
    """Accuse frames of streets that the other set does not have."""
    began, used = time.perf_counter(), time.process_time()
    leaks = find_leaks({"train": train}, {"test": test})
    accused = {leak.test_image for leak in leaks} | {leak.used_image for leak in leaks}
    print(
        f"\n{len(train)} and {len(test)} frames of different streets: {len(accused)} accused, in "
        f"{time.perf_counter() - began:.1f} s ({time.process_time() - used:.1f} s CPU)"
    )
    for leak in leaks:
        print(f"  {leak.sentence()}")


def speed(images: ImageSet, many: int) -> None:
    """Time hashing on files as they are, and proposing among many hashes."""
    used = time.process_time()
    index = index_of(images.files())
    print(f"hashing: {1000 * (time.process_time() - used) / len(images):.2f} ms CPU an image")
    whole = index.vectors.reshape(len(images), -1)
    mean, spread = whole.mean(axis=0), np.linalg.cholesky(
        np.cov(whole.T).astype(np.float64) + 1e-7 * np.eye(whole.shape[1])
    ).astype(np.float32)  # fmt: skip
    chance = np.random.default_rng(0)
    drawn = np.zeros((many, *index.vectors.shape[1:]), np.float32)
    for row in range(0, many, 5000):
        noise = chance.normal(size=(min(5000, many - row), len(mean))).astype(np.float32)
        drawn[row : row + 5000] = (mean + noise @ spread.T).reshape(-1, *drawn.shape[1:])
    drawn /= np.linalg.norm(drawn, axis=2, keepdims=True)
    crowd = Index(vectors=drawn, blank=np.zeros(many, bool))
    began, used = time.perf_counter(), time.process_time()
    pairs = propose(crowd, crowd, CANDIDATES)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"proposing among {many} hashes: {time.perf_counter() - began:.0f} s "
        f"({time.process_time() - used:.0f} s CPU), {len(pairs)} pairs, peak {peak:.2f} GiB"
    )


if __name__ == "__main__":
    main()
