"""Sample grids: what a translator makes of the same few images, as training goes on."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from otherlight.images.files import encode
from otherlight.images.tensors import Images, to_array, to_pixels
from otherlight.records.files import write_bytes
from otherlight.translators.pairs import Pairs
from otherlight.translators.protocols import Context, Translator, context_for

Row = Float[Tensor, "1 3 height four_widths"]


def write_samples(translator: Translator, pairs: Pairs, count: int, to: Path, step: int) -> None:
    """Write one grid: real, fake, reconstruction and identity from left to right.

    First images of the source, then of the target. A one-way translator shows what it can: no
    reconstructions, no fakes of the source, no identity of the source.
    """
    if not count:
        return
    context = context_for(0, ["sample"])
    rows = [_row(translator, image, context, False) for image in pairs.fixed("source", count)]
    rows += [_row(translator, image, context, True) for image in pairs.fixed("target", count)]
    picture = np.concatenate(_of_one_width([to_array(to_pixels(row)[0]) for row in rows]))
    write_bytes(to / "samples" / f"{step:07}.png", encode(picture, ".png"))


def _row(translator: Translator, image: Images, context: Context, reverse: bool) -> Row:
    device = _device_of(translator)
    image = image.to(device)
    blank = torch.full_like(image, -1.0)

    def show(images: Images, backwards: bool) -> Images:
        if backwards and not translator.reversible:
            return blank
        return translator.translate(images, context, reverse=backwards)

    fake = show(image, reverse)
    back = show(fake, not reverse) if translator.reversible else blank
    return torch.cat([image, fake, back, show(image, not reverse)], dim=3).cpu()


def _device_of(translator: Translator) -> torch.device:
    return next((value.device for value in translator.state().values()), torch.device("cpu"))


def _of_one_width(rows: list[np.ndarray]) -> list[np.ndarray]:
    """Pad rows at the right: images that keep their own size differ."""
    widest = max(row.shape[1] for row in rows)
    return [np.pad(row, ((0, 0), (0, widest - row.shape[1]), (0, 0))) for row in rows]
