"""Which image of one set shows the scene of which image of another, for methods that need pairs."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from otherlight.errors import PlanError
from otherlight.images.files import read_header
from otherlight.sets import ImageSet


def beside(source: ImageSet, target: ImageSet) -> ImageSet:
    """Bring the target's images into the order of their partners in the source.

    Partners have the same key, or the same ``attributes['pair']``, which ``import pairs`` gives, or
    one was translated from the other's file.

    Raises:
        PlanError: an image of either set has no partner, or several, or one of another size.
    """
    if source.files() == target.files():
        raise PlanError(
            f"The images of a pair lie in two sets; source and target are both {source.name!r}. "
            f"Choose one domain of it for each, with where."
        )
    rows: dict[tuple[str, str], set[int]] = {}
    for row, image in enumerate(target.images.to_pylist()):
        for name in _names_of(image):
            rows.setdefault(name, set()).add(row)
    wanted = source.images.to_pylist()
    found = [_partners(image, rows) for image in wanted]
    _check_one_each(source, target, found)
    order = [min(partners) for partners in found]
    paired = replace(target, images=target.images.take(order))
    _check_sizes(source, paired)
    return paired


def _names_of(image: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """All by which a partner may know an image, surest first."""
    yield "key", image["image"]
    pair = dict(image["attributes"] or ()).get("pair")
    if pair is not None:
        yield "pair", pair
    for column in ("sha256", "parent_sha256"):
        if image[column] is not None:
            yield "file", image[column]


def _partners(image: dict[str, Any], rows: dict[tuple[str, str], set[int]]) -> set[int]:
    return next((rows[name] for name in _names_of(image) if name in rows), set())


def _check_one_each(source: ImageSet, target: ImageSet, found: list[set[int]]) -> None:
    taken = Counter(row for rows in found for row in rows)
    counted = (
        (source, target, dict(zip(source.names(), map(len, found), strict=True))),
        (target, source, {name: taken[row] for row, name in enumerate(target.names())}),
    )
    for images, others, partners in counted:
        lonely = [name for name, count in partners.items() if count == 0]
        if lonely:
            raise PlanError(
                f"Every image must have its partner in the other set: the same key, the same "
                f"attributes['pair'] or its translation. {len(lonely)} of {len(images)} images of "
                f"{images.name!r} have none, the first {lonely[0]!r}. Leave them out with where."
            )
        several = [name for name, count in partners.items() if count > 1]
        if several:
            raise PlanError(
                f"Every image must have one partner in the other set; {several[0]!r} of "
                f"{images.name!r} has {partners[several[0]]} in {others.name!r}. Leave some out "
                f"with where."
            )


def _check_sizes(source: ImageSet, paired: ImageSet) -> None:
    sizes = zip(_sizes(source), _sizes(paired), strict=True)
    for row, (ours, theirs) in enumerate(sizes):
        if ours != theirs:
            raise PlanError(
                f"Partners must be of one size, so that one crop shows one place; "
                f"{source.names()[row]!r} is {ours[0]}x{ours[1]} and "
                f"{paired.names()[row]!r} is {theirs[0]}x{theirs[1]}. Resize one set."
            )


def _sizes(images: ImageSet) -> Iterator[tuple[int, int]]:
    columns = (images.column("width"), images.column("height"), images.files())
    for width, height, file in zip(*columns, strict=True):
        if width is None or height is None:
            header = read_header(file)
            yield header.width, header.height
        else:
            yield width, height
