"""A set in the layouts of two domains: trainA/ and trainB/, or pairs side by side in one file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from otherlight.datasets.listing import there_is
from otherlight.datasets.making import in_order, write_image
from otherlight.datasets.pairs import DOMAINS, SPLITS, Place, find_place, pairs_of
from otherlight.datasets.placing import Placed, place_images
from otherlight.datasets.samples import Tally
from otherlight.errors import DatasetError, PlanError
from otherlight.images.files import read_pixels
from otherlight.records.progress import track
from otherlight.sets import ImageSet
from otherlight.sets.queries import choose_images

_AHEAD = 4  # pairs decoded at once


@dataclass(frozen=True, kw_only=True)
class PairsLayout:
    """How a set is laid out as two domains."""

    side_by_side: bool = False
    """Write both images of a pair into one PNG, A on the left; what has no pair is left out."""
    domains: Mapping[str, str] = field(default_factory=dict[str, str])
    """SQL over the columns of images: which are A, which are B; attributes['domain'] if none."""

    def __post_init__(self) -> None:
        if unknown := sorted(self.domains.keys() - set(DOMAINS)):
            raise PlanError(f"[export] domains are A and B; {unknown[0]!r} came.")


def lay_out_pairs(
    images: ImageSet, to: Path, layout: PairsLayout, copy: bool, tally: Tally
) -> Placed:
    """Write the images of both domains; boxes are left out, counted.

    Raises:
        DatasetError: no image is of a domain, or one is of both.
    """
    places = _places(images, layout, tally)
    if layout.side_by_side:
        placed = _join(images, places, to, tally)
    else:
        names = [f"{place.split}{place.domain}/{place.rest}" for place in places.values()]
        _refuse_twice(images, list(places), names)
        placed = place_images(images, list(places), names, to, copy=copy)
    keys = images.names()
    written = {keys[row] for row in placed.rows}
    boxes = sum(image in written for image in images.boxes["image"].to_pylist())
    tally.drop("box, which pairs cannot hold", images.name, boxes)
    return placed


def _places(images: ImageSet, layout: PairsLayout, tally: Tally) -> dict[int, Place]:
    """Give the rows of both domains their places."""
    words = [dict(each) for each in images.column("attributes")]
    domains = _domains(images, layout, [each.get("domain") for each in words])
    places: dict[int, Place] = {}
    for row, (key, split) in enumerate(zip(images.names(), images.column("split"), strict=True)):
        if (domain := domains[row]) is None:
            tally.drop("image of neither domain", key)
            continue
        if split not in SPLITS:
            tally.note(f"image of split {split or 'unknown'}, written as train", key)
            split = "train"
        places[row] = Place(domain, split, _rest(key, domain, split, words[row].get("pair")))
    for domain in DOMAINS:
        if domain not in domains:
            tally.note(f"no image of domain {domain}", images.name)
    if not places:
        raise DatasetError(
            f"An export as pairs needs images of the domains A and B; {images.name} has none. Say "
            f"which they are, such as domains.A=\"timeofday = 'day'\"."
        )
    return places


def _domains(images: ImageSet, layout: PairsLayout, said: Sequence[str | None]) -> list[str | None]:
    if not layout.domains:
        return [domain if domain in DOMAINS else None for domain in said]
    found: list[str | None] = [None] * len(images)
    for domain, where in layout.domains.items():
        for row in np.flatnonzero(
            choose_images(images.images, images.boxes, images.classes, where)
        ).tolist():
            if found[row] is not None:
                raise DatasetError(
                    f"An image is of one domain; {images.names()[row]!r} is of {found[row]} and "
                    f"{domain}. Narrow one of domains."
                )
            found[row] = domain
    return found


def _rest(key: str, domain: str, split: str, pair: str | None) -> str:
    """Name an image within its domain: as it came from such a layout, else after its pair."""
    came = find_place(key)
    fits = came and came.domain == domain and came.split in (split, None)
    rest = came.rest if came and fits else key
    if pair is None or Place(domain, split, rest).pair == pair:
        return rest
    return pair.removeprefix(f"{split}/") + PurePosixPath(key).suffix


def _refuse_twice(images: ImageSet, rows: Sequence[int], names: Sequence[str]) -> None:
    first: dict[str, int] = {}
    for row, name in zip(rows, names, strict=True):
        if first.setdefault(name, row) != row:
            keys = images.names()
            raise DatasetError(
                f"Exported images need names of their own; {keys[first[name]]!r} and "
                f"{keys[row]!r} would both be {name}. Leave one out with where."
            )


def _join(images: ImageSet, places: Mapping[int, Place], to: Path, tally: Tally) -> Placed:
    """Write pairs side by side; those that are no pair, or differ in size or split, are counted."""
    keys = images.names()
    pairs = [pair for pair in pairs_of(images) if pair[0] in places and pair[1] in places]
    paired = {row for pair in pairs for row in pair}
    for row in places.keys() - paired:
        tally.drop("image without counterpart", keys[row])
    firsts = [pair[0] for pair in pairs]
    _refuse_twice(images, firsts, [places[row].pair for row in firsts])
    rows: list[int] = []
    names: list[str] = []
    join = partial(_join_one, images.files(), places, to)
    joined = in_order(join, pairs, _AHEAD)
    for pair, name in track(zip(pairs, joined, strict=True), "joining pairs", len(pairs)):
        if name is None:
            tally.drop("image of a pair of two sizes or splits", keys[pair[0]], len(pair))
        else:
            rows += pair
            names += [name] * len(pair)
    if not rows:
        raise DatasetError(
            f"An export side by side needs pairs of images; {images.name} has none that fit. "
            f"Leave side_by_side out."
        )
    return Placed(rows=rows, names=names)


def _join_one(
    files: Sequence[Path], places: Mapping[int, Place], to: Path, pair: tuple[int, int]
) -> str | None:
    left, right = (places[row] for row in pair)
    if left.split != right.split:
        return None
    name = f"{left.pair}.png"
    if there_is(to / name):
        return name
    one, other = (read_pixels(files[row]) for row in pair)
    if one.shape != other.shape:
        return None
    write_image(to / name, np.concatenate((one, other), axis=1))
    return name
