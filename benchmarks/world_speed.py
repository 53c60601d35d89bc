"""How fast the world renders: CPU milliseconds per labelled frame, and frames a second.

    python benchmarks/world_speed.py [--images 400] [--width 256] [--height 144]

CPU time is of one process with one thread, encoding and writing included; frames a second are by
the clock, on all cores, starting the processes included.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import cv2

from otherlight.images.files import encode
from otherlight.world import CONDITIONS, WorldConfig, render_world
from otherlight.world.sequence import render_sequence, shoot


def main() -> None:
    """Measure every condition."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("images", 400), ("width", 256), ("height", 144)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    for condition in CONDITIONS:
        config = WorldConfig(condition=condition, **vars(given))
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            render_world(config, Path(folder) / "all")
            clock = given.images / (time.perf_counter() - start)
            used = _cpu(replace(config, images=64), Path(folder) / "one")
        print(f"{condition}: {used:.1f} ms CPU a frame, {clock:.0f} frames a second")
        for suffix in (".jpg", ".png"):
            _encoding(config, suffix)


def _cpu(config: WorldConfig, to: Path) -> float:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    render_sequence(config, 0, to)
    start = time.process_time()
    for sequence in range(1, config.sequences):
        render_sequence(config, sequence, to)
    used = time.process_time() - start
    cv2.setNumThreads(threads)
    return 1000 * used / (config.images - config.frames_per_sequence)


def _encoding(config: WorldConfig, suffix: str) -> None:
    pixels = next(iter(shoot(config, 0))).pixels
    start = time.process_time()
    sizes = [len(encode(pixels, suffix)) for _ in range(50)]
    print(f"  {suffix}: {(time.process_time() - start) * 20:.2f} ms, {sizes[0] / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
