"""Images and truth of several sets at the size of training, decoded once while memory lasts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8

from otherlight.errors import DatasetError
from otherlight.images.files import read_pixels
from otherlight.images.tensors import Pixels, stack
from otherlight.recognisers.placing import Placement, place
from otherlight.recognisers.protocols import Truth
from otherlight.sets import ImageSet


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Stored images of one size, what is known of each, and their names."""

    pixels: Pixels
    truth: list[Truth]
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Known:
    """The boxes of one image in original pixels; a label of -1 is a class that is not asked for."""

    edges: Float[np.ndarray, "boxes 4"]
    labels: Int[np.ndarray, " boxes"]
    ignore: "np.ndarray[tuple[int], np.dtype[np.bool_]]"


class Frames:
    """Random access to the images of sets laid end to end, placed in width x height.

    Boxes of classes outside ``classes`` are background. Boxes lower than ``ignore_below`` times
    the image's height are ignored, and so are predictions of that size.
    """

    def __init__(
        self,
        sets: Sequence[ImageSet],
        classes: Sequence[str],
        size: tuple[int, int],
        ignore_below: float = 0.0,
        memory_gb: float = 4.0,
    ) -> None:
        self._width, self._height = size
        self._ignore_below = ignore_below
        self._files = [file for images in sets for file in images.files()]
        self._names = [name for images in sets for name in images.names()]
        self._known = [known for images in sets for known in _known(images, classes)]
        self._room = int(memory_gb * 2**30 / (self._width * self._height * 3))
        self._kept: dict[int, tuple[UInt8[np.ndarray, "height width 3"], Placement]] = {}

    def __len__(self) -> int:
        return len(self._files)

    def batch(self, chosen: Int[np.ndarray, " batch"]) -> Batch:
        """Read images by number; safe on several threads."""
        numbers: list[int] = chosen.tolist()
        read = [self.read(number) for number in numbers]
        return Batch(
            pixels=stack([pixels for pixels, _ in read]),
            truth=[self._truth(n, where) for n, (_, where) in zip(numbers, read, strict=True)],
            names=tuple(self._names[number] for number in numbers),
        )

    def read(self, index: int) -> tuple[UInt8[np.ndarray, "height width 3"], Placement]:
        """Decode and place one image, or hand out the copy that was kept."""
        kept = self._kept.get(index)
        if kept is None:
            kept = place(read_pixels(self._files[index]), self._width, self._height)
            if len(self._kept) < self._room:
                self._kept[index] = kept
        return kept

    def _truth(self, index: int, where: Placement) -> Truth:
        known = self._known[index]
        low = known.edges[:, 3] - known.edges[:, 1] < self._ignore_below * where.original_height
        placed = torch.from_numpy(where.to_placed(known.edges)).float()
        ignored = known.ignore | low
        wanted = ~ignored & (known.labels >= 0)
        return Truth(
            boxes=placed[torch.from_numpy(wanted)],
            labels=torch.from_numpy(known.labels[wanted]),
            ignored=placed[torch.from_numpy(ignored)],
            smallest=self._ignore_below * where.height,
        )


def _known(images: ImageSet, classes: Sequence[str]) -> list[Known]:
    unlabelled = images.column("labelled").count(False)
    if unlabelled:
        raise DatasetError(
            f"Images to learn from must be labelled; {unlabelled} of {len(images)} in "
            f"{images.name!r} are not. Filter them out: where: labelled."
        )
    boxes = images.boxes_of()
    number = {name: index for index, name in enumerate(classes)}
    wanted = np.array([number.get(name, -1) for name in images.classes] or [-1], np.int64)
    labels = wanted[boxes.label]
    return [
        Known(edges=boxes.edges[own], labels=labels[own], ignore=boxes.ignore[own])
        for own in (
            slice(start, end)
            for start, end in zip(boxes.offsets[:-1], boxes.offsets[1:], strict=True)
        )
    ]
