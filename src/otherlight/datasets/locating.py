"""Where the images of one label file are, and which of either have no partner."""

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from otherlight.datasets.listing import list_images, there_is
from otherlight.datasets.samples import Sample, Tally
from otherlight.errors import DatasetError


def label_file(source: Path, usual: Sequence[str]) -> Path:
    """Find the JSON file: the source itself, or the only or usual one in it."""
    if source.is_file():
        return source
    if not source.is_dir():
        raise DatasetError(f"Expected a JSON file of labels at {source}; there is nothing.")
    for name in usual:
        if (source / name).is_file():
            return source / name
    found = sorted(path for path in source.glob("*.json") if path.name != "export.json")
    if len(found) != 1:
        raise DatasetError(
            f"Expected one JSON file of labels in {source}; there are {len(found)}. Point to the "
            f"file itself."
        )
    return found[0]


def find_images(
    path: Path, images: Path | None, names: Sequence[str], pixels: bool
) -> tuple[Path, set[str] | None]:
    """Find the folder of images and what it holds; None where the pixels are not to be read.

    Raises:
        DatasetError: none of the images is there.
    """
    places = [images] if images else [path.parent / "images", path.parent]
    if not pixels:
        return places[0].resolve(), None
    for place in places:
        if any(there_is(place / name) for name in names):
            return place.resolve(), set(list_images(place))
    raise DatasetError(
        f"The images of {path} must lie in {' or '.join(map(str, places))}; none of {len(names)} "
        f"does (such as {names[0] if names else '?'!r}). Say where they are with --images."
    )


def refuse_if_none(path: Path, root: Path, names: Sequence[str], found: Collection[object]) -> None:
    """Say where images were looked for, if ground truth names some and none is there."""
    if names and not found:
        raise DatasetError(
            f"The images of {path} must lie in {root}; none does (such as {names[0][:80]!r}). Say "
            f"where they are with --images."
        )


def note_unlabelled(root: Path, there: set[str] | None, names: Sequence[str], tally: Tally) -> None:
    """Count images that the label file does not mention."""
    known = set(names)
    for name in sorted(there - known) if there else ():
        tally.note("image that the label file does not mention, left out", str(root / name))


def drop_sample(sample: Sample, tally: Tally) -> None:
    """Count labels whose image is not there."""
    tally.images += 1
    tally.drop_images("labels without image file", sample.image)
    of = Counter(box.label for box in sample.boxes)
    tally.read_boxes(of)
    tally.drop_boxes("box of an image without file", sample.image, of)
