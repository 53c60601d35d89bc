"""A set's images as JPEG for a browser: made when asked for, and kept while there is room.

Files are never handed out as they are: what leaves is decoded pixels, so that a table that names
some other file gives an error, not its content.
"""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Any

import numpy as np
from jaxtyping import UInt8

from otherlight.datasets.hashing import read_small
from otherlight.errors import ImageError
from otherlight.images.files import read_header, read_pixels, resize
from otherlight.sets import ImageSet

Picture = UInt8[np.ndarray, "tall wide 3"]

THUMBNAIL, LARGE = 400, 2560
"""Longest sides in pixels."""
_ROOM = 128 * 2**20
_DECODERS = 2
"""Decoded at a time: one image may take half a gigabyte."""


class Pictures:
    """The pixels of one set, by row; safe to share between threads."""

    def __init__(self, images: ImageSet, *, room: int = _ROOM) -> None:
        self._images, self._room = images, room
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._taken = 0
        self._lock, self._decoders = Lock(), BoundedSemaphore(_DECODERS)

    def thumbnail(self, row: int) -> bytes:
        """A JPEG of at most 400 pixels a side; an ImageError says what the file is instead."""
        return self._made("thumbnail", row, _thumbnail)

    def large(self, row: int) -> bytes:
        """A JPEG of at most 2560 pixels a side, upright."""
        return self._made("large", row, _large)

    def size(self, row: int) -> tuple[int, int] | None:
        """Width and height of an upright image, from the table or else the file; None if gone."""
        width, height = (self._images.images[name][row].as_py() for name in ("width", "height"))
        if width and height:
            return width, height
        try:
            header = read_header(self._file(row))
        except ImageError:
            return None
        return header.width, header.height

    @property
    def taken(self) -> int:
        """Bytes that are kept."""
        return self._taken

    def _file(self, row: int) -> Path:
        file = self._images.root / self._images.images["file"][row].as_py()
        try:
            plain = file.is_file()  # a pipe or a device would be waited for without end
        except (OSError, ValueError):
            plain = False
        if not plain:
            raise ImageError(f"There must be an image at {file}; there is no such file.")
        return file

    def _made(self, kind: str, row: int, make: Callable[[Path], bytes]) -> bytes:
        key = (kind, row)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        with self._decoders:
            data = make(self._file(row))
        with self._lock:
            self._taken += len(data) - len(self._kept.pop(key, b""))
            self._kept[key] = data
            while self._taken > self._room and self._kept:
                self._taken -= len(self._kept.popitem(last=False)[1])
        return data


def _thumbnail(file: Path) -> bytes:
    read_header(file)  # refuses what is too large to decode
    return _encoded(_within(read_small(file, THUMBNAIL // 2), THUMBNAIL), 84)


def _large(file: Path) -> bytes:
    return _encoded(_within(read_pixels(file), LARGE)[..., ::-1], 92)


def _within(pixels: Any, side: int) -> Picture:
    height, width = pixels.shape[:2]
    scale = min(1.0, side / max(width, height))
    return resize(pixels, max(1, round(width * scale)), max(1, round(height * scale)))


def _encoded(pixels: Any, quality: int) -> bytes:
    """Encode blue, green, red."""
    import cv2

    done, data = cv2.imencode(
        ".jpg", np.ascontiguousarray(pixels), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    assert done
    return data.tobytes()
