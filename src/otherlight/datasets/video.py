"""Videos as frames: at a rate, by their presentation times, upright, with every loss counted."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from otherlight.datasets.config import ImportConfig
from otherlight.datasets.frames import Shot, check_player, opened, shots_of, upright
from otherlight.datasets.listing import as_text, list_files, there_is
from otherlight.datasets.making import in_order, write_image
from otherlight.datasets.samples import Content, Sample, Tally
from otherlight.errors import DatasetError, ImageError

SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts",
    ".wmv", ".flv", ".ogv", ".3gp",
)  # fmt: skip
"""File endings taken for videos in a folder, lower case; a video named itself may have any."""

_AHEAD = 6  # decoded frames held at once


def read_video(source: Path, images: Path | None, config: ImportConfig, tally: Tally) -> Content:
    """Read one video, or every video under a folder; frames are written into the set."""
    if images is not None:
        raise DatasetError(
            f"Frames of a video come from the video itself; --images {images} came. Leave it out."
        )
    check_player()
    root = (source if source.is_dir() else source.parent).resolve()
    names = _find_videos(source)
    # What cannot be read is told before hours are spent on the others.
    faults = {name: fault for name in names if (fault := _try(root / name))}
    if faults and not config.skip_unreadable:
        first = " ".join(str(fault) for fault in list(faults.values())[:3])
        raise ImageError(
            f"{len(faults)} of {len(names)} videos cannot be read. {first} To leave them out, "
            f"counted: skip_unreadable."
        )
    for name in faults:
        tally.choose("unreadable video", str(root / name))
    kept = [name for name in names if name not in faults]
    rate = None if config.fps is None else Fraction(str(config.fps))

    def make(to: Path) -> Iterator[Sample]:
        for name in kept:
            clip = _Clip(root / name, name, to, f".{config.image_format}", rate)
            yield from clip.frames(tally)

    return Content(classes=(), samples=(), make=make, files=[root / name for name in kept])


@dataclass(frozen=True)
class _Clip:
    """One video on its way into a set."""

    file: Path
    name: str
    to: Path
    suffix: str
    rate: Fraction | None

    def frames(self, tally: Tally) -> Iterator[Sample]:
        """Write the chosen frames that are not there yet, a few at a time."""
        with opened(self.file) as stream:
            _note_kind(stream, self.file, tally)
            yield from in_order(_write, self._chosen(shots_of(stream, self.file, tally), tally),
                                _AHEAD)  # fmt: skip

    def _chosen(self, shots: Iterator[Shot], tally: Tally) -> Iterator[tuple[Shot, Sample]]:
        last: int | None = None
        for shot in shots:
            if self.rate is not None:
                turn = chosen_at(shot.time, shot.tick, self.rate)
                if turn == last:
                    tally.images += 1
                    rule = f"frame between those of fps {float(self.rate):g}"
                    tally.drop_images(rule, self.name, chosen=True)
                    continue
                last = turn
            yield shot, self._sample(shot)

    def _sample(self, shot: Shot) -> Sample:
        key = f"{self.name}/{shot.index:06d}{self.suffix}"
        columns = {"sequence": self.name, "frame": shot.index, "time_s": float(shot.time)}
        return Sample(
            image=key,
            file=self.to / key,
            at=f"{self.file}, frame {shot.index}",
            labelled=False,
            columns=columns,
        )


def chosen_at(time: Fraction, tick: Fraction, rate: Fraction) -> int:
    """Say in which interval of 1/rate seconds a frame falls; the first of each is taken.

    Times are rounded to the container's tick, so half of one is given.

    >>> [chosen_at(Fraction(ms, 1000), Fraction(1, 1000), Fraction(15)) for ms in (0, 33, 67, 133)]
    [0, 0, 1, 2]
    """
    return int((time + tick / 2) * rate // 1)


def _find_videos(source: Path) -> list[str]:
    if there_is(source):
        return [as_text(source.name)]
    if not source.is_dir():
        raise DatasetError(f"Expected a video or a folder of videos at {source}; there is none.")
    names = list_files(source, SUFFIXES)
    if not names:
        raise DatasetError(
            f"Expected videos ({', '.join(SUFFIXES)}) under {source}; there are none. Point to "
            f"the folder that holds them, or to one file."
        )
    return names


def _try(file: Path) -> ImageError | None:
    try:
        with opened(file) as video:
            next(shots_of(video, file, Tally()))
    except ImageError as error:
        return error
    except StopIteration:
        return ImageError(f"A video must hold a frame that decodes; {file} holds none.")
    return None


def _note_kind(stream: Any, file: Path, tally: Tally) -> None:
    """Count what a user may not expect of a video's pictures."""
    shape = stream.sample_aspect_ratio
    if shape and shape != 1:
        tally.note("video whose pixels are not square, kept as stored", f"{file}: {shape}")
    further = len(stream.container.streams.video) - 1
    tally.note("further stream of pictures in a video, left out", str(file), further)


def _write(item: tuple[Shot, Sample]) -> Sample:
    shot, sample = item
    if not there_is(sample.file):
        write_image(sample.file, upright(shot.frame))
    return sample
