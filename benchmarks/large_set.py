"""How long a set of 100,000 images and 1.8 million boxes takes to make, write, filter, look at.

Run: python benchmarks/large_set.py
"""

import tempfile
import time
from pathlib import Path

import numpy as np

from otherlight.sets import build_set, read_set, write_set
from otherlight.sets.describe import describe_set
from otherlight.sets.histogram import histogram
from otherlight.view.album import Album

CLASSES = ("car", "truck", "bus", "person", "rider", "bike", "motor", "light", "sign", "train")


def main() -> None:
    """Print one line a stage."""
    chance = np.random.default_rng(0)
    images = [
        {"image": f"{n:06}.jpg", "width": 1280, "height": 720, "timeofday": ("day", "night")[n % 2],
         "sequence": f"drive{n // 40}"}
        for n in range(100_000)
    ]  # fmt: skip
    corner = chance.uniform(0, 600, (1_800_000, 2))
    size = chance.uniform(2, 100, (1_800_000, 2))
    boxes = [
        {"image": f"{n // 18:06}.jpg", "box": n % 18, "label": CLASSES[n % 10], "left": float(x),
         "top": float(y), "right": float(x + w), "bottom": float(y + h), "occlusion_level": n % 3}
        for n, ((x, y), (w, h)) in enumerate(zip(corner, size, strict=True))
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()

        def lap(what: str) -> None:
            nonlocal started
            print(f"{what:20} {time.perf_counter() - started:6.2f} s")
            started = time.perf_counter()

        made = build_set("large", CLASSES, images, boxes, root=Path(folder))
        lap("build")
        write_set(made, Path(folder))
        lap("write")
        again = read_set(Path(folder))
        lap("read")
        night = again.where("timeofday = 'night' AND n_car > 0 AND n_occluded > 3")
        lap("where")
        again.where(boxes="area > 1024 AND timeofday = 'day'")
        lap("where boxes")
        arrays = again.boxes_of()
        lap("arrays")
        describe_set(again, stored_hash="as set.json says")
        lap("describe")
        histogram([again], "n_occluded")
        lap("histogram of images")
        histogram([again], "box_height")
        lap("histogram of boxes")
        album = Album(again)
        lap("open to view")
        album.page("n_car > 1", 50_000, 48)
        lap("filter and page")
        print(len(night), len(arrays))


if __name__ == "__main__":
    main()
