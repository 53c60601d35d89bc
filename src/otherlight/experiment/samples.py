"""Pictures for the page: source images, their translations, and the target itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from otherlight.audit.lineage import find_source
from otherlight.errors import DatasetError
from otherlight.experiment.arms import Ingredient
from otherlight.images.files import Array, encode, read_pixels
from otherlight.records.files import write_bytes
from otherlight.records.progress import tell
from otherlight.records.seeds import seed_of
from otherlight.sets import ImageSet, read_set

Picture = UInt8[np.ndarray, "tall wide 3"]
"""An image as large as a page shows it."""

_LEAST_WIDTH = 480
_MOST_TRANSLATIONS = 16
_BOX = (255, 196, 0)


def write_samples(
    arms: Mapping[str, Sequence[Ingredient]], target: ImageSet, count: int, to: Path
) -> list[dict[str, str]]:
    """Write one row of pictures per sampled source image, with its boxes; say what lies where.

    The images are those with the lowest hash of their key: chosen by nobody.
    """
    translated = {
        name: ingredient
        for name, ingredients in arms.items()
        for ingredient in ingredients
        if any(ingredient.images.column("translator"))
    }
    if not translated:
        return []
    common = set(next(iter(translated.values())).images.names())
    for ingredient in translated.values():
        common &= set(ingredient.images.names())
    chosen = sorted(common, key=lambda key: seed_of(0, "sample", key))[:count]
    others = sorted(range(len(target)), key=lambda row: seed_of(0, "sample", target.names()[row]))
    source = _captured(list(translated.values()), chosen)
    rows: list[dict[str, str]] = []
    for number, key in enumerate(chosen):
        pictures = {} if source is None else {"source": _drawn(source, key)}
        pictures |= {
            name: _drawn(ingredient.images, key) for name, ingredient in translated.items()
        }
        if number < len(others):
            pictures["target (another scene)"] = _enlarged(
                read_pixels(target.files()[others[number]])
            )
        row = {"image": key}
        for place, (name, picture) in enumerate(pictures.items()):
            file = to / "samples" / f"{number:02}-{place}.jpg"
            write_bytes(file, encode(picture, ".jpg"))
            row[name] = str(file.relative_to(to))
        rows.append(row)
    return rows


def _captured(translated: Sequence[Ingredient], keys: Sequence[str]) -> ImageSet | None:
    """Find the images as they were captured; none, said aloud, where they are not at hand.

    A set may have been translated before any plan named it, and more than once.
    """
    for ingredient in translated:
        if not any(ingredient.origin.column("translator")):
            return ingredient.origin
    images = translated[0].origin
    try:
        for _ in range(_MOST_TRANSLATIONS):
            few = images.take(np.isin(np.array(images.names(), dtype=str), list(keys)))
            if not any(few.column("translator")):
                return images
            images = find_source(_with_maker(few))
    except DatasetError as error:
        tell(f"The samples show no source: {error}")
    return None


def _with_maker(images: ImageSet) -> ImageSet:
    """Say again how a set was made; of what a filter left of it, only the filter is said."""
    whole = images.root / "set.json"
    return replace(images, made_by=read_set(images.root).made_by) if whole.exists() else images


def _drawn(images: ImageSet, key: str) -> Picture:
    """One image with its boxes, large enough to be looked at."""
    row = images.names().index(key)
    pixels = read_pixels(images.files()[row])
    picture = _enlarged(pixels).copy()
    scale = picture.shape[1] / pixels.shape[1]
    boxes = images.boxes_of()
    for box in range(boxes.offsets[row], boxes.offsets[row + 1]):
        left, top, right, bottom = np.rint(boxes.edges[box] * scale).astype(int).tolist()
        colour = (150, 150, 150) if boxes.ignore[box] else _BOX
        cv2.rectangle(picture, (left, top), (right, bottom), colour, 1, cv2.LINE_AA)
    return picture


def _enlarged(pixels: Array) -> Picture:
    """Bring small images to a width that a page can show, without smoothing their pixels away."""
    width = pixels.shape[1]
    times = max(1, round(_LEAST_WIDTH / width))
    if times > 1:
        return np.repeat(np.repeat(pixels, times, axis=0), times, axis=1)
    scale = min(1.0, _LEAST_WIDTH * 1.5 / width)
    size = (round(width * scale), round(pixels.shape[0] * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
