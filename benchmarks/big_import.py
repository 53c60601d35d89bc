"""How long the labels of a data set of BDD100K's size take to import, and how much memory.

Run: python benchmarks/big_import.py FOLDER [--compact] [--files] [--rounds 3]
The folder keeps what is made (1.4 GB, with --files 0.6 GB more), so that a second run is quick.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

IMAGES = 70_000
BOXES = 18.6
LANES = 7.5
AREAS = 1.8
"""Of one image, on average: as in the label file of 2018."""
CLASSES = ("car", "traffic sign", "traffic light", "person", "truck", "bus", "bike", "rider",
           "motor", "train")  # fmt: skip
SHARES = (0.555, 0.186, 0.145, 0.071, 0.0232, 0.009, 0.0056, 0.0035, 0.0015, 0.0002)
WEATHERS = ("clear", "overcast", "undefined", "snowy", "rainy", "partly cloudy", "foggy")
SCENES = ("city street", "highway", "residential", "parking lot", "undefined", "tunnel")
TIMES = ("daytime", "night", "dawn/dusk", "undefined")
KINDS = ("single white", "road curb", "crosswalk", "double yellow", "single yellow")
CHILD = """
import resource, sys
from pathlib import Path
from otherlight.datasets import ImportConfig, import_set
labels, images, to, pixels = sys.argv[1:]
got = import_set("bdd100k", Path(labels), Path(to), images=Path(images),
                 config=ImportConfig(pixels=pixels == "True"))
used = resource.getrusage(resource.RUSAGE_SELF)
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(f"{len(got)} images, {got.boxes.num_rows} boxes: CPU {used.ru_utime:.1f} s user, "
      f"{used.ru_stime:.1f} s system, peak {int(peak.split()[1]) / 1024:.0f} MB")
"""


def main() -> None:
    """Make the labels (and images) once, import them several times, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--compact", action="store_true", help="one line, no blanks")
    parser.add_argument("--files", action="store_true", help="with headers and hashes of images")
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    pictures = given.folder / f"images_{given.images}"
    labels = given.folder / f"labels_{given.images}{'_compact' if given.compact else ''}.json"
    given.folder.mkdir(parents=True, exist_ok=True)
    if not labels.exists():
        write_labels(labels, given.images, given.compact)
    if given.files and not pictures.exists():
        write_pictures(pictures, given.images)
    print(f"{labels.name}: {labels.stat().st_size / 1e6:.0f} MB")
    for number in range(given.rounds):
        to = given.folder / f"set_{time.time_ns()}_{number}"
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", CHILD, labels, pictures, to, str(given.files)],
                       check=True)  # fmt: skip
        print(f"wall {time.perf_counter() - started:.1f} s")


def name_of(number: int) -> str:
    """Name an image as the collection does: recording and clip in hexadecimal digits."""
    return f"{number * 7919 % (1 << 32):08x}-{number * 104729 % (1 << 32):08x}.jpg"


def write_labels(path: Path, images: int, compact: bool) -> None:
    """Write the label file, indented by four as the real one is, or on one line."""
    chance = np.random.default_rng(0)
    shape = Shape("" if compact else "\n", 0 if compact else 4, ":" if compact else ": ")
    partial = path.with_suffix(".partial")
    with partial.open("w") as file:
        file.write("[")
        for number in range(images):
            file.write(("," if number else "") + shape.frame(name_of(number), chance))
        file.write(shape.line(0) + "]")
    partial.rename(path)


class Shape:
    """How JSON is laid out: line breaks, indentation, what follows a key."""

    def __init__(self, end: str, indent: int, colon: str) -> None:
        self._end, self._indent, self._colon = end, indent, colon

    def line(self, depth: int) -> str:
        """Begin a line."""
        return self._end + " " * self._indent * depth

    def pairs(self, depth: int, **values: str) -> str:
        """Lay out an object whose values are JSON already."""
        lines = (f'{self.line(depth + 1)}"{k}"{self._colon}{v}' for k, v in values.items())
        return "{" + ",".join(lines) + self.line(depth) + "}"

    def items(self, depth: int, values: Iterator[str]) -> str:
        """Lay out an array."""
        return "[" + ",".join(self.line(depth + 1) + v for v in values) + self.line(depth) + "]"

    def frame(self, name: str, chance: np.random.Generator) -> str:
        """Lay out one image with its boxes, drivable areas and lanes."""
        words = self.pairs(
            2,
            weather=_pick(WEATHERS, chance),
            scene=_pick(SCENES, chance),
            timeofday=_pick(TIMES, chance),
        )
        labels = self.items(2, self._labels(chance))
        about = {"attributes": words, "timestamp": "10000", "labels": labels}
        return self.line(1) + self.pairs(1, name=f'"{name}"', **about)

    def _labels(self, chance: np.random.Generator) -> Iterator[str]:
        boxes, areas, lanes = chance.poisson((BOXES, AREAS, LANES))
        kinds = chance.choice(len(CLASSES), boxes, p=np.array(SHARES) / sum(SHARES))
        corners = chance.uniform(0, 640, (boxes, 4))
        flags = chance.random((boxes, 2)) < (0.47, 0.07)
        for row, (kind, corner, flag) in enumerate(zip(kinds, corners, flags, strict=True)):
            colour = _pick(("green", "red", "yellow"), chance) if kind == 2 else '"none"'
            words = self.pairs(4, occluded=_flag(flag[0]), truncated=_flag(flag[1]),
                               trafficLightColor=colour)  # fmt: skip
            x, y, width, height = corner
            edges = self.pairs(4, x1=f"{x:.6f}", y1=f"{y / 2:.6f}", x2=f"{x + width + 1:.6f}",
                               y2=f"{(y + height) / 2 + 1:.6f}")  # fmt: skip
            yield self._label(f'"{CLASSES[kind]}"', words, row, box2d=edges)
        for row in range(areas + lanes):
            area = row < areas
            words = self.pairs(4, areaType='"direct"') if area else self.pairs(
                4, laneDirection='"parallel"', laneStyle='"solid"', laneTypes=_pick(KINDS, chance)
            )  # fmt: skip
            line = self._line(8 if area else 3, area, chance)
            category = '"drivable area"' if area else '"lane"'
            yield self._label(category, words, boxes + row, poly2d=line)

    def _label(self, category: str, words: str, number: int, **shape: str) -> str:
        about = {"attributes": words, "manualShape": "true", "manualAttributes": "true"}
        return self.pairs(3, category=category, **about, **shape, id=str(number))

    def _line(self, points: int, closed: bool, chance: np.random.Generator) -> str:
        places = (
            self.items(7, iter((f"{x:.6f}", f"{y:.6f}")))
            for x, y in chance.uniform(0, 720, (points, 2))
        )
        vertices = self.items(6, places)
        types = '"' + "L" * points + '"'
        line = self.pairs(5, vertices=vertices, types=types, closed=_flag(closed))
        return self.items(4, iter((line,)))


def _pick(words: tuple[str, ...], chance: np.random.Generator) -> str:
    return f'"{words[chance.integers(len(words))]}"'


def _flag(value: object) -> str:
    return "true" if value else "false"


def write_pictures(folder: Path, images: int) -> None:
    """Write small JPEG files of different bytes (some kB each)."""
    partial = folder.with_suffix(".partial")
    partial.mkdir(exist_ok=True)
    chance = np.random.default_rng(1)
    for number in range(images):
        coarse = chance.integers(0, 256, (9, 16, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((160, 90))
        picture.save(partial / name_of(number), quality=80)
    partial.rename(folder)


if __name__ == "__main__":
    main()
