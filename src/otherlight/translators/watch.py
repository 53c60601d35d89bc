"""The watch over a training: a few fixed images are translated now and then, and looked at.

What is measured becomes figures in the log; `otherlight.training.alarms` says which are wrong. A
check costs about a fifth of a training step, and there is one every 25 log rows, more in the
beginning.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

import numpy as np
import torch
from torch import Tensor

from otherlight.images.files import encode, resize
from otherlight.images.tensors import Images, to_array, to_pixels
from otherlight.metrics.appearance import (
    contrast,
    grid,
    relief,
    sharpness,
    structure,
    tone_distance,
    tones,
)
from otherlight.records.files import write_bytes
from otherlight.translators.pairs import Pairs
from otherlight.translators.protocols import Translator, context_for

IMAGES = 4
"""Fixed images of each domain that are looked at."""
_GALLERY = 256
"""Images of the target among which a copied one is looked for: the first that training met."""
_EVERY = 25
_LEAST_GAP = 4 / 127.5
"""Domains whose tones differ by less are taken to differ by so much: four grey levels."""
_LEAST_GRID = 0.5
"""Grey levels of a checkerboard that nobody sees."""


def _structures(images: list[Images]) -> Tensor:
    return torch.cat([structure(image) for image in images])


def _mean(measure: Callable[[Images], Tensor], images: list[Images]) -> Tensor:
    return torch.stack([measure(image).squeeze(0) for image in images]).mean(0)


def is_due(step: int, log_every: int, steps: int) -> bool:
    """Look at log rows 1, 2, 4, 8, ..., at every 25th, and at the last step.

    >>> [row for row in range(1, 80) if is_due(20 * row, 20, 9999)]
    [1, 2, 4, 8, 16, 25, 32, 50, 64, 75]
    """
    row, rest = divmod(step, log_every)
    early = rest == 0 and row & (row - 1) == 0
    return early or (rest == 0 and row % _EVERY == 0) or step == steps


@dataclass
class Watch:
    """The fixed images of a run, and what the target's images look like: read when needed."""

    pairs: Pairs
    paired: bool
    """Whether the target shows the same scene, so that likeness to it is no copying."""
    to: Path
    _source: list[Images] = field(default_factory=list[Images])
    _target: list[Images] = field(default_factory=list[Images])
    _gallery: dict[int, Tensor] = field(default_factory=dict[int, Tensor])
    _nearest: tuple[int, int, Images] | None = None

    def look(self, translator: Translator, step: int) -> dict[str, float]:
        """Translate the fixed images of the source and measure what came out.

        ``changed``: mean change of a value over the tone distance of the domains. ``dependent``:
        correlation of an output's edges with its own input's, less that with others'. ``upright``:
        correlation of what is brighter than its surroundings. ``grid``: strength of a checkerboard
        over that in the images themselves. ``sharpness``, ``contrast``: over the lesser of source's
        and target's. ``copied``: correlation of edges with the nearest image of the target, less
        that with the own input and less what inputs have with target images by themselves.
        """
        if not self._source:
            self._source = self.pairs.fixed("source", IMAGES)
            self._target = self.pairs.fixed("target", IMAGES)
        device = next((value.device for value in translator.state().values()), torch.device("cpu"))
        context = context_for(0, ["sample"])
        fake = [translator.translate(each.to(device), context).cpu() for each in self._source]
        return {**self._compare(fake), **self._dependent(fake), **self._copied(fake, step)}

    def _compare(self, fake: list[Images]) -> dict[str, float]:
        source, target = self._source, self._target
        pairs = list(zip(fake, source, strict=True))
        gap = tone_distance(_mean(tones, source), _mean(tones, target))
        figures = {
            "changed": fmean(float((f - s).abs().mean()) for f, s in pairs) / max(gap, _LEAST_GAP),
            "upright": fmean(float((relief(f) * relief(s)).sum()) for f, s in pairs),
            "grid": fmean(map(grid, fake))
            / max(fmean(map(grid, source)), fmean(map(grid, target)), _LEAST_GRID),
        }
        for name, measure in (("sharpness", sharpness), ("contrast", contrast)):
            made, given, wanted = (float(_mean(measure, each)) for each in (fake, source, target))
            figures[name] = made / max(min(given, wanted), 1e-6)
        return figures

    def _dependent(self, fake: list[Images]) -> dict[str, float]:
        if len(fake) < 2:
            return {}
        likeness = _structures(fake) @ _structures(self._source).T
        own, count = likeness.trace(), len(fake)
        others = (likeness.sum() - own) / (count * (count - 1))
        return {"dependent": float(own / count - others)}

    def _copied(self, fake: list[Images], step: int) -> dict[str, float]:
        if self.paired:
            return {}
        for row, image in self.pairs.met("target", step, _GALLERY, known=self._gallery.keys()):
            self._gallery[row] = structure(image)
        gallery = torch.cat(list(self._gallery.values()))
        made, given = _structures(fake), _structures(self._source)
        near, usual = (made @ gallery.T).max(1), (given @ gallery.T).max(1).values
        excess = near.values - torch.maximum((made * given).sum(1), usual)
        worst = int(excess.argmax())
        self._nearest = (worst, list(self._gallery)[int(near.indices[worst])], fake[worst])
        return {"copied": float(excess.mean())}

    def show_copied(self) -> None:
        """Write ``alarms/copied.png``: an input, its output, the target's image nearest to that."""
        assert self._nearest is not None
        place, row, fake = self._nearest
        images = [self._source[place], fake, self.pairs.whole("target", row)]
        arrays = [to_array(to_pixels(image)[0]) for image in images]
        height = arrays[0].shape[0]
        alike = [resize(a, round(a.shape[1] * height / a.shape[0]), height) for a in arrays]
        write_bytes(self.to / "alarms" / "copied.png", encode(np.concatenate(alike, 1), ".png"))
