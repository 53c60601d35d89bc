"""Put all translators side by side, from the outputs of `plans/world-translators.yaml`.

    otherlight run plans/world-translators.yaml --to RUN
    python benchmarks/every_translator.py RUN [--rows rows.png] [--time] [--steps 20]

Prints a table: distance to the paired truth (the same scenes rendered by night), survival by the
audit, AP50 at night and the share of the gap that is closed. ``--time`` takes some steps of every
learned method on one thread and prints the processor seconds of the median step instead.
"""

import argparse
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from otherlight.config import build
from otherlight.images.files import encode, read_pixels
from otherlight.records.files import read_json
from otherlight.records.run import read_run
from otherlight.sets import ImageSet, read_set
from otherlight.training.seeding import torch_generator
from otherlight.translators import method_of
from otherlight.translators.pairs import Pairs, PairsConfig
from otherlight.translators.protocols import Learned, SizedConfig

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
Plane = np.ndarray[tuple[int, int], np.dtype[np.float64]]

LEARNED = (
    "cyclegan", "cut", "fastcut", "hedgan", "hedngan", "rcfgan", "rcfngan", "pix2pix", "adain",
    "wct2",
)  # fmt: skip
REFERENCED = ("histogram", "reinhard", "fda")
PLAIN = ("identity", "gamma", "clahe", "night", "fog", "rain", "snow")


def main() -> None:
    """Measure what is there, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--rows", type=Path, help="a picture: a row of samples for each method")
    parser.add_argument("--time", action="store_true")
    parser.add_argument("--steps", type=int, default=20)
    given = parser.parse_args()
    if given.time:
        for name in LEARNED:
            if (given.run / name / "run.json").exists():
                print(f"{name:9s} {seconds_a_step(given.run, name, given.steps):.3f} s", flush=True)
        return
    shown = {name: folder for name, folder in _shown(given.run) if (folder / "set.json").exists()}
    print(HEAD)
    for name, folder in shown.items():
        print(_line(given.run, name, read_set(folder)), flush=True)
    if given.rows:
        given.rows.write_bytes(encode(_rows(given.run, shown), ".png"))


HEAD = (
    "| method | PSNR | SSIM | edge F1 | survival | boxes kept | AP50 | gain | gap closed |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


def _shown(run: Path) -> list[tuple[str, Path]]:
    folders = [(name, run / f"shown-{name}") for name in LEARNED]
    folders.append(("nst", run / "styled_shown"))
    folders += [(name, run / f"shown_by_reference-{name}") for name in REFERENCED]
    return folders + [(name, run / f"shown_plainly-{name}") for name in PLAIN]


def _line(run: Path, name: str, shown: ImageSet) -> str:
    truth = _by_name(read_set(run / "day_val_by_night"))
    pairs = [(read_pixels(f), read_pixels(truth[key])) for key, f in _by_name(shown).items()]
    distances = [statistics.mean(measure(*pair) for pair in pairs) for measure in MEASURES]
    audited = read_json(_audit(run, name) / "audit.json")
    whole = audited["survival"]
    survival = f"{100 * whole['survived'] / whole['judged']:.0f} %" if whole["judged"] else "-"
    kept = f"{100 * whole['decisions']['keep'] / whole['boxes']:.1f} %"
    words = [f"{distances[0]:.1f}", f"{distances[1]:.2f}", f"{distances[2]:.2f}", survival, kept]
    return f"| {name} | " + " | ".join([*words, *_verdict(run, name)]) + " |"


def _verdict(run: Path, name: str) -> list[str]:
    file = run / "verdict" / "verdict.json"
    if not file.exists() or name not in read_json(file)["gap"]:
        return ["-", "-", "-"]
    verdict = read_json(file)
    row = next(row for row in verdict["rows"] if row["arm"] == name)
    gap = verdict["gap"][name]
    points = {key: 100 * row[key] for key in ("estimate", "low", "high")}
    shares = {key: 100 * gap[key] for key in ("share", "low", "high")}
    figures = verdict["figures"]["target"][name]["AP50"]
    return [
        f"{100 * statistics.mean(figures):.1f}",
        f"{points['estimate']:+.1f} ({points['low']:.1f} to {points['high']:.1f})",
        f"{shares['share']:.0f} % ({shares['low']:.0f} to {shares['high']:.0f})",
    ]


def _audit(run: Path, name: str) -> Path:
    if name == "nst":
        return run / "audited_styled"
    kind = "audited" if name in LEARNED else "audited_plainly"
    return run / f"{'audited_by_reference' if name in REFERENCED else kind}-{name}"


def _by_name(images: ImageSet) -> Mapping[str, Path]:
    return dict(zip(images.names(), images.files(), strict=True))


def psnr(shown: Pixels, truth: Pixels) -> float:
    """Peak signal to noise, in dB."""
    error = float(np.mean((shown.astype(np.float64) - truth) ** 2))
    return 10 * float(np.log10(255**2 / max(error, 1e-9)))


def ssim(shown: Pixels, truth: Pixels) -> float:
    """Structural similarity of grey images (Wang et al. 2004), Gaussian window of deviation 1.5."""
    a, b = (_grey(image) for image in (shown, truth))
    mean_a, mean_b = _blur(a), _blur(b)
    spread_a, spread_b = _blur(a * a) - mean_a**2, _blur(b * b) - mean_b**2
    both = _blur(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean_a * mean_b + c1) * (2 * both + c2)
    return float(np.mean(top / ((mean_a**2 + mean_b**2 + c1) * (spread_a + spread_b + c2))))


def edge_f1(shown: Pixels, truth: Pixels) -> float:
    """F1 of Canny's edges within one pixel, after a blur that takes the noise away."""
    found, wanted = (_edges(image) for image in (shown, truth))
    near = np.ones((3, 3), np.uint8)
    right = float((found * np.asarray(cv2.dilate(wanted, near))).sum())
    met = float((wanted * np.asarray(cv2.dilate(found, near))).sum())
    if not right or not met:
        return 0.0
    precision, recall = right / float(found.sum()), met / float(wanted.sum())
    return 2 * precision * recall / (precision + recall)


MEASURES = (psnr, ssim, edge_f1)


def _grey(image: Pixels) -> Plane:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float64)  # pyright: ignore


def _blur(plane: Plane) -> Plane:
    return cv2.GaussianBlur(plane, (11, 11), 1.5)  # pyright: ignore


def _edges(image: Pixels) -> Pixels:
    smooth = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (0, 0), 1.0)
    return (cv2.Canny(smooth, 20, 60) > 0).astype(np.uint8)


def _rows(run: Path, shown: Mapping[str, Path]) -> Pixels:
    """Lay out the source, its paired truth and each method's answer, for the same four scenes."""
    names = list(_by_name(read_set(run / "few_shown")))[1::5][:4]
    folders = [("by day", run / "day_val"), ("by night, never shown", run / "day_val_by_night")]
    rows: list[Pixels] = []
    for title, folder in (*folders, *shown.items()):
        files = _by_name(read_set(folder))
        row = np.concatenate([read_pixels(files[name]) for name in names], axis=1)
        row = np.concatenate([np.zeros((18, row.shape[1], 3), np.uint8), row])
        cv2.putText(row, title, (4, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, 16)
        rows.append(row)
    return np.concatenate(rows)


def seconds_a_step(run: Path, name: str, steps: int) -> float:
    """Take some steps of a method as the run in its folder did; the median's processor seconds."""
    torch.set_num_threads(1)
    record: dict[str, Any] = read_run(run / name).config
    method = method_of(record["method"])
    options = build(method.config, record["options"], name)
    pairs_config = build(PairsConfig, record["pairs"], "pairs")
    if isinstance(options, SizedConfig):
        options = options.at_size(pairs_config.shorter_side())
    translator = method.build(options, torch_generator(0, "weights"))
    assert isinstance(translator, Learned)
    source = read_set(run / ("night_pool_by_day" if method.paired else "day_train"))
    pairs = Pairs(source, read_set(run / "night_pool"), pairs_config, 0, paired=method.paired)
    taken: list[float] = []
    for images, others in pairs.batches(0, steps, 1):
        began = time.process_time()
        translator.step(images, others)
        taken.append(time.process_time() - began)
    return statistics.median(taken[2:])


if __name__ == "__main__":
    main()
