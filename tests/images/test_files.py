"""Image files: whatever is stored, what comes out is upright, RGB and 8 bits."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from otherlight.errors import ImageError
from otherlight.images.files import Header, encode, read_header, read_pixels, resize

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (6, 4, 3), dtype=np.uint8)
GREY = COLOUR[..., 0]
HALF = np.full((6, 4), 128, np.uint8)
DEEP = RNG.integers(0, 65536, (6, 4, 4), dtype=np.uint16)


def saved(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)  # pyright: ignore[reportArgumentType]
    return path


def over_black(pixels: np.ndarray, alpha: float) -> np.ndarray:
    return pixels.astype(np.float64) * alpha


def three(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, axis=2)


PALETTE = Image.fromarray(COLOUR).quantize(24)
KINDS: dict[str, tuple[Callable[[Path], Path], np.ndarray, Header]] = {
    "colour": (
        lambda to: saved(Image.fromarray(COLOUR), to / "a.png"), COLOUR, Header(4, 6, 3, 8)
    ),
    "bmp": (lambda to: saved(Image.fromarray(COLOUR), to / "a.bmp"), COLOUR, Header(4, 6, 3, 8)),
    "webp": (
        lambda to: saved(Image.fromarray(COLOUR), to / "a.webp", lossless=True),
        COLOUR, Header(4, 6, 3, 8),
    ),
    "tiff": (lambda to: saved(Image.fromarray(COLOUR), to / "a.tif"), COLOUR, Header(4, 6, 3, 8)),
    "grey": (
        lambda to: saved(Image.fromarray(GREY), to / "a.png"), three(GREY), Header(4, 6, 1, 8)
    ),
    "black and white": (
        lambda to: saved(Image.fromarray(GREY > 127), to / "a.png"),
        three((GREY > 127) * np.uint8(255)), Header(4, 6, 1, 8),
    ),
    "palette": (lambda to: saved(PALETTE, to / "a.png"), COLOUR, Header(4, 6, 3, 8)),
    "alpha": (
        lambda to: saved(Image.fromarray(np.dstack([COLOUR, HALF])), to / "a.png"),
        over_black(COLOUR, 128 / 255), Header(4, 6, 4, 8),
    ),
    "grey with alpha": (
        lambda to: saved(Image.fromarray(np.dstack([GREY, HALF]), "LA"), to / "a.png"),
        over_black(three(GREY), 128 / 255), Header(4, 6, 2, 8),
    ),
    "cmyk": (
        lambda to: saved(Image.fromarray(COLOUR).convert("CMYK"), to / "a.tif"),
        COLOUR, Header(4, 6, 4, 8),
    ),
    "16-bit grey": (
        lambda to: saved(Image.fromarray(DEEP[..., 0]), to / "a.png"),
        three(DEEP[..., 0]) / 257, Header(4, 6, 1, 16),
    ),
    "16-bit grey tiff": (
        lambda to: saved(Image.fromarray(DEEP[..., 0]), to / "a.tif"),
        three(DEEP[..., 0]) / 257, Header(4, 6, 1, 16),
    ),
    "16-bit colour": (
        lambda to: written(DEEP[..., :3], to / "a.png"), DEEP[..., 2::-1] / 257, Header(4, 6, 3, 16)
    ),
    "16-bit alpha": (
        lambda to: written(DEEP, to / "a.png"),
        DEEP[..., 2::-1] / 257 * (DEEP[..., 3:] / 65535), Header(4, 6, 4, 16),
    ),
}  # fmt: skip


def written(values: np.ndarray, path: Path) -> Path:
    assert cv2.imwrite(str(path), values)
    return path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:.*mode.*:DeprecationWarning")
def test_every_kind_of_pixels_is_read_right(kind: str, tmp_path: Path):
    make, expected, header = KINDS[kind]
    path = make(tmp_path)
    pixels = read_pixels(path)
    assert read_header(path) == header
    assert pixels.dtype == np.uint8
    assert pixels.flags.writeable
    np.testing.assert_allclose(pixels, expected, atol=1)


def test_a_transparent_palette_colour_is_black(tmp_path: Path):
    gone = PALETTE.getpixel((0, 0))
    path = saved(PALETTE, tmp_path / "a.png", transparency=gone)
    expected = np.where((np.asarray(PALETTE) == gone)[..., None], 0, COLOUR)
    np.testing.assert_array_equal(read_pixels(path), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif", "a.jpg", "deep.png", "deep.tif"])
def test_every_exif_orientation_is_turned_upright(orientation: int, name: str, tmp_path: Path):
    deep = name.startswith("deep")
    exif = Image.Exif()
    exif[0x0112] = orientation
    # Patches of sixteen pixels, so that JPEG keeps their values.
    stored = np.kron(DEEP[..., 0], np.ones((16, 16), np.uint16)) if deep else (
        np.kron(COLOUR, np.ones((16, 16, 1), np.uint8))
    )  # fmt: skip
    options = {"lossless": True} if name == "a.webp" else {"quality": 100, "subsampling": 0}
    path = saved(
        Image.fromarray(stored), tmp_path / name, exif=exif,
        **(options if name in ("a.webp", "a.jpg") else {}),
    )  # fmt: skip
    shown = Image.fromarray((stored / 257).round().astype(np.uint8) if deep else stored)
    shown.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(shown).convert("RGB"))
    header = read_header(path)
    assert (header.height, header.width) == expected.shape[:2]
    np.testing.assert_allclose(read_pixels(path).astype(int), expected.astype(int), atol=3)


def test_a_png_header_is_read_without_its_pixels(tmp_path: Path):
    whole = saved(Image.fromarray(COLOUR), tmp_path / "a.png").read_bytes()
    torn = tmp_path / "torn.png"
    torn.write_bytes(whole[: whole.index(b"IDAT") + 10])
    assert read_header(torn) == Header(4, 6, 3, 8)
    with pytest.raises(ImageError, match=r"must decode to its last row; .*torn\.png does not"):
        read_pixels(torn)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".tif", ".webp"])
def test_half_a_file_is_an_error_never_grey_pixels(suffix: str, tmp_path: Path):
    noise = RNG.integers(0, 256, (200, 200, 3), dtype=np.uint8)
    path = saved(Image.fromarray(noise), tmp_path / f"a{suffix}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ImageError, match=r"must (decode to its last row|be JPEG, PNG)"):
        read_pixels(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"must be an image at .*a\.jpg; there is no such file"),
        (b"", r"a\.jpg \(0 bytes\) is none that can be read"),
        (b"not an image", r"a\.jpg \(12 bytes\) is none that can be read"),
    ],
)
def test_what_is_no_image_is_named(content: bytes | None, message: str, tmp_path: Path):
    path = tmp_path / "a.jpg"
    if content is not None:
        path.write_bytes(content)
    for read in (read_header, read_pixels):
        with pytest.raises(ImageError, match=message):
            read(path)


def test_numbers_that_are_no_pixels_are_refused(tmp_path: Path):
    path = saved(Image.fromarray(GREY.astype(np.float32)), tmp_path / "a.tif")
    with pytest.raises(ImageError, match="16-bit pixels of a kind that is not read here"):
        read_pixels(path)


def test_an_image_bomb_is_refused_before_it_is_decoded(tmp_path: Path):
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    size = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    parts = (b"IHDR", size), (b"IDAT", zlib.compress(b"0")), (b"IEND", b"")
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))
    with pytest.raises(ImageError, match="may have 180 million pixels"):
        read_header(path)


def test_png_is_lossless_and_jpeg_keeps_its_chroma(tmp_path: Path):
    (tmp_path / "a.png").write_bytes(encode(COLOUR, ".png"))
    np.testing.assert_array_equal(read_pixels(tmp_path / "a.png"), COLOUR)
    (tmp_path / "a.jpg").write_bytes(encode(COLOUR, ".JPG"))
    with Image.open(tmp_path / "a.jpg") as image:
        assert {layer[1:3] for layer in image.layer} == {(1, 1)}  # pyright: ignore
    with pytest.raises(ImageError, match=r"written as \.jpg or \.png; '\.gif' came"):
        encode(COLOUR, ".gif")


def test_resizing_gives_exactly_the_size_and_keeps_the_mean():
    large = np.kron(COLOUR, np.ones((8, 8, 1), np.uint8))
    small = resize(large, 4, 6)
    np.testing.assert_array_equal(small, COLOUR)
    assert resize(small, 9, 5).shape == (5, 9, 3)
    assert resize(small, 4, 6) is small
