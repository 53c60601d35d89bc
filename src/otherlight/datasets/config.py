"""What an import may be told: where things are, what to keep, what the source does not say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from otherlight.datasets.select_config import SelectConfig
from otherlight.errors import PlanError
from otherlight.sets.columns import SPLITS

TIMES = ("day", "night", "twilight")
WEATHERS = ("clear", "partly_cloudy", "overcast", "rain", "snow", "fog")


@dataclass(frozen=True, kw_only=True)
class ImportConfig(SelectConfig):
    """How one source becomes a set; every omission that it causes is counted by name."""

    name: str | None = None
    """Of the set; its folder's name where none is given."""
    licence: str = "unknown"
    origin: str | None = None
    """The collection the images come from, so that leaks can tell equal sequence names apart."""

    split: str | None = None
    """One split for all images, over what the source says: train, val, test or pool."""
    timeofday: str | None = None
    """One time of day for all images: day, night or twilight."""
    weather: str | None = None
    scene: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    """Words put on every image."""

    names: tuple[str, ...] = ()
    """Class names in the order of their ids, where the source names none (or others)."""
    class_base: int = 0
    """The id of the first class in YOLO files: 0, or 1 in sets that count from one."""
    pixel_base: int | None = None
    """What VOC files call the first pixel: 1 as PASCAL VOC does, 0 as many tools do; None looks
    for a box that begins at 0."""

    sequence: str | None = None
    """The word "folder" (the image's own), or an expression whose first group is the sequence."""
    sequence_gap: int | None = None
    """Files sorted by the number in their name: a larger gap begins another sequence."""

    paired: bool | None = None
    """Whether equal names in both domains of `pairs` are pairs; None: yes, noted; True: all must
    be."""

    fps: float | None = None
    """Frames a second to take from `video`, by their time stamps; None takes every frame."""
    image_format: str = "jpg"
    """How frames of `video` are written: jpg (quality 95, full colour) or png."""

    pixels: bool = True
    """False: read labels alone; sizes and hashes stay unknown, files are not looked at."""
    masks: str | None = None
    """Folder of the masks, depth and flow of `vkitti2`, or of the masks of `cityscapes`, in the
    source's own tree; None looks beside images and labels."""
    skip_unreadable: bool = False
    """Count unreadable images and leave them out, rather than refuse."""
    shared_labels: bool = False
    """Give one YOLO label file to two images of the same stem, rather than refuse."""
    strict: bool = False
    """Refuse whatever would be dropped or mended, save by the options above."""

    def __post_init__(self) -> None:
        SelectConfig.__post_init__(self)
        _one_of("split", self.split, SPLITS)
        _one_of("timeofday", self.timeofday, TIMES)
        _one_of("weather", self.weather, WEATHERS)
        _one_of("image_format", self.image_format, ("jpg", "png"))
        if self.fps is not None and not 0 < self.fps < float("inf"):
            raise PlanError(
                f"[import] fps is a number of frames a second above 0; {self.fps:g} came. Leave "
                f"it out to take every frame."
            )
        if self.split is not None and self.splits is not None:
            raise PlanError(
                "[import] takes split (one for all) or splits; both came. Leave one out."
            )
        if self.pixel_base not in (None, 0, 1):
            raise PlanError(f"[import] pixel_base is 0 or 1; {self.pixel_base} came.")
        if self.sequence is not None and self.sequence_gap is not None:
            raise PlanError("[import] takes sequence or sequence_gap; both came. Leave one out.")
        if self.sequence not in (None, "folder"):
            _check_expression(self.sequence or "")
        if self.sequence_gap is not None and self.sequence_gap < 1:
            raise PlanError(
                f"[import] sequence_gap must be at least 1; {self.sequence_gap} came. Give the "
                f"largest step between file numbers of one drive."
            )


def _one_of(name: str, value: str | None, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        raise PlanError(f"[import] {name} is one of {', '.join(known)}; {value!r} came.")


def _check_expression(text: str) -> None:
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise PlanError(
            f"[import] sequence must be 'folder' or a regular expression; {text!r} is none "
            f"({error})."
        ) from error
    if not groups:
        raise PlanError(
            f"[import] the sequence is the first group of an expression; {text!r} has no group. "
            f"Put brackets around the part that names the drive."
        )
