"""Ids, depth and flow from files, each as it is meant; files that are none of it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from otherlight.errors import ImageError
from otherlight.images.dense import read_depth, read_flow, read_ids


def png16(path: Path, values: np.ndarray) -> Path:
    import cv2

    path.write_bytes(cv2.imencode(".png", values.astype(np.uint16))[1].tobytes())
    return path


def test_ids_are_values_palette_numbers_and_colours(tmp_path: Path):
    numbers = np.array([[0, 1], [250, 7]], np.uint8)
    Image.fromarray(numbers).save(tmp_path / "grey.png")
    palette = Image.fromarray(numbers)
    palette.putpalette([255, 0, 0] * 256)
    palette.save(tmp_path / "palette.png")
    colours = np.array([[[1, 2, 3], [210, 0, 200]]], np.uint8)
    Image.fromarray(colours).save(tmp_path / "colour.png")
    assert read_ids(tmp_path / "grey.png").tolist() == numbers.tolist()
    assert read_ids(tmp_path / "palette.png").tolist() == numbers.tolist()
    assert read_ids(tmp_path / "colour.png").tolist() == [[0x010203, 0xD200C8]]
    deep = png16(tmp_path / "deep.png", np.array([[26000, 65535]]))
    assert read_ids(deep).tolist() == [[26000, 65535]]


def test_depth_is_metres_by_its_kind(tmp_path: Path):
    file = png16(tmp_path / "depth_00000.png", np.array([[0, 1250, 65535]]))
    assert read_depth(file, "centimetres").tolist() == [[0.0, 12.5, np.inf]]
    nan, metres, far = read_depth(file, "kitti")[0]
    assert np.isnan(nan)
    assert (metres, far) == (np.float32(1250 / 256), np.float32(65535 / 256))
    np.save(tmp_path / "d.npy", np.array([[1.5, np.inf]], np.float16))
    assert read_depth(tmp_path / "d.npy").tolist() == [[1.5, np.inf]]


def test_flow_is_pixels_and_where_it_is_known(tmp_path: Path):
    # In the order of OpenCV: known, down, right.
    stored = np.array([[[1, 32768, 32768 + 64 * 3], [0, 9, 9], [1, 65535, 0]]] * 2)
    file = png16(tmp_path / "flow.png", stored)
    flow, known = read_flow(file)
    assert known.tolist() == [[True, False, True]] * 2
    assert flow[0, 0].tolist() == [3.0, 0.0]
    assert flow[0, 1].tolist() == [0.0, 0.0]
    virtual, _ = read_flow(file, "vkitti2")
    # Three wide, two high: from -2 to 2 and from -1 to 1.
    assert virtual[0, 2].tolist() == [-2.0, 1.0]


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", b"\x89PNG\r\n\x1a\n torn", b"x" * 5000])
def test_torn_files_are_told(data: bytes, tmp_path: Path):
    for name, read in (
        ("a.png", read_ids),
        ("a.png", lambda path: read_depth(path, "centimetres")),
        ("a.npy", read_depth),
        ("a.png", read_flow),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ImageError):
            read(tmp_path / name)
        with pytest.raises(ImageError):
            read(tmp_path / "not there" / name)


def test_what_a_file_does_not_say_is_asked_for(tmp_path: Path):
    file = png16(tmp_path / "a.png", np.ones((2, 2)))
    with pytest.raises(ImageError, match="kind must be centimetres or kitti; None came"):
        read_depth(file)
    with pytest.raises(ImageError, match="Flow is of kind kitti or vkitti2; 'x' came"):
        read_flow(file, "x")
    with pytest.raises(ImageError, match="PNGs of three 16-bit channels"):
        read_flow(file)
    np.save(tmp_path / "a.npy", np.ones(3))
    with pytest.raises(ImageError, match=r"one number for each pixel; .* float64 of \(3,\)"):
        read_depth(tmp_path / "a.npy")


@pytest.mark.parametrize("shape", [b"(999999, 999999), }", b"(999999, "])
def test_a_header_that_promises_a_terabyte_asks_for_none(shape: bytes, tmp_path: Path):
    np.save(tmp_path / "a.npy", np.ones((2, 2)))
    data = (tmp_path / "a.npy").read_bytes()
    said = b"(2, 2), }".ljust(len(shape))
    assert said in data
    (tmp_path / "a.npy").write_bytes(data.replace(said, shape.ljust(len(said))))
    with pytest.raises(ImageError, match="Depth lies in an array of numpy"):
        read_depth(tmp_path / "a.npy")
