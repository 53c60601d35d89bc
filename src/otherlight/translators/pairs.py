"""Batches: which images of two sets meet at a step, and how they are cut.

A batch is a function of (seed, step) and of nothing else, so that a resumed run meets the same
images, whatever the threads and whatever is cached.
"""

import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from otherlight.errors import PlanError
from otherlight.images.files import Array, read_pixels, resize
from otherlight.images.tensors import Images, stack, to_images
from otherlight.records.seeds import numpy_generator, seed_of
from otherlight.sets import ImageSet
from otherlight.training.prefetch import prefetch
from otherlight.translators.partners import beside

Fit = Literal["squash", "scale_width", "scale_crop", "whole"]
Size = int | tuple[int, int]
Domain = Literal["source", "target"]
Made = UInt8[np.ndarray, "tall wide 3"]
"""An image once its size has changed."""


@dataclass(frozen=True, kw_only=True)
class PairsConfig:
    """How images are brought to training size; the defaults are CycleGAN's (appendix 7.1).

    ``fit`` is squash (to load_size whatever the aspect, then a random crop), scale_width (to
    load_size's width, aspect kept, then a random crop), scale_crop (a random crop of the image
    itself, enlarged by 1/scale against crop_size, then reduced) or whole (no crop; resized to
    load_size, or as it is if that is 0).
    """

    batch: int = 1
    fit: Fit = "squash"
    load_size: Size = 286
    """Pixels: one number for both sides, or (width, height)."""
    crop_size: Size = 256
    scale: tuple[float, float] = (0.8, 1.0)
    """scale_crop alone: training pixels for one image pixel, drawn uniformly."""
    flip: bool = True

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise ValueError(f"A batch holds at least one image; {self.batch} came.")
        if not 0.0 < self.scale[0] <= self.scale[1]:
            raise ValueError(f"scale must rise from above 0; {self.scale} came.")
        sides = zip(_sides(self.crop_size), _sides(self.load_size), strict=True)
        if self.fit == "squash" and any(crop > load for crop, load in sides):
            raise ValueError(
                f"crop_size must fit into load_size; {self.crop_size} and {self.load_size} came."
            )

    def shorter_side(self) -> int:
        """Say how large training images are; 256 where each keeps its own size."""
        whole = self.fit == "whole"
        return min(_sides(self.load_size if whole else self.crop_size)) or 256


class Pairs:
    """Draw batches from two sets; decoded images are kept while a memory budget lasts.

    With ``paired`` the sets hold partners, one of each at every place of a batch.
    """

    def __init__(
        self,
        source: ImageSet,
        target: ImageSet,
        config: PairsConfig,
        seed: int,
        cache_bytes: int = 2 * 1024**3,
        *,
        paired: bool = False,
    ) -> None:
        self.config = config
        self.seed = seed
        target = beside(source, target) if paired else target
        self._domains = {"source": _Domain(source), "target": _Domain(target)}
        # What chance is drawn by: partners come together, and are cut and flipped alike.
        self._chance = {name: "pair" if paired else name for name in self._domains}
        self._budget = cache_bytes
        self._lock = threading.Lock()

    def batches(self, first: int, steps: int, threads: int = 2) -> Iterator[tuple[Images, Images]]:
        """Hand out the batches of steps ``first`` to ``steps - 1``, decoded ahead on threads."""
        return prefetch(self.batch, range(first, steps), threads)

    def batch(self, step: int) -> tuple[Images, Images]:
        """Make the batch of one step."""
        return self._one_side("source", step), self._one_side("target", step)

    def fixed(self, domain: Domain, count: int) -> list[Images]:
        """Choose a few images by a hash of their keys, whole, at training scale, for the grids."""
        images = self._domains[domain].images
        names = images.names()
        chosen = sorted(range(len(names)), key=lambda row: seed_of(0, "sample", names[row]))
        return [self.whole(domain, row) for row in chosen[:count]]

    def met(
        self, domain: Domain, steps: int, most: int, known: Collection[int] = ()
    ) -> Iterator[tuple[int, Images]]:
        """Hand out the images that so many steps have drawn: the first ``most``, by row, whole.

        Rows that are known already are left out. Training keeps them decoded, while memory lasts.
        """
        seen = set(known)
        for place in range(steps * self.config.batch):
            if len(seen) >= most:
                return
            row = self._row(domain, *divmod(place, self.config.batch))
            if row not in seen:
                seen.add(row)
                yield row, self.whole(domain, row)

    def whole(self, domain: Domain, row: int) -> Images:
        """One image at training scale, not cropped."""
        return to_images(stack([_scaled(self._pixels(domain, row), self.config)]))

    def _one_side(self, domain: str, step: int) -> Images:
        chance = numpy_generator(self.seed, "pair", self._chance[domain], step)
        arrays = [
            prepare(self._pixels(domain, self._row(domain, step, place)), self.config, chance)
            for place in range(self.config.batch)
        ]
        if len({array.shape for array in arrays}) > 1:
            sizes = " and ".join(f"{a.shape[1]}x{a.shape[0]}" for a in arrays)
            raise PlanError(
                f"Images of one batch must be of one size; {sizes} met. Set batch: 1, or a "
                f"load_size, or another fit than {self.config.fit!r}."
            )
        return to_images(stack(arrays))

    def _row(self, domain: str, step: int, place: int) -> int:
        """Walk through a set in a new order each time round, so that all images come up alike."""
        count = len(self._domains[domain].images)
        turn, position = divmod(step * self.config.batch + place, count)
        return int(self._domains[domain].order(self.seed, self._chance[domain], turn)[position])

    def _pixels(self, domain: str, row: int) -> Array:
        cache = self._domains[domain].cache
        if row in cache:
            return cache[row]
        pixels = self._reduced(read_pixels(self._domains[domain].files[row]))
        with self._lock:
            if pixels.nbytes <= self._budget and row not in cache:
                self._budget -= pixels.nbytes
                cache[row] = pixels
        return pixels

    def _reduced(self, pixels: Array) -> Made:
        """What is done to an image the same way every time is done before it is kept."""
        return pixels if self.config.fit == "scale_crop" else _scaled(pixels, self.config)


class _Domain:
    """One side's files, decoded images and current order."""

    def __init__(self, images: ImageSet) -> None:
        if not len(images):
            raise PlanError(f"A set to learn from must hold images; {images.name!r} holds none.")
        self.images = images
        self.files = images.files()
        self.cache: dict[int, Array] = {}
        self._orders: dict[int, np.ndarray] = {}

    def order(self, seed: int, domain: str, turn: int) -> np.ndarray:
        """Shuffle for one turn; a few are kept, since a batch or a thread may be in the next."""
        order = self._orders.get(turn)
        if order is None:
            order = numpy_generator(seed, "order", domain, turn).permutation(len(self.images))
            self._orders = {turn: order, **dict(list(self._orders.items())[:3])}
        return order


def prepare(pixels: Array, config: PairsConfig, chance: np.random.Generator) -> Made:
    """Bring one image to training size, by chance where the config says so."""
    if config.fit == "scale_crop":
        pixels = _scale_crop(pixels, config, chance)
    else:
        pixels = _scaled(pixels, config)
        if config.fit != "whole":
            pixels = _crop(pixels, _sides(config.crop_size), chance)
    flipped = config.flip and chance.random() < 0.5
    return np.ascontiguousarray(pixels[:, ::-1]) if flipped else pixels


def _scaled(pixels: Array, config: PairsConfig) -> Made:
    """The part of a fit that no chance enters."""
    width, height = _sides(config.load_size)
    if config.fit == "squash" or (config.fit == "whole" and width):
        return resize(pixels, width, height)
    if config.fit == "scale_width":
        rows = max(round(pixels.shape[0] * width / pixels.shape[1]), 1)
        return resize(pixels, width, rows)
    return pixels


def _crop(pixels: Array, size: tuple[int, int], chance: np.random.Generator) -> Made:
    """Cut a random window; an image that is smaller keeps that side whole."""
    height, width = pixels.shape[:2]
    across, down = min(size[0], width), min(size[1], height)
    left = int(chance.integers(width - across + 1))
    top = int(chance.integers(height - down + 1))
    return pixels[top : top + down, left : left + across]


def _scale_crop(pixels: Array, config: PairsConfig, chance: np.random.Generator) -> Made:
    """Cut a window of crop_size / s pixels and reduce it; small images limit s from below."""
    width, height = _sides(config.crop_size)
    least = max(config.scale[0], width / pixels.shape[1], height / pixels.shape[0])
    scale = chance.uniform(least, max(least, config.scale[1]))
    window = _crop(pixels, (int(np.ceil(width / scale)), int(np.ceil(height / scale))), chance)
    return resize(window, width, height)


def _sides(size: Size) -> tuple[int, int]:
    """Read a size as (width, height)."""
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
