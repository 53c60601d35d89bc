"""Two domains side by side, as CycleGAN and pix2pix lay them out: trainA/, train/A/ or one file.

A and B are the layout's own names; a set says them as attributes['domain'].
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import UInt8

from otherlight.datasets.config import ImportConfig
from otherlight.datasets.listing import list_images, there_is
from otherlight.datasets.making import in_order, write_image
from otherlight.datasets.samples import Content, Sample, Tally
from otherlight.errors import DatasetError, ImageError
from otherlight.images.files import Array, Header, read_header, read_pixels
from otherlight.sets import ImageSet

DOMAINS = ("A", "B")
SPLITS = ("train", "val", "test")
Half = UInt8[np.ndarray, "height half_width 3"]
"""One of two images side by side."""

_AHEAD = 8  # images decoded at once
_BITS = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Where one image stands in a layout."""

    domain: str
    split: str | None
    rest: str
    """Its path below the folder of its domain."""

    @property
    def pair(self) -> str:
        """What it shares with its counterpart: split and path, without ending, _A or _B."""
        path = PurePosixPath(self.rest)
        stem = path.stem.removesuffix(f"_{self.domain}") or path.stem
        return (PurePosixPath(self.split or "") / path.with_name(stem)).as_posix()


def read_pairs(source: Path, images: Path | None, config: ImportConfig, tally: Tally) -> Content:
    """Read a folder of trainA/ and the like; where no folder is a domain, files are cut in two."""
    if images is not None and images.resolve() != source.resolve():
        raise DatasetError(
            f"A folder of pairs holds its own images; --images {images} came beside {source}. "
            f"Leave one out."
        )
    root = source.resolve()
    names = list_images(root)
    places = {name: place for name in names if (place := find_place(name))}
    if not places:
        return _side_by_side(root, names, config, tally)
    _note_others(root, names, places, tally)
    if missing := sorted(set(DOMAINS) - {place.domain for place in places.values()}):
        raise DatasetError(
            f"Pairs hold images of both domains; {source} has none of {missing[0]}. Import one "
            f"domain alone as a folder."
        )
    paired = set[str]() if config.paired is False else _paired(places, config, tally)
    samples = [_sample(root, name, place, paired) for name, place in places.items()]
    files = [sample.file for sample in samples]
    return Content(classes=(), samples=samples, count=len(samples), files=files)


def find_place(name: str) -> Place | None:
    """Read domain and split off a path; None where no folder of it is a domain.

    >>> find_place("trainA/x/1.jpg")
    Place(domain='A', split='train', rest='x/1.jpg')
    >>> find_place("B/test/1.jpg") == find_place("test/B/1.jpg") == find_place("testB/1.jpg")
    True
    >>> find_place("B/1.jpg").split, find_place("train/1.jpg")
    (None, None)
    """
    first, *others = PurePosixPath(name).parts
    if others and first[-1] in DOMAINS and first[:-1] in SPLITS:
        return Place(first[-1], first[:-1], "/".join(others))
    if len(others) > 1 and first in SPLITS and others[0] in DOMAINS:
        return Place(others[0], first, "/".join(others[1:]))
    if len(others) > 1 and first in DOMAINS and others[0] in SPLITS:
        return Place(first, others[0], "/".join(others[1:]))
    return Place(first, None, "/".join(others)) if others and first in DOMAINS else None


def pairs_of(images: ImageSet) -> list[tuple[int, int]]:
    """Pair the rows of a set whose images are of one ``pair``: domain A first, then B.

    Raises:
        DatasetError: a pair has more than one image of a domain.
    """
    rows: dict[str, dict[str, int]] = defaultdict(dict)
    for row, words in enumerate(map(dict, images.column("attributes"))):
        pair, domain = words.get("pair"), words.get("domain")
        if pair is not None and domain in DOMAINS and rows[pair].setdefault(domain, row) != row:
            raise DatasetError(
                f"A pair has one image of each domain; {pair!r} of {images.name} has "
                f"{images.names()[rows[pair][domain]]!r} and {images.names()[row]!r} of {domain}. "
                f"Leave one out with where."
            )
    return [(both["A"], both["B"]) for both in rows.values() if len(both) == len(DOMAINS)]


def _sample(root: Path, name: str, place: Place, paired: set[str]) -> Sample:
    file = root / name
    words = {"domain": place.domain}
    columns: dict[str, object] = {"split": place.split, "attributes": words}
    if place.pair in paired:
        words["pair"] = place.pair
        # Both show one scene, so that no split may part them; the folder keeps collections apart.
        columns["group"] = f"{root.name}/{place.pair}"
    return Sample(image=name, file=file, at=str(file), labelled=False, columns=columns)


def _paired(places: Mapping[str, Place], config: ImportConfig, tally: Tally) -> set[str]:
    """Find the names that A and B share."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for place in places.values():
        by_name[place.pair].append(place.domain)
    shared = {pair: domains for pair, domains in by_name.items() if len(set(domains)) > 1}
    paired = {pair for pair, domains in shared.items() if len(domains) == len(DOMAINS)}
    first = next((pair for pair in shared if pair not in paired), "")
    tally.note(
        "name that several images of a domain bear, not taken for a pair",
        first, len(shared) - len(paired),
    )  # fmt: skip
    if config.paired:
        alone = [name for name, place in places.items() if place.pair not in paired]
        if alone:
            raise DatasetError(
                f"With paired: true every image must have a counterpart of its name in the other "
                f"domain; {alone[0]!r} has none, one of {len(alone)}. Leave paired out to keep it."
            )
    else:
        tally.note(
            "name in both domains, taken for a pair (if by chance: paired false)",
            min(paired, default=""), len(paired),
        )  # fmt: skip
    return paired


def _note_others(
    root: Path, names: Sequence[str], kept: Mapping[str, Place] | Sequence[str], tally: Tally
) -> None:
    known = set(kept)
    for name in names:
        if name not in known:
            tally.note("image outside the folders of the layout, left out", str(root / name))


def _side_by_side(root: Path, names: list[str], config: ImportConfig, tally: Tally) -> Content:
    """Take files of train/, val/ and test/ for two images each, A on the left, B on the right."""
    both = [name for name in names if name.partition("/")[0] in SPLITS and "/" in name]
    if not both:
        raise DatasetError(
            f"Pairs lie in trainA and trainB, train/A and train/B, A and B, or side by side in "
            f"train; {root} has none of these (first image: {names[0][:80]!r}). Point to the "
            f"folder above them."
        )
    _note_others(root, names, both, tally)
    stems = Counter(name.rpartition(".")[0] for name in both)
    rests = [
        (stem if stems[stem := name.rpartition(".")[0]] == 1 else name).partition("/")[2]
        for name in both
    ]
    places = [
        (root / name, Place("", name.partition("/")[0], f"{rest}.png"))
        for name, rest in zip(both, rests, strict=True)
    ]

    def make(to: Path) -> Iterator[Sample]:
        cut = partial(_cut, root=root, to=to, paired=config.paired is not False)
        for halves, header in in_order(lambda item: cut(*item), places, _AHEAD):
            if header and header.width % 2:
                tally.mend("image of odd width, cut without its middle column", halves[0].at)
            if header and header.bits > _BITS:
                tally.mend("image of 16 bits, cut at 8", halves[0].at)
            yield from halves

    return Content(
        classes=(), samples=(), make=make, count=2 * len(both), files=[root / name for name in both]
    )


def _cut(
    file: Path, place: Place, *, root: Path, to: Path, paired: bool
) -> tuple[list[Sample], Header | None]:
    """Write the two halves of a file, unless they are there; no header where it is unreadable."""
    samples: list[Sample] = []
    for domain in DOMAINS:
        half = replace(place, domain=domain)
        name = f"{half.split}/{domain}/{half.rest}"
        sample = _sample(root, name, half, {half.pair} if paired else set())
        samples.append(replace(sample, file=to / name, at=str(file)))
    try:
        header = _check_halves(file)
        if not all(there_is(sample.file) for sample in samples):
            pixels = read_pixels(file)
            for sample, half in zip(samples, halves_of(pixels), strict=True):
                write_image(sample.file, half[..., 0] if header.channels == 1 else half)
    except ImageError as error:
        return [replace(sample, file=file, fault=error) for sample in samples], None
    return samples, header


def halves_of(pixels: Array) -> tuple[Half, Half]:
    """Cut an image into left and right halves of one size; an odd middle column is left out."""
    half = pixels.shape[1] // 2
    return pixels[:, :half], pixels[:, pixels.shape[1] - half :]


def _check_halves(file: Path) -> Header:
    header = read_header(file)
    if header.width < max(len(DOMAINS), header.height):
        raise DatasetError(
            f"An image of two side by side is at least as wide as high; {file} is "
            f"{header.width}x{header.height}. Import single images as a folder."
        )
    return header
