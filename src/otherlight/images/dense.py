"""What lies beside an image, pixel by pixel: ids, depth and flow, each as an array.

How a file is to be read does not stand in the file: sets say it in the image's attributes, under
``mask``, ``depth`` and ``flow``; hand that word on as ``kind``.
"""

from pathlib import Path
from tokenize import TokenError

import numpy as np
from jaxtyping import Bool, Float32, Int32
from PIL import Image

from otherlight.errors import ImageError
from otherlight.images.files import read_header

Ids = Int32[np.ndarray, "height width"]
Metres = Float32[np.ndarray, "height width"]
Flow = Float32[np.ndarray, "height width 2"]

_FAR = 65535
_PNG_DEPTHS = {"centimetres": 0.01, "kitti": 1 / 256}
_BAD_ARRAYS = (
    OSError, ValueError, EOFError, SyntaxError, TokenError, TypeError, OverflowError,
    RecursionError, MemoryError,
)  # fmt: skip
"""What numpy lets through from a header that is no header."""
_FLOWS = ("kitti", "vkitti2")


def read_ids(path: Path) -> Ids:
    """Read a mask: grey values or palette numbers as they are, colours as 0xRRGGBB."""
    read_header(path)
    try:
        with Image.open(path) as image:
            if image.mode in ("RGB", "RGBA", "LA", "PA", "CMYK"):
                red, green, blue = np.moveaxis(np.array(image.convert("RGB"), np.int32), 2, 0)
                return red << 16 | green << 8 | blue
            return np.array(image).astype(np.int32)
    except (OSError, ValueError, SyntaxError) as error:
        raise ImageError(
            f"A mask must decode to its last row; {path} does not ({error})."
        ) from error


def read_depth(path: Path, kind: str | None = None) -> Metres:
    """Read depth along the camera's axis in metres; inf where nothing is hit, nan if unknown.

    ``.npy`` files hold metres. PNG files hold 16-bit numbers, of ``kind`` "centimetres" (Virtual
    KITTI 2; 65535 is the sky) or "kitti" (256 a metre; 0 is unknown).

    Raises:
        ImageError: the file is no such thing, or a PNG comes without a kind.
    """
    if path.suffix == ".npy":
        return _array(path)
    if kind not in _PNG_DEPTHS:
        raise ImageError(
            f"A PNG does not say its unit: kind must be {' or '.join(_PNG_DEPTHS)}; {kind!r} came "
            f"for {path}. It stands in the image's attributes, under depth."
        )
    stored = read_ids(path)
    metres = (stored * _PNG_DEPTHS[kind]).astype(np.float32)
    special, value = (stored == _FAR, np.inf) if kind == "centimetres" else (stored == 0, np.nan)
    metres[special] = value
    return metres


def sized(metres: Metres, width: int, height: int) -> Float32[np.ndarray, "tall wide"]:
    """Bring depth to an image's size; each pixel takes one depth, since a mean hits nothing.

    >>> sized(np.array([[1, np.inf]], np.float32), 4, 1).tolist()
    [[1.0, 1.0, inf, inf]]
    """
    if metres.shape == (height, width):
        return metres
    import cv2

    return np.asarray(cv2.resize(metres, (width, height), interpolation=cv2.INTER_NEAREST))


def read_flow(path: Path, kind: str | None = None) -> tuple[Flow, Bool[np.ndarray, "height width"]]:
    """Read the flow to the next frame: pixels to the right and down, and where it is known.

    The files are PNGs of three 16-bit channels, of ``kind`` "kitti" (the default: 64 a pixel round
    32768) or "vkitti2" (0 to 65535 for minus to plus the image's width or height).

    Raises:
        ImageError: the file is no such PNG, or the kind is another.
    """
    import cv2

    kind = kind or "kitti"
    if kind not in _FLOWS:
        raise ImageError(f"Flow is of kind {' or '.join(_FLOWS)}; {kind!r} came for {path}.")
    read_header(path)
    stored = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if stored is None or stored.dtype != np.uint16 or stored.ndim != 3:
        raise ImageError(f"Flow lies in PNGs of three 16-bit channels; {path} is none.")
    # OpenCV hands out blue, green, red.
    moved, known = stored[..., 2:0:-1].astype(np.float32), stored[..., 0] > 0
    if kind == "kitti":
        flow = (moved - 32768) / 64
    else:
        height, width = known.shape
        span = np.array([width - 1, height - 1], np.float32)
        flow = (moved * (2 / 65535) - 1) * span
    return np.where(known[..., None], flow, np.float32(0)).astype(np.float32), known


def _array(path: Path) -> Metres:
    try:
        # Mapped, so that a header that promises more than there is asks for no memory.
        depth = np.load(path, mmap_mode="r", allow_pickle=False)
    except _BAD_ARRAYS as error:
        raise ImageError(f"Depth lies in an array of numpy; {path} is none ({error}).") from error
    if depth.ndim != 2 or depth.dtype.kind != "f" or not depth.size:
        raise ImageError(
            f"Depth is one number for each pixel; {path} holds {depth.dtype} of {depth.shape}."
        )
    return np.array(depth, np.float32)
