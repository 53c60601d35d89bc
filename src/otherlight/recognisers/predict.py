"""Detections of a fitted recogniser, in the original pixels of any set's images.

The network runs in fp32, whatever it was trained in. Another batch size or thread count may change
the last bits of a score (convolutions add in another order), not what is found.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from jaxtyping import Float32, Int

from otherlight.images.files import read_pixels
from otherlight.images.tensors import stack, to_images
from otherlight.recognisers.placing import Placement, place
from otherlight.recognisers.protocols import LearnedDetector, View
from otherlight.recognisers.table import build_detector
from otherlight.recognisers.weights import About, load_network, read_weights
from otherlight.records.progress import task
from otherlight.sets import ImageSet
from otherlight.sets.columns import PREDICTIONS
from otherlight.training.devices import channels_last, choose_device
from otherlight.training.prefetch import prefetch


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found in one image, best first: edges in its own pixels, scores, class numbers."""

    edges: Float32[np.ndarray, "found 4"]
    labels: Int[np.ndarray, " found"]
    scores: Float32[np.ndarray, " found"]


def load_detector(run: Path, device: str = "auto") -> tuple[LearnedDetector, About]:
    """Load the detector of a run folder, or of its weights alone, and what it is."""
    state, about = read_weights(run)
    detector = build_detector(about.name, about.options, len(about.classes), torch.Generator())
    load_network(detector.network, state)
    channels_last(detector.network.to(choose_device(device))).eval()
    return detector, about


def predict(
    run: Path,
    images: ImageSet,
    *,
    device: str = "auto",
    batch: int = 32,
    view: View | None = None,
) -> pa.Table:
    """Find objects in every image of a set: the columns of ``predictions.parquet``.

    Images without detections have no rows. ``view`` translates images on the fly; boxes stay
    those of the original pixels.
    """
    detector, about = load_detector(run, device)
    names = images.names()
    found = find(detector, about, images.files(), batch=batch, names=names, view=view)
    with task(f"detecting in {images.name}", len(names)) as advance:
        parts: list[Found] = []
        for one in found:
            parts.append(one)
            advance(1)
    return _table(names, parts, about.classes)


def find(
    detector: LearnedDetector,
    about: About,
    files: Sequence[Path],
    *,
    batch: int = 32,
    names: Sequence[str] | None = None,
    view: View | None = None,
) -> Iterator[Found]:
    """Find objects in files one after the other; decoding runs ahead on other threads."""
    device = next(detector.network.parameters()).device

    def read(file: Path) -> tuple[np.ndarray, Placement]:
        return place(read_pixels(file), about.width, about.height)

    names = list(names or [file.name for file in files])
    waiting: list[tuple[np.ndarray, Placement]] = []
    for number, one in enumerate(prefetch(read, files, threads=2, ahead=2 * batch), start=1):
        waiting.append(one)
        if len(waiting) == batch or number == len(files):
            pixels = to_images(stack([placed for placed, _ in waiting]).to(device))
            if view is not None:
                pixels = view(pixels, names[number - len(waiting) : number])
            for detections, (_, where) in zip(detector.detect(pixels), waiting, strict=True):
                edges = where.to_original(detections.boxes.double().cpu().numpy())
                yield Found(
                    edges=edges.astype(np.float32),
                    labels=detections.labels.cpu().numpy(),
                    scores=detections.scores.float().cpu().numpy(),
                )
            waiting = []


def _table(names: Sequence[str], found: Sequence[Found], classes: Sequence[str]) -> pa.Table:
    """Lay detections end to end, sorted by image and rank."""
    counts = np.array([len(one.scores) for one in found], np.int64)
    edges = np.concatenate([one.edges for one in found] or [np.zeros((0, 4), np.float32)])
    label = np.concatenate([one.labels for one in found] or [np.zeros(0, np.int64)])
    scores = np.concatenate([one.scores for one in found] or [np.zeros(0, np.float32)])
    first = np.repeat(np.cumsum(counts) - counts, counts)
    columns: list[pa.Array] = [
        pa.array(np.asarray(names, object)[np.repeat(np.arange(len(names)), counts)], pa.string()),
        pa.array((np.arange(len(scores)) - first).astype(np.int32)),
        pa.array(np.asarray(classes, object)[label], pa.string()),
        *(pa.array(np.ascontiguousarray(edges[:, side])) for side in range(4)),
        pa.array(scores),
    ]
    return pa.Table.from_arrays(columns, schema=PREDICTIONS)
