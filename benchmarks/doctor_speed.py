"""How long doctor takes on very many images, from end to end, and how much memory.

Run: python benchmarks/doctor_speed.py FOLDER [--images 100000] [--side 320 180]
The folder keeps the images (some kB each), so that a second run is quick. Each shows another street
of flat colours; one in a hundred is a copy of the one before it, saved at quality 40.
"""

import argparse
import resource
import time
from pathlib import Path

import cv2
import numpy as np

from otherlight.datasets import ImportConfig, import_set
from otherlight.datasets.doctor import examine


def main() -> None:
    """Make the images once, import them, let doctor look, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--side", type=int, nargs=2, default=(320, 180))
    given = parser.parse_args()
    pictures = given.folder / f"images_{given.images}"
    if not pictures.exists():
        write_pictures(pictures, given.images, *given.side)
    config = ImportConfig(splits={"train": 0.8, "test": 0.2}, split_by="image")
    took, made = Took(), given.folder / f"set_{given.images}"
    images = import_set("folder", pictures, made, config=config)
    print(f"import: {took}")
    took = Took()
    found = examine({"set": images}).findings
    print(f"doctor: {took}")
    for finding in found:
        print(f"{finding.grade}: {finding.rule}, {finding.what}")


class Took:
    """Time since it was made, and the most memory that this process ever held."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def __str__(self) -> str:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        return f"wall {wall:.0f} s, CPU {cpu:.0f} s, peak {peak:.0f} MB"


def write_pictures(folder: Path, images: int, width: int, height: int) -> None:
    """Write streets, every hundredth a copy."""
    partial = folder.with_suffix(".partial")
    partial.mkdir(parents=True, exist_ok=True)
    for number in range(images):
        copy = number % 100 == 99
        picture = street(number - copy, width, height)
        quality = [cv2.IMWRITE_JPEG_QUALITY, 40 if copy else 85]
        cv2.imwrite(str(partial / f"{number * 7919 % (1 << 32):08x}.jpg"), picture, quality)
    partial.rename(folder)


def street(seed: int, width: int, height: int) -> np.ndarray:
    """Draw sky, road, houses and cars, each where chance puts it."""
    chance = np.random.default_rng(seed)
    image = np.empty((height, width, 3), np.uint8)
    horizon = int(height * chance.uniform(0.3, 0.6))
    image[:horizon], image[horizon:] = chance.integers(120, 220, 3), chance.integers(40, 110)
    for number in range(16):
        tall, wide = (int(side * chance.uniform(0.05, 0.3)) for side in (height, width))
        left = int(chance.integers(-wide // 2, width))
        bottom = horizon + (4 if number < 10 else int(chance.integers(10, height // 3)))
        box = slice(max(bottom - tall, 0), bottom), slice(max(left, 0), max(left + wide, 1))
        image[box] = chance.integers(20, 235, 3)
    return image


if __name__ == "__main__":
    main()
