"""How fast the world renders: CPU milliseconds per labelled frame, and frames a second.

    python benchmarks/world_speed.py [--images 400] [--width 256] [--height 144]
                                     [--conditions day rain]

CPU time is of one process with one thread, encoding and writing included, of the same scenes in
turn; frames a second are by the clock, on all cores, starting the processes included.
"""

import argparse
import tempfile
import time
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
    parser.add_argument("--conditions", nargs="*")
    given = vars(parser.parse_args())
    names = given.pop("conditions") or list(CONDITIONS)
    configs = {name: WorldConfig(condition=name, pool="speed", **given) for name in names}
    used = _cpu(configs, min(given["images"] // 8 - 1, 16))
    for name, config in configs.items():
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            render_world(config, Path(folder))
            clock = config.images / (time.perf_counter() - start)
        times = used[name] / used[names[0]]
        print(
            f"{name}: {used[name]:.1f} ms CPU a frame, {times:.2f} times {names[0]}, "
            f"{clock:.0f} frames a second"
        )
        for suffix in (".jpg", ".png"):
            _encoding(config, suffix)


def _cpu(configs: dict[str, WorldConfig], sequences: int) -> dict[str, float]:
    """Measure conditions in turn, sequence by sequence, so that other work meets all alike."""
    threads, used = cv2.getNumThreads(), dict.fromkeys(configs, 0.0)
    cv2.setNumThreads(1)
    frames = next(iter(configs.values())).frames_per_sequence
    with tempfile.TemporaryDirectory() as folder:
        for sequence in range(sequences + 1):
            for name, config in configs.items():
                start = time.process_time()
                render_sequence(config, sequence, Path(folder) / name)
                used[name] += (time.process_time() - start) * (sequence > 0)
    cv2.setNumThreads(threads)
    return {name: 1000 * total / (sequences * frames) for name, total in used.items()}


def _encoding(config: WorldConfig, suffix: str) -> None:
    pixels = next(iter(shoot(config, 0))).pixels
    start = time.process_time()
    sizes = [len(encode(pixels, suffix)) for _ in range(50)]
    print(f"  {suffix}: {(time.process_time() - start) * 20:.2f} ms, {sizes[0] / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
