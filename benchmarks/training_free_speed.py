"""How long the training-free translators take: CPU milliseconds for an image of the world.

    python benchmarks/training_free_speed.py [--images 8] [--width 256] [--height 144]

CPU time is of one process with one thread, without reading and writing files; the methods take
turns, and the median round counts, so that other work meets all alike.
"""

import argparse
import time
from statistics import median

import cv2
import torch

from otherlight.images.tensors import Images, stack, to_images
from otherlight.training.seeding import torch_generator
from otherlight.translators import TRANSLATORS, Referenced, Translator, context_for
from otherlight.world import WorldConfig
from otherlight.world.sequence import shoot

ROUNDS = 7
NAMES = (
    "clahe", "fda", "fog", "gamma", "histogram", "identity", "night", "rain", "reinhard", "snow",
)  # fmt: skip


def main() -> None:
    """Measure every training-free method."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("images", 8), ("width", 256), ("height", 144)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = vars(parser.parse_args())
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    day, night = (rendered(WorldConfig(condition=light, **given)) for light in ("day", "night"))
    translators = {name: made(name, night) for name in NAMES}
    taken: dict[str, list[float]] = {name: [] for name in translators}
    for _ in range(ROUNDS):
        for name, translator in translators.items():
            start = time.process_time()
            for number, image in enumerate(day):
                translator.translate(image, context_for(0, [str(number)]))
            taken[name].append(1000 * (time.process_time() - start) / len(day))
    for name, times in taken.items():
        print(f"{name}: {median(times):.1f} ms ({min(times):.1f} to {max(times):.1f})")


def rendered(config: WorldConfig) -> list[Images]:
    """Render images of the world, each a batch of its own."""
    shots = (shot for sequence in range(config.sequences) for shot in shoot(config, sequence))
    return [to_images(stack([shot.pixels])) for shot in shots]


def made(name: str, reference: list[Images]) -> Translator:
    """Build a method with its defaults."""
    method = TRANSLATORS[name]
    translator = method.build(method.config(), torch_generator(0, "weights"))
    if isinstance(translator, Referenced):
        translator.fit(reference)
    return translator


if __name__ == "__main__":
    main()
