"""Image files to upright 8-bit RGB arrays and back; no torch here.

What comes: 8 or 16 bits, grey, palette, alpha, EXIF orientation. What goes on: uint8, RGB, upright.
16-bit values are scaled by 1/257; transparent pixels are laid over black.
"""

import errno
import io
import os
import struct
import warnings
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from otherlight.errors import ImageError

Array = UInt8[np.ndarray, "height width 3"]
"""One stored image: uint8, RGB, upright."""
Grey = UInt8[np.ndarray, "height width"]
"""One image of grey values, to be stored as such."""

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
"""File endings taken for images, lower case."""

_FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")
"""Pillow knows many more, some of which start other programs (EPS)."""

_CHANNELS = {"1": 1, "L": 1, "P": 3, "PA": 4, "LA": 2, "I": 1, "F": 1, "RGBA": 4, "CMYK": 4}
_SIDEWAYS = {5, 6, 7, 8}
_ORIENTATION = 0x0112
_PNG_WORDS = {b"eXIf", b"tEXt", b"zTXt", b"iTXt"}
_TURNS: dict[int, Callable[[Array], Array]] = {
    1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1), 6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1), 8: lambda a: np.rot90(a),
}  # fmt: skip
"""What EXIF's orientations ask for, as the EXIF standard numbers them."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself: upright size, and channels and bits as stored."""

    width: int
    height: int
    channels: int
    bits: int


def read_header(path: Path) -> Header:
    """Read size, channels and bits without decoding the pixels."""
    with _opened(path) as image, _told_when_torn(path):
        bits = _bits(image)  # first: looking for EXIF may load a PNG, which forgets them
        width, height = image.size
        if _orientation(image, path) in _SIDEWAYS:
            width, height = height, width
        channels = 1 if image.mode.startswith("I;16") else _CHANNELS.get(image.mode, 3)
        return Header(width, height, channels, bits)


def read_pixels(path: Path) -> Array:
    """Decode one image, upright, RGB, 8 bits; a torn file is an ImageError, never grey pixels."""
    with _opened(path) as image, _told_when_torn(path):
        if _bits(image) == 16:
            return _read_16_bits(path, _orientation(image, path))
        upright = ImageOps.exif_transpose(image)
        if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
            upright = upright.convert("RGBA")
            black = Image.new("RGBA", upright.size, (0, 0, 0, 255))
            upright = Image.alpha_composite(black, upright)
        return np.array(upright.convert("RGB"))  # a copy: Pillow's own array cannot be written


def encode(pixels: Array | Grey, suffix: str) -> bytes:
    """Encode for a file ending: JPEG at quality 95 without chroma subsampling, else lossless.

    >>> encode(np.zeros((4, 6, 3), np.uint8), ".png")[1:4]
    b'PNG'
    """
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    if suffix.lower() in (".jpg", ".jpeg"):
        image.save(buffer, "JPEG", quality=95, subsampling=0)
    elif suffix.lower() == ".png":
        image.save(buffer, "PNG", compress_level=1)
    else:
        raise ImageError(
            f"Images are written as .jpg or .png; {suffix!r} came. Choose one of them."
        )
    return buffer.getvalue()


def resize(pixels: Array, width: int, height: int) -> UInt8[np.ndarray, "tall wide 3"]:
    """Resize to exactly width x height: area averaging down, bilinear up."""
    if pixels.shape[:2] == (height, width):
        return pixels
    import cv2

    smaller = width * height < pixels.shape[0] * pixels.shape[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=how), dtype=np.uint8)


@contextmanager
def _opened(path: Path) -> Generator[Image.Image]:
    _check_plain(path)
    with ExitStack() as stack:
        try:
            # Opened here, so that it is closed whatever Pillow meets.
            stream = stack.enter_context(path.open("rb"))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                image = stack.enter_context(Image.open(stream, formats=_FORMATS))
        except FileNotFoundError as error:
            raise ImageError(f"There must be an image at {path}; there is no such file.") from error
        except Image.DecompressionBombError as error:
            raise ImageError(
                f"An image may have 180 million pixels; {path} says it has more. Leave it out."
            ) from error
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
            if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.EACCES):
                raise ImageError(f"{path} cannot be opened: {error.strerror}.") from error
            raise ImageError(
                f"An image must be JPEG, PNG, BMP, TIFF or WebP; {path} ({_size(path)} bytes) is "
                f"none that can be read. Replace the file or leave it out."
            ) from error
        yield image


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0


def _check_plain(path: Path) -> None:
    """Refuse pipes and devices, which would be waited for, or never end."""
    if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113 - any name
        raise ImageError(f"An image must be a file; {path} is none. Leave it out.")


@contextmanager
def _told_when_torn(path: Path) -> Generator[None]:
    try:
        yield
    except (OSError, ValueError, SyntaxError, struct.error) as error:
        raise ImageError(
            f"An image must decode to its last row; {path} does not ({error}). "
            f"Replace the file or leave it out."
        ) from error


def _bits(image: Image.Image) -> int:
    """Bits a channel as stored; Pillow hides 16-bit colour behind mode RGB."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return 16
    tiles = getattr(image, "tile", None) or []
    return 16 if any(";16" in str(tile[3]) for tile in tiles) else 8


def _orientation(image: Image.Image, path: Path) -> int:
    """EXIF's way up, 1 to 8; 1 where Pillow turns the image itself (TIFF) or none is said."""
    if image.format == "TIFF" or (image.format == "PNG" and not _png_may_turn(path)):
        return 1
    return image.getexif().get(_ORIENTATION, 1)


def _png_may_turn(path: Path) -> bool:
    """Skip through a PNG's chunks for one that may hold EXIF; asking Pillow decodes the image."""
    with path.open("rb") as file:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            if kind in _PNG_WORDS:
                return True
            file.seek(length + 4, 1)
    return False


def _read_16_bits(path: Path, orientation: int) -> Array:
    import cv2

    values = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16:
        raise ValueError("16-bit pixels of a kind that is not read here")
    scaled = values.astype(np.float32) / 257.0
    if scaled.ndim == 2:
        scaled = np.repeat(scaled[..., None], 3, axis=2)
    else:
        if scaled.shape[2] == 4:
            scaled = scaled[..., :3] * (scaled[..., 3:] / 255.0)
        scaled = scaled[..., ::-1]
    return np.ascontiguousarray(
        _TURNS.get(orientation, _TURNS[1])(np.rint(scaled).astype(np.uint8))
    )
