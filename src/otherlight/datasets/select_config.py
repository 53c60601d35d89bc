"""What to keep of labelled images, wherever they come from: the rules an import and a set share."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, fields

from otherlight.errors import PlanError
from otherlight.sets.columns import SPLITS

COINCIDING = ("keep", "one", "ignore", "drop")
SPLIT_BY = ("group", "sequence", "place", "image")
REST = "rest"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a box must reach; one that breaks any of them is ignored, or dropped."""

    min_width: float | None = None
    """Pixels, as the heights."""
    min_height: float | None = None
    min_area: float | None = None
    """Square pixels."""
    min_share: float | None = None
    """Of the image's height."""
    min_visibility: float | None = None
    """1 - occlusion, where that is known."""
    max_occlusion_level: int | None = None
    """0, 1 or 2, where it is known."""
    max_truncation: float | None = None
    """Share outside the image, where it is known."""

    def given(self) -> dict[str, float]:
        """The limits that there are, by name."""
        each = ((each.name, getattr(self, each.name)) for each in fields(self))
        return {name: float(value) for name, value in each if value is not None}


@dataclass(frozen=True, kw_only=True)
class SelectConfig:
    """Which images and boxes to keep, by rules; every omission is counted by name and class."""

    classes: Mapping[str, tuple[str, ...]] | None = None
    """New class: the source's classes merged into it; what is not named is dropped, counted."""
    ignore: Limits = field(default_factory=Limits)
    """Boxes that break one of these are ignored: the objects are there, and are not judged."""
    drop: Limits = field(default_factory=Limits)
    """Boxes that break one of these are left out, as if nothing were there."""
    ignore_below: float = 0.0
    """Share of the image's height: lower boxes are ignored; short for ignore.min_share."""
    coinciding: str = "keep"
    """Boxes of different classes whose edges are the same whole pixels: keep all, keep one,
    ignore all or drop all."""

    background: bool = True
    """False leaves out labelled images without an object."""
    every: int = 1
    """Keep every so-manieth image of each sequence."""
    share: float = 1.0
    """Of the images that other rules keep, drawn by a hash of name, seed and image; larger shares
    hold the smaller ones."""
    share_name: str = "share"
    share_seed: int = 0

    where: str | None = None
    """SQL over the columns of images: which to keep."""
    where_boxes: str | None = None
    """SQL over the columns of boxes: which to keep."""

    splits: Mapping[str, float | int | str] | None = None
    """Split: its share (0.8), its number of images (500), or the word "rest"."""
    split_by: str = "group"
    """What is never cut: group, sequence or place; "image" cuts everything, even a video."""
    split_seed: int = 0
    stratify: str | None = None
    """A column whose values every split shall hold alike, such as timeofday."""

    def __post_init__(self) -> None:
        verb = type(self).__name__.removesuffix("Config").lower()
        for complaint in _complaints(self):
            raise PlanError(f"[{verb}] {complaint}")


def _complaints(config: SelectConfig) -> Generator[str]:
    yield from _out_of_range("ignore_below", config.ignore_below, *_KINDS["min_share"])
    for key, limits in (("ignore", config.ignore), ("drop", config.drop)):
        for name, value in limits.given().items():
            yield from _out_of_range(f"{key}.{name}", value, *_KINDS[name])
    if config.ignore_below and config.ignore.min_share is not None:
        yield (
            "takes ignore_below or ignore.min_share, which say the same; both came. Leave one out."
        )
    yield from _unknown("coinciding", config.coinciding, COINCIDING)
    yield from _unknown("split_by", config.split_by, SPLIT_BY)
    if config.every < 1:
        yield f"every counts from 1, which keeps all; {config.every} came."
    if not 0 < config.share <= 1:
        yield (
            f"share is a share of the images, above 0 and up to 1; {config.share:g} came. Write "
            f"0.1 for 10 %."
        )
    if config.splits is not None:
        yield from _wrong_splits(config.splits)


_SHARE = (1.0, "a share, 0 to 1", "Write 0.03 for 3 %.")
_PIXELS = (1e9, "a number of pixels, at least 0", "Leave it out for no limit.")
_KINDS = {
    "min_width": _PIXELS, "min_height": _PIXELS, "min_area": _PIXELS,
    "min_share": (0.999999, "a share of the image's height, 0 to 1", "Write 0.03 for 3 %."),
    "min_visibility": _SHARE, "max_truncation": _SHARE,
    "max_occlusion_level": (2.0, "0, 1 or 2", "Leave it out for no limit."),
}  # fmt: skip


def _out_of_range(name: str, value: float, most: float, what: str, then: str) -> Generator[str]:
    if not 0 <= value <= most:
        yield f"{name} is {what}; {value:g} came. {then}"


def _unknown(name: str, value: str, known: tuple[str, ...]) -> Generator[str]:
    if value not in known:
        yield f"{name} is one of {', '.join(known)}; {value!r} came."


def _wrong_splits(splits: Mapping[str, float | int | str]) -> Generator[str]:
    for name, part in splits.items():
        yield from _unknown("each name in splits", name, SPLITS)
        if not (part == REST if isinstance(part, str) else part > 0):
            yield (
                f"splits are shares (0.8), numbers of images (500) or the word rest; {part!r} came "
                f"for {name}."
            )
    parts = list(splits.values())
    kinds = {type(part) for part in parts if part != REST}
    if not splits or len(kinds) > 1 or parts.count(REST) > 1:
        yield (
            f"splits are all shares or all numbers of images, and one may be rest; {dict(splits)} "
            f"came."
        )
    shares = [part for part in parts if isinstance(part, float)]
    total = sum(shares)
    if shares and not (0 < total < 1 if REST in parts else abs(total - 1) < 1e-6):
        yield (
            f"splits that are shares must add up to 1, or to less beside a rest; these add up to "
            f"{total:g}. Say what is left, such as train: rest."
        )
