"""AP50 of twelve runs under a thousand resamples, on one core.

    OMP_NUM_THREADS=1 python benchmarks/bootstrap_speed.py [--per-class]

12 runs x 10,000 images x 10 classes x 20 detections an image (``--per-class``: an image and
class), 1,000 resamples of 2,000 groups. Prints the seconds of processor time for matching and for
resampling (one thread, so on an idle core they are the seconds on the clock).
"""

import argparse
import resource
import time

import numpy as np

from otherlight.metrics import Found, MatchRules, Truths, average_precision, match
from otherlight.statistics import group_weights

IMAGES, CLASSES, GROUPS, RESAMPLES = 10_000, 10, 2_000, 1_000


def truths(rng: np.random.Generator, per_image: int) -> Truths:
    """Boxes spread over a 1280 x 720 frame."""
    count = IMAGES * per_image
    left, top = rng.uniform(0, 1200, count), rng.uniform(0, 640, count)
    return Truths(
        images=IMAGES,
        classes=CLASSES,
        image=np.repeat(np.arange(IMAGES), per_image),
        label=rng.integers(0, CLASSES, count),
        left=left,
        top=top,
        right=left + rng.uniform(10, 80, count),
        bottom=top + rng.uniform(10, 80, count),
        ignore=rng.random(count) < 0.02,
    )


def found(truth: Truths, rng: np.random.Generator, per_image: int) -> Found:
    """Half of the detections lie near a truth of their class, half anywhere."""
    near = rng.choice(len(truth.image), IMAGES * per_image // 2)
    count = IMAGES * per_image - len(near)
    left, top = rng.uniform(0, 1200, count), rng.uniform(0, 640, count)
    stray = np.stack([left, top, left + 40, top + 40])
    close = np.stack([truth.left, truth.top, truth.right, truth.bottom])[:, near]
    edges = np.concatenate([close + rng.normal(0, 3, close.shape), stray], 1)
    score = np.concatenate([rng.beta(3, 2, len(near)), rng.beta(2, 4, count)])
    return Found(
        image=np.concatenate([truth.image[near], rng.integers(0, IMAGES, count)]),
        label=np.concatenate([truth.label[near], rng.integers(0, CLASSES, count)]),
        left=edges[0],
        top=edges[1],
        right=edges[2],
        bottom=edges[3],
        score=score,
        rank=np.arange(len(score)),
    )


def main() -> None:
    """Time it and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-class", action="store_true", help="20 detections a class, not all")
    parser.add_argument("--runs", type=int, default=12)
    options = parser.parse_args()
    per_image = 20 * (CLASSES if options.per_class else 1)
    rng = np.random.default_rng(0)
    truth = truths(rng, per_image // 2)
    groups = rng.integers(0, GROUPS, IMAGES)
    begin = time.process_time()
    weights = group_weights(groups, RESAMPLES, rng)
    print(f"weights: {time.process_time() - begin:.1f} s", flush=True)
    matching: list[float] = []
    resampling: list[float] = []
    for run in range(options.runs):
        shots = found(truth, rng, per_image)
        begin = time.process_time()
        matches = match(truth, shots, MatchRules(ious=(0.5,)))
        middle = time.process_time()
        values = average_precision(matches, weights)
        matching.append(middle - begin)
        resampling.append(time.process_time() - middle)
        print(
            f"run {run}: AP50 {np.nanmean(values):.3f}, matching {matching[-1]:.2f} s, "
            f"resampling {resampling[-1]:.2f} s",
            flush=True,
        )
    print(
        f"{options.runs} runs x {IMAGES} images x {per_image} detections, {RESAMPLES} resamples: "
        f"matching {sum(matching):.1f} s, resampling {sum(resampling):.1f} s of processor time, "
        f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB"
    )


if __name__ == "__main__":
    main()
