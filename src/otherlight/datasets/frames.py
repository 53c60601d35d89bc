"""Frames out of a video file by PyAV: in the order they are shown, with exact times, upright.

PyAV is an extra, so it is imported where it is used.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from otherlight.datasets.listing import there_is
from otherlight.datasets.samples import Tally
from otherlight.errors import ImageError, MissingExtraError
from otherlight.images.files import Array

_KINDS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,m4v,h264,hevc,asf,flv,ogg,"
    "ivf,mjpeg,mxf,nut,dv"
)
_OPTIONS = {
    # Playlists would open further files, or addresses: a video is one file.
    "format_whitelist": _KINDS,
    "protocol_whitelist": "file",
    "max_pixels": "178956970",  # as for images
}
_HIGH_DEFINITION = (1280, 577)  # from here on players take unmarked colours for BT.709
_UNMARKED = 2
_MICRO = 1_000_000
_SHORT = Fraction(1, 2)  # second: a last frame, or the sound, may outlast the others


Turned = UInt8[np.ndarray, "tall wide 3"]
"""Pixels the right way up, whatever way they are stored."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One decoded frame; ``time`` is in seconds since the first, ``tick`` what it is rounded to."""

    frame: Any
    index: int
    time: Fraction
    tick: Fraction


def check_player() -> None:
    """Make sure that PyAV is there.

    Raises:
        MissingExtraError: it is not.
    """
    try:
        import av  # noqa: F401 # pyright: ignore[reportUnusedImport]
    except ImportError as error:
        raise MissingExtraError(
            'Videos are read by PyAV, which is not installed. Run: pip install "otherlight[video]".'
        ) from error


@contextmanager
def opened(file: Path) -> Generator[Any]:
    """Open a video and hand out its main stream.

    Raises:
        ImageError: it is missing, empty, torn beyond reading or no video.
    """
    import av
    from av.error import FFmpegError

    if not there_is(file) and os.path.exists(file):  # noqa: PTH110 - as there_is
        raise ImageError(f"A video must be a file; {file} is none. Leave it out.")

    try:
        container: Any = av.open(str(file), "r", options=_OPTIONS, metadata_errors="replace")
    except (FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ImageError(
            f"A video must be MP4, MOV, MKV, WebM, AVI, MPEG or the like, whole from its first "
            f"byte; {file} is none that can be read ({reason}). Replace the file or leave it out."
        ) from error
    with container:
        stream = container.streams.best("video")
        if stream is None or stream.codec_context is None:
            raise ImageError(
                f"A video must hold pictures of a kind that PyAV decodes; {file} holds none. "
                f"Leave it out."
            )
        stream.codec_context.thread_type = "AUTO"
        yield stream


def shots_of(stream: Any, file: Path, tally: Tally) -> Iterator[Shot]:
    """Decode a stream frame by frame; what is torn is counted and left out.

    Raises:
        ImageError: neither frames nor stream say when a frame is shown.
    """
    start: Fraction | None = None
    now = Fraction(-1)
    for index, frame in enumerate(_decoded(stream, file, tally)):
        at = f"{file}, frame {index}"
        tick = Fraction(frame.time_base or stream.time_base or 1)
        if frame.pts is not None:
            shown = frame.pts * tick
            start = shown if start is None else start
            time = shown - start
        else:
            time = now + _step(stream, file) if index else Fraction(0)
            tally.note("frame without time, placed by the rate of its video", at)
        if index and time <= now:
            tally.mend("frame whose time does not rise", at)
        now = time
        if frame.is_corrupt:
            _lose("torn frame of a video", at, tally)
            continue
        yield Shot(frame, index, time, tick)
    _check_end(stream, file, now, tally)


def upright(frame: Any) -> Turned:
    """Turn a frame into the pixels that a player shows, its colours by the standard it names."""
    from av.error import FFmpegError
    from av.video.reformatter import Colorspace, Interpolation

    wide, high = _HIGH_DEFINITION
    unmarked = frame.colorspace == _UNMARKED and (frame.width >= wide or frame.height >= high)
    try:
        pixels = frame.to_ndarray(
            format="rgb24",
            src_colorspace=Colorspace.ITU709 if unmarked else None,
            # Colour at every pixel, and the same bytes on every machine.
            interpolation=Interpolation.BILINEAR
            | Interpolation.FULL_CHR_H_INT
            | Interpolation.ACCURATE_RND
            | Interpolation.BITEXACT,
            threads=1,
        )
    except (FFmpegError, ValueError) as error:
        raise ImageError(
            f"Frames must be of a kind that can be turned into RGB; {frame.format.name} of "
            f"{frame.width}x{frame.height} cannot ({error}). Convert the video first."
        ) from error
    matrix = frame.side_data.get("DISPLAYMATRIX")
    return pixels if matrix is None else turned(pixels, np.frombuffer(bytes(matrix), np.int32))


def turned(pixels: Array, matrix: np.ndarray) -> Turned:
    """Turn and mirror pixels by a display matrix (a b u, c d v, x y w), to the next quarter.

    A point (x, y) is shown at (a x + c y, b x + d y).
    """
    a, b, c, d = (int(matrix[place]) for place in (0, 1, 3, 4))
    if abs(a) + abs(d) < abs(b) + abs(c):
        pixels = pixels.swapaxes(0, 1)
        across, down = c, b
    else:
        across, down = a, d
    pixels = pixels[:, ::-1] if across < 0 else pixels
    return np.ascontiguousarray(pixels[::-1] if down < 0 else pixels)


def _decoded(stream: Any, file: Path, tally: Tally) -> Iterator[Any]:
    """Decode what can be; packets that cannot, and those that are missing, are counted."""
    from av.error import FFmpegError

    packets = 0
    try:
        for packet in _packets(stream):
            packets += packet.size > 0
            if packet.is_corrupt:
                tally.mend("torn piece of a video: pictures may be lost or smeared",
                           f"{file}, packet {packets}")  # fmt: skip
            try:
                yield from packet.decode()
            except FFmpegError:
                _lose("frame of a video that does not decode", f"{file}, packet {packets}", tally)
    except FFmpegError:
        tally.mend("video that breaks off", f"{file}, packet {packets}")
    _lose("frame that a video announces and lacks", str(file), tally, stream.frames - packets)


def _packets(stream: Any) -> Iterator[Any]:
    while True:
        try:
            yield from stream.container.demux(stream)
            return
        except IndexError:
            # PyAV met a piece of a stream that begins later than the file; the next follows it.
            continue


def _check_end(stream: Any, file: Path, last: Fraction, tally: Tally) -> None:
    """Count a video that is shorter than it says, where its file does not say how many frames."""
    said = Fraction(stream.container.duration or 0, _MICRO)
    if not stream.frames and said - last > _SHORT:
        tally.mend(
            "video that ends before its time", f"{file}: at {float(last):g} of {float(said):g} s"
        )


def _step(stream: Any, file: Path) -> Fraction:
    rate = stream.average_rate or stream.guessed_rate
    if not rate:
        raise ImageError(
            f"The frames of a video must have times, or the video a rate; {file} has neither. "
            f"Put its stream into a container such as MP4."
        )
    return 1 / Fraction(rate)


def _lose(rule: str, at: str, tally: Tally, count: int = 1) -> None:
    if count > 0:
        tally.images += count
        tally.drop_images(rule, at, count)
