"""Videos: real files of several kinds, written here; times, turns and losses of their frames."""

import sys
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from subprocess import run
from typing import Any

import av
import numpy as np
import pytest
from av.video.reformatter import Colorspace

from killing import kill_at
from otherlight.datasets import ImportConfig, import_set
from otherlight.datasets.frames import turned
from otherlight.datasets.video import chosen_at
from otherlight.errors import DatasetError, ImageError, MissingExtraError, PlanError
from otherlight.images.files import read_pixels
from otherlight.sets import ImageSet

WIDTH, HEIGHT = 64, 48
KINDS = {
    "a.mp4": ("libx264", "yuv420p"),
    "a.avi": ("mpeg4", "yuv420p"),
    "a.webm": ("libvpx-vp9", "yuv420p"),
    "a.mkv": ("ffv1", "bgr0"),
    "a.ts": ("mpeg2video", "yuv420p"),
    "a.mov": ("mjpeg", "yuvj420p"),
}


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> Any:
    """Paint red at the left, green above, black at the right; blue grows with the number."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = 250
    pixels[: height // 4] = (0, 250, 0)
    pixels[..., 2] = 4 * number % 256
    return pixels


def film(
    path: Path,
    count: int = 12,
    *,
    rate: int = 30,
    kind: tuple[str, str] | None = None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    times: Sequence[int] | None = None,
    turn: tuple[int, bool, bool] | None = None,
) -> Path:
    """Write a video; ``times`` are milliseconds, ``turn`` as `set_display_rotation` takes it."""
    codec, pixels = kind or KINDS["a" + path.suffix]
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        if times:
            stream.codec_context.time_base = Fraction(1, 1000)
        if turn:
            stream.set_display_rotation(*turn)
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(picture(number, *size), "rgb24")
            if times:
                frame.pts, frame.time_base = times[number], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def take(source: Path, to: Path, **options: Any) -> ImageSet:
    return import_set("video", source, to, config=ImportConfig(**options))


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_gives_its_frames_with_their_times(name: str, tmp_path: Path):
    got = take(film(tmp_path / name), tmp_path / "out", image_format="png")
    assert got.names() == [f"{name}/{number:06d}.png" for number in range(12)]
    # Matroska rounds to milliseconds.
    exact = [float(Fraction(n, 30)) for n in range(12)]
    rounded = [round(1000 * n / 30) / 1000 for n in range(12)]
    assert got.column("time_s") == (rounded if name in ("a.mkv", "a.webm") else exact)
    assert got.column("frame") == list(range(12))
    assert set(got.column("sequence")) == set(got.column("group")) == {name}
    assert got.column("labelled") == [False] * 12
    assert got.counts["dropped"] == got.counts["noted"] == {}
    for number in (0, 11):
        shown = read_pixels(got.files()[number]).astype(int)
        assert abs(shown[4:8, 8:56] - picture(number)[4:8, 8:56]).mean() < 12
        assert abs(shown[20:40, 4:28] - picture(number)[20:40, 4:28]).mean() < 12


def test_a_lossless_video_comes_out_without_loss_and_as_full_coloured_jpeg(tmp_path: Path):
    from PIL import Image

    clip = film(tmp_path / "a.mkv")
    exact = take(clip, tmp_path / "png", image_format="png")
    for number, file in enumerate(exact.files()):
        np.testing.assert_array_equal(read_pixels(file), picture(number))
    small = take(clip, tmp_path / "jpg")
    assert small.names()[3] == "a.mkv/000003.jpg"
    with Image.open(small.files()[3]) as image:
        assert {component[1:3] for component in getattr(image, "layer")} == {(1, 1)}  # noqa: B009


def test_a_folder_of_videos_and_one_of_other_things(tmp_path: Path):
    for name in ("day/a.mp4", "night/a.mp4", "b.avi"):
        film(tmp_path / "in" / name, 2)
    (tmp_path / "in" / "notes.txt").write_text("x")
    got = take(tmp_path / "in", tmp_path / "out", split="pool")
    assert sorted(set(got.column("sequence"))) == ["b.avi", "day/a.mp4", "night/a.mp4"]
    assert got.names()[-1] == "night/a.mp4/000001.jpg"
    assert got.column("split") == ["pool"] * 6
    assert got.files()[-1] == (tmp_path / "out/images/night/a.mp4/000001.jpg").resolve()


TIMES = (0, 10, 500, 505, 999, 1000, 4000)


@pytest.mark.parametrize(
    ("fps", "frames"),
    [(None, range(7)), (1000.0, range(7)), (2.0, [0, 2, 5, 6]), (1.0, [0, 5, 6]), (0.25, [0, 6])],
)
def test_a_variable_rate_is_taken_by_time(fps: float | None, frames: Any, tmp_path: Path):
    clip = film(tmp_path / "a.mp4", len(TIMES), times=TIMES)
    got = take(clip, tmp_path / "out", fps=fps)
    assert got.column("frame") == list(frames)
    assert got.column("time_s") == [TIMES[frame] / 1000 for frame in frames]
    left_out = 7 - len(got)
    rule = f"frame between those of fps {fps:g}" if left_out and fps else None
    assert got.counts["dropped"] == ({rule: left_out} if rule else {})
    assert (got.counts["read"], got.counts["kept"]) == (7, len(got))


def test_half_the_frames_of_a_rounded_clock_are_every_other_one():
    """Milliseconds put frame 4 of 30 a second at 133, which is before 2/15 s."""
    for fps, step in ((30, 1), (15, 2), (10, 3), (5, 6)):
        ticks = [Fraction(round(1000 * n / 30), 1000) for n in range(300)]
        turns = [chosen_at(time, Fraction(1, 1000), Fraction(fps)) for time in ticks]
        firsts = [n for n in range(300) if n == 0 or turns[n] != turns[n - 1]]
        assert firsts == list(range(0, 300, step))


def test_frames_without_times_are_placed_by_the_rate(tmp_path: Path):
    clip = film(tmp_path / "a.h264", 6, rate=25, kind=("libx264", "yuv420p"))
    got = take(clip, tmp_path / "out")
    assert got.column("time_s") == [float(Fraction(n, 25)) for n in range(6)]
    assert got.counts["noted"] == {"frame without time, placed by the rate of its video": 6}


def test_a_time_that_does_not_begin_at_zero_counts_from_the_first_frame(tmp_path: Path):
    with av.open(str(film(tmp_path / "a.ts"))) as container:
        assert container.streams.video[0].start_time
    assert take(tmp_path / "a.ts", tmp_path / "out").column("time_s")[0] == 0.0


@pytest.mark.parametrize("mirrored", [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize("quarters", range(4))
def test_frames_are_turned_as_players_turn_them(
    quarters: int, mirrored: tuple[bool, bool], tmp_path: Path
):
    clip = film(tmp_path / "a.mp4", 1, turn=(90 * quarters, *mirrored))
    got = take(clip, tmp_path / "out", image_format="png")
    expected = np.rot90(picture(0), quarters)
    expected = expected[:, ::-1] if mirrored[0] else expected
    expected = expected[::-1] if mirrored[1] else expected
    shown = read_pixels(got.files()[0])
    assert shown.shape == expected.shape
    assert abs(shown.astype(int) - expected).mean() < 12
    assert (got.column("width")[0], got.column("height")[0]) == expected.shape[1::-1]


def test_a_display_matrix_is_read_by_its_definition():
    """(x, y) is shown at (a x + c y, b x + d y), moved so that the picture begins at 0."""
    pixels = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    points = [(x, y) for y in range(2) for x in range(3)]
    for a, b, c, d in ((1, 0, 0, 1), (0, 1, -1, 0), (0, -1, 1, 0), (-1, 0, 0, 1), (0, 1, 1, 0)):
        matrix = np.array([a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30], np.int32)
        shown = turned(pixels, matrix)
        moved = [(a * x + c * y, b * x + d * y) for x, y in points]
        left, top = min(x for x, _ in moved), min(y for _, y in moved)
        for (x, y), (to_x, to_y) in zip(points, moved, strict=True):
            np.testing.assert_array_equal(shown[to_y - top, to_x - left], pixels[y, x])


@pytest.mark.parametrize(("size", "standard"), [((1280, 720), 709), ((640, 480), 601)])
def test_unmarked_colours_are_those_of_their_size(
    size: tuple[int, int], standard: int, tmp_path: Path
):
    clip = tmp_path / "a.mkv"
    space = Colorspace.ITU709 if standard == 709 else Colorspace.ITU601
    flat = np.full((size[1], size[0], 3), (200, 40, 60), np.uint8)
    with av.open(str(clip), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=30)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        known = av.VideoFrame.from_ndarray(flat, "rgb24").reformat(
            format="yuv420p", dst_colorspace=space
        )
        container.mux(stream.encode(av.VideoFrame.from_ndarray(known.to_ndarray(), "yuv420p")))
        container.mux(stream.encode())
    shown = read_pixels(take(clip, tmp_path / "out", image_format="png").files()[0])
    assert abs(shown.astype(int) - flat).max() <= 2


def test_what_one_may_not_expect_of_a_video_is_noted(tmp_path: Path):
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        streams: list[Any] = [container.add_stream("mpeg4", rate=30) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height = WIDTH, HEIGHT
            stream.pix_fmt = "yuv420p"
            stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        for number in range(3):
            for stream in streams:
                frame = av.VideoFrame.from_ndarray(picture(number), "rgb24")
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode())
    got = take(tmp_path / "a.mkv", tmp_path / "out")
    assert len(got) == 3
    assert got.counts["noted"] == {
        "further stream of pictures in a video, left out": 1,
        "video whose pixels are not square, kept as stored": 1,
    }


def halved(path: Path) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path


def test_a_video_without_its_index_is_named_or_counted(tmp_path: Path):
    film(tmp_path / "in" / "a.mp4", 4)
    halved(film(tmp_path / "in" / "b.mp4", 4))
    (tmp_path / "in" / "c.mp4").write_bytes(b"")
    with pytest.raises(ImageError, match=r"2 of 3 videos cannot be read.*b\.mp4.*c\.mp4"):
        take(tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    got = take(tmp_path / "in", tmp_path / "out", skip_unreadable=True)
    assert len(got) == 4
    assert got.counts["dropped"] == {"unreadable video": 2}


@pytest.mark.parametrize(
    ("name", "kind", "rule"),
    [
        ("a.mov", "dropped", "frame that a video announces and lacks"),
        ("a.webm", "noted", "video that ends before its time"),
    ],
)
def test_a_video_that_breaks_off_is_counted(name: str, kind: str, rule: str, tmp_path: Path):
    clip = film(tmp_path / name, 60)
    if name == "a.mov":  # its index first, as cameras' repair tools and the web have it
        clip = moved_index(clip)
    got = take(halved(clip), tmp_path / "out")
    assert 5 < len(got) < 55
    assert rule in got.counts[kind]
    assert got.counts["first"][rule].startswith(str(clip))
    with pytest.raises(DatasetError, match="A strict import leaves nothing out"):
        take(clip, tmp_path / "strict", strict=True)


def moved_index(clip: Path) -> Path:
    to = clip.with_name(f"fast_{clip.name}")
    with (
        av.open(str(clip)) as old,
        av.open(str(to), "w", options={"movflags": "faststart"}) as new,
    ):
        copied = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = copied
                new.mux(packet)
    return to


@pytest.mark.parametrize("name", ["a.mp4", "a.avi", "a.webm", "a.ts"])
def test_torn_bytes_never_end_in_anything_but_a_sentence(name: str, tmp_path: Path):
    whole = film(tmp_path / name, 20).read_bytes()
    chance = np.random.default_rng(3)
    for turn in range(12):
        torn = bytearray(whole)
        for place in chance.integers(0, len(torn), 1 + 10 * turn):
            torn[place] = chance.integers(256)
        (tmp_path / name).write_bytes(bytes(torn))
        try:
            got = take(tmp_path / name, tmp_path / f"out{turn}")
        except (ImageError, DatasetError):
            continue
        assert all(file.is_relative_to(tmp_path / f"out{turn}") for file in got.files())


def test_a_stream_that_begins_late_does_not_end_the_pictures(tmp_path: Path):
    """A packet of an unknown number near the end of a transport stream begins another stream."""
    whole = film(tmp_path / "a.ts", 30).read_bytes()
    count = len(whole) // 188
    for packet in range(count - 8, count):
        other = bytearray(whole)
        other[188 * packet + 2] = 63
        (tmp_path / "a.ts").write_bytes(bytes(other))
        assert len(take(tmp_path / "a.ts", tmp_path / f"out{packet}")) > 20


def test_drives_strung_together_keep_every_frame(tmp_path: Path):
    one = film(tmp_path / "a.ts", 10).read_bytes()
    (tmp_path / "b.ts").write_bytes(one + one)
    got = take(tmp_path / "b.ts", tmp_path / "out")
    assert len(got) == 20
    assert got.counts["noted"]["frame whose time does not rise"] == 1
    few = take(tmp_path / "b.ts", tmp_path / "few", fps=10.0)
    assert few.column("frame") == [0, 3, 6, 9, 10, 13, 16, 19]


def test_playlists_open_nothing(tmp_path: Path):
    film(tmp_path / "in" / "a.ts")
    for text in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{tmp_path}/in/a.ts\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile in/a.ts\n",
    ):
        (tmp_path / "b.mp4").write_text(text)
        with pytest.raises(ImageError, match=r"b\.mp4 is none that can be read"):
            take(tmp_path / "b.mp4", tmp_path / "out")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("gone", "Expected a video or a folder of videos at .*gone; there is none"),
        ("empty", r"Expected videos \(\.mp4, .* under .*empty; there are none"),
        ("sound.mkv", r"A video must hold pictures .*sound\.mkv holds none"),
        ("text.mp4", r"whole from its first byte; .*text\.mp4 is none that can be read"),
    ],
)
def test_what_is_no_video_is_refused_in_a_sentence(source: str, message: str, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.mp4").write_text("no video at all")
    with av.open(str(tmp_path / "sound.mkv"), "w") as container:
        stream: Any = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        silence.sample_rate = 8000
        container.mux(stream.encode(silence))
        container.mux(stream.encode())
    with pytest.raises((DatasetError, ImageError), match=message):
        take(tmp_path / source, tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fps": 0.0}, "fps is a number of frames a second above 0; 0 came"),
        ({"fps": float("nan")}, "above 0; nan came"),
        ({"image_format": "gif"}, "image_format is one of jpg, png; 'gif' came"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], message: str):
    with pytest.raises(PlanError, match=message):
        ImportConfig(**options)


def test_frames_need_their_pixels_and_no_other_images(tmp_path: Path):
    clip = film(tmp_path / "a.avi", 2)
    with pytest.raises(DatasetError, match="writes itself need their pixels"):
        take(clip, tmp_path / "out", pixels=False)
    with pytest.raises(DatasetError, match="come from the video itself; --images"):
        import_set("video", clip, tmp_path / "out", images=tmp_path)


def test_without_pyav_a_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    clip = film(tmp_path / "a.avi", 2)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r'pip install "otherlight\[video\]"'):
        take(clip, tmp_path / "out")


def test_names_that_are_no_text_are_refused_in_a_sentence(tmp_path: Path):
    clip = film(tmp_path / "a.avi", 2)
    clip.rename(tmp_path / "b\udcff.avi")
    with pytest.raises(DatasetError, match=r"must be UTF-8; b'b\\xff\.avi' is not"):
        take(tmp_path, tmp_path / "out")


PROGRAM = """
import resource, sys
from pathlib import Path
from otherlight.datasets import import_set
import_set("video", Path(sys.argv[1]), Path(sys.argv[2]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_a_long_video_is_not_held(tmp_path: Path):
    """400 frames of 480 x 360 are 207 MB as pixels."""
    peaks: list[int] = []
    for count in (20, 400):
        clip = film(tmp_path / f"{count}.mov", count, size=(480, 360), kind=KINDS["a.mov"])
        out = str(tmp_path / f"out{count}")
        got = run([sys.executable, "-c", PROGRAM, str(clip), out], capture_output=True, check=True)
        peaks.append(int(got.stdout) // 1024)
    assert peaks[1] - peaks[0] < 60


@pytest.mark.slow
def test_killed_at_any_point_it_ends_in_the_same_set(tmp_path: Path):
    film(tmp_path / "in" / "a.mp4", 120, size=(320, 240))
    film(tmp_path / "in" / "b.avi", 120, size=(320, 240))
    whole, killed = take(tmp_path / "in", tmp_path / "whole", fps=15.0), tmp_path / "killed"
    config = ImportConfig(fps=15.0)
    # Of the package itself: a function of this module is not found by name in every process.
    work = partial(import_set, "video", tmp_path / "in", killed, config=config)
    kill_at((3, 31, 62, 110), work, lambda: len([*killed.glob("images/*/*.jpg")]))
    assert not (killed / "set.json").exists()
    first = min(killed.glob("images/*/*.jpg"))
    before = first.stat().st_mtime_ns
    assert work().hash == whole.hash
    assert first.stat().st_mtime_ns == before
    assert not [*killed.rglob(".*.part")]
