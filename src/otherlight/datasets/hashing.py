"""Perceptual hashes: what an image looks like from afar, in 85 numbers, and who looks alike.

The coarse cosine transform of the grey image (after Zauner, Implementation and benchmarking of
perceptual image hash functions, 2010), each coefficient times its frequency, so that the layout
that all streets share does not outweigh the rest, and the whole at length 1. Mirroring an image
turns the signs of the odd horizontal waves, so a mirrored copy is looked for at no cost. An image
that was cropped matches one of five windows of the other, each of 95 % of its sides.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, UInt8

from otherlight.images.files import read_header, read_pixels, resize
from otherlight.records.progress import task

Grey = UInt8[np.ndarray, "height width"]
Picture = UInt8[np.ndarray, "height width 3"]
Vectors = Float32[np.ndarray, "images windows numbers"]
Codes = Int[np.ndarray, " images"]

SIDE = 160
FIRST = 0.6
"""Least likeness of two whole images that are looked at window by window."""
NEAR = 0.86
"""Least likeness of a proposed copy at its best window. Measured by ``benchmarks/leaks.py``."""
_WAVES = 10
_CROP = 0.95
_BLOCK, _COLUMNS = 256, 8192
_FLAT = 2.0


class Proposal(NamedTuple):
    """Two images that may be one picture, by row of either index."""

    used: int
    test: int
    mirrored: bool
    likeness: float


@dataclass(frozen=True, kw_only=True)
class Index:
    """Hashes of many images by window, and which of them say nothing because they are blank."""

    vectors: Vectors
    blank: Bool[np.ndarray, " images"]

    def __len__(self) -> int:
        return len(self.blank)


def read_small(path: Path, least: int) -> Picture:
    """Decode one file, upright, BGR, at any size whose shorter side is at least ``least``.

    JPEG decodes several times faster at an eighth, a quarter or half of its size.
    """
    import cv2

    scale = 1
    if path.suffix.lower() in (".jpg", ".jpeg"):
        header = read_header(path)
        ways = (8, 4, 2)
        scale = next((s for s in ways if min(header.width, header.height) // s >= least), 1)
    flag = getattr(cv2, f"IMREAD_REDUCED_COLOR_{scale}", cv2.IMREAD_COLOR)
    try:
        pixels = cv2.imdecode(np.fromfile(path, np.uint8), flag)
    except (OSError, cv2.error):
        pixels = None
    if pixels is None:
        # What OpenCV cannot read, the slower way can, or says why not.
        return np.ascontiguousarray(read_pixels(path)[..., ::-1])
    return np.asarray(pixels, dtype=np.uint8)


def canonical(path: Path, width: int, height: int) -> UInt8[np.ndarray, "rows columns 3"]:
    """Read one image for a closer look, at a fixed size, or at its own where that is smaller."""
    pixels = read_small(path, height)
    return resize(pixels, min(width, pixels.shape[1]), min(height, pixels.shape[0]))


def hash_pixels(grey: Grey) -> Float32[np.ndarray, "windows numbers"]:
    """Hash one grey image and its windows; the waves that mirroring leaves alone come first."""
    import cv2

    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    down, across, rows, columns, weight = _waves()
    found = np.einsum("wij,wkj->wik", down @ small, across)[:, rows, columns] * weight
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-6)


@cache
def _waves() -> tuple[
    Float32[np.ndarray, "windows waves side"],
    Float32[np.ndarray, "windows waves side"],
    Int[np.ndarray, " numbers"],
    Int[np.ndarray, " numbers"],
    Float32[np.ndarray, " numbers"],
]:
    """Cosines over each window, down and across, and which products make the hash."""
    rest = 1 - _CROP
    corners = [(x, y) for y in (0.0, rest) for x in (0.0, rest)]
    windows = [(0.0, 0.0, 1.0), *((x, y, _CROP) for x, y in (*corners, (rest / 2, rest / 2)))]
    across = np.stack([_cosines(x, size) for x, _, size in windows])
    down = np.stack([_cosines(y, size) for _, y, size in windows])
    rows, columns = np.mgrid[:_WAVES, :_WAVES].reshape(2, -1)
    frequency = np.hypot(rows, columns)
    kept = np.flatnonzero((frequency > 0) & (frequency < _WAVES))
    kept = kept[np.argsort(columns[kept] % 2, kind="stable")]
    return down, across, rows[kept], columns[kept], frequency[kept].astype(np.float32)


def _cosines(start: float, size: float) -> Float32[np.ndarray, "waves side"]:
    place = ((np.arange(SIDE) + 0.5) / SIDE - start) / size
    waves = np.cos(np.pi * np.arange(_WAVES)[:, None] * place)
    waves[0] *= np.sqrt(0.5)
    return np.where((place > 0) & (place < 1), waves, 0.0).astype(np.float32)


def index_of(files: Sequence[Path]) -> Index:
    """Hash files by threads.

    Raises:
        ImageError: a file cannot be read; a check that skipped it would not be one.
    """
    windows, numbers = _waves()[0].shape[0], len(_waves()[2])
    vectors = np.zeros((len(files), windows, numbers), np.float32)
    blank = np.zeros(len(files), bool)
    with (
        ThreadPoolExecutor(max_workers=min(8, 2 * (os.cpu_count() or 1))) as pool,
        task("hashing images", len(files)) as advance,
    ):
        for row, (vector, flat) in enumerate(pool.map(_hash_file, files)):
            vectors[row], blank[row] = vector, flat
            advance(1)
    return Index(vectors=vectors, blank=blank)


def _hash_file(path: Path) -> tuple[Float32[np.ndarray, "windows numbers"], bool]:
    import cv2

    grey = np.asarray(cv2.cvtColor(read_small(path, 128), cv2.COLOR_BGR2GRAY), np.uint8)
    return hash_pixels(grey), bool(grey.std() < _FLAT)


def propose(
    used: Index, test: Index, most: int, *, together: tuple[Codes, Codes] | None = None
) -> list[Proposal]:
    """Pair each used image with the test images that look most like it, at most so many.

    Every pair is looked at: matrix products do 100,000 x 100,000 in minutes, and nothing is missed
    by bucketing. Pairs whose codes in ``together`` are equal are left out. An index against itself
    gives each pair once.
    """
    found: list[Proposal] = []
    shown = np.flatnonzero(~test.blank)
    for start in range(0, len(used), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(used)))
        rows = rows[~used.blank[rows]]
        if used is test:
            shown = shown[shown > start]
        parts = [
            _alike(used, test, rows, shown[at : at + _COLUMNS], together)
            for at in range(0, len(shown), _COLUMNS)
        ]
        found += _nearest(used, test, np.concatenate([*parts, np.zeros((0, 2), np.int64)]), most)
    return found


def _alike(
    used: Index,
    test: Index,
    rows: Int[np.ndarray, " some"],
    columns: Int[np.ndarray, " others"],
    together: tuple[Codes, Codes] | None,
) -> Int[np.ndarray, "pairs 2"]:
    """Find the pairs of a block whose whole images look alike, mirrored or not."""
    even = _evens()
    mine, theirs = used.vectors[rows, 0], test.vectors[columns, 0]
    likeness = np.abs(mine[:, even:] @ theirs[:, even:].T)
    likeness += mine[:, :even] @ theirs[:, :even].T
    pairs = np.argwhere(likeness >= FIRST)
    pairs = np.stack([rows[pairs[:, 0]], columns[pairs[:, 1]]], axis=1)
    if used is test:
        pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    if together is not None:
        pairs = pairs[together[0][pairs[:, 0]] != together[1][pairs[:, 1]]]
    return pairs


def _nearest(
    used: Index, test: Index, pairs: Int[np.ndarray, "pairs 2"], most: int
) -> list[Proposal]:
    """Hold pairs against one another window by window; keep the best few of each used image."""
    if not len(pairs):
        return []
    slices = [pairs[at : at + _COLUMNS] for at in range(0, len(pairs), _COLUMNS)]
    looks = [_by_window(used.vectors[p[:, 0]], test.vectors[p[:, 1]]) for p in slices]
    plain, turned = (np.concatenate(side) for side in zip(*looks, strict=True))
    likeness = np.maximum(plain, turned)
    order = np.lexsort((pairs[:, 1], -likeness, pairs[:, 0]))
    order = order[likeness[order] >= NEAR]
    firsts = np.searchsorted(pairs[order, 0], pairs[order, 0])
    order = order[np.arange(len(order)) - firsts < most]
    return [
        Proposal(
            used=int(pairs[at, 0]),
            test=int(pairs[at, 1]),
            mirrored=bool(turned[at] > plain[at]),
            likeness=float(likeness[at]),
        )
        for at in order
    ]


def _by_window(
    mine: Vectors, theirs: Vectors
) -> tuple[Float[np.ndarray, " images"], Float[np.ndarray, " images"]]:
    """Likeness at the best window of either image, as it is and mirrored."""
    even = _evens()
    products = [mine * theirs[:, :1], mine[:, :1] * theirs]
    evens = np.concatenate([product[..., :even].sum(-1) for product in products], axis=1)
    odds = np.concatenate([product[..., even:].sum(-1) for product in products], axis=1)
    return (evens + odds).max(axis=1), (evens - odds).max(axis=1)


def _evens() -> int:
    return int((_waves()[3] % 2 == 0).sum())
