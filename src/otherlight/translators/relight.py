"""A transform of torchvision v2 that translates images on the fly, with a probability.

Not called a translation: among transforms that word moves an image sideways.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import get_worker_info
from torchvision import tv_tensors
from torchvision.transforms import v2

from otherlight.errors import PlanError
from otherlight.images.tensors import (
    from_shares,
    stack,
    to_array,
    to_images,
    to_pixels,
    to_shares,
)
from otherlight.training.seeding import torch_generator
from otherlight.translators.on_the_fly import OnTheFly


class Relight(v2.Transform):
    """Show a sample's images in another light; boxes, masks and labels stay, as geometry does.

    ``with_`` is a run, a file of weights or the name of a training-free method with its
    ``options``. Takes PIL images, and tensors of 3 channels in 0..255 (uint8) or 0..1 (floats).
    Equal seeds draw equally; each worker of a loader draws by its own seed, which the loader's
    generator gives it.

    >>> dark = Relight("gamma", probability=1.0, options={"gamma": 2.0})
    >>> dark(torch.full((3, 1, 1), 0.5)).unique()
    tensor([0.2500])
    """

    def __init__(
        self,
        with_: str | Path,
        *,
        probability: float = 0.5,
        seed: int = 0,
        options: Mapping[str, Any] | None = None,
        reverse: bool = False,
        device: str = "cpu",
    ) -> None:
        if not 0.0 <= probability <= 1.0:
            raise PlanError(f"A probability must be from 0 to 1; {probability} came.")
        super().__init__()
        self.probability = probability
        self.seed = seed
        self.translator = OnTheFly(with_, options or {}, reverse, device)
        self._drawing: tuple[int | None, torch.Generator] | None = None

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Draw whether this sample is translated, and the chance of a method that draws."""
        del flat_inputs
        generator = self._generator()
        share = float(torch.rand((), generator=generator))
        number = int(torch.randint(2**62, (), generator=generator))
        return {"asked": share < self.probability, "number": number}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Translate what is an image, and hand everything else through."""
        if not params["asked"] or (
            isinstance(inpt, tv_tensors.TVTensor)
            and not isinstance(inpt, tv_tensors.Image | tv_tensors.Video)
        ):
            return inpt
        if isinstance(inpt, Image.Image):
            rows = np.asarray(inpt.convert("RGB"))
            shown = self.translator.show(to_images(stack([rows])), params["number"])
            return Image.fromarray(to_array(to_pixels(shown)[0]))
        shown = self._show(inpt.as_subclass(Tensor), params["number"])
        if not isinstance(inpt, tv_tensors.TVTensor):
            return shown
        return tv_tensors.wrap(shown, like=inpt)  # pyright: ignore[reportCallIssue]

    def extra_repr(self) -> str:
        """Show what it was made with."""
        return f"{str(self.translator.what)!r}, probability={self.probability}, seed={self.seed}"

    def _show(self, images: Tensor, number: int) -> Tensor:
        if images.ndim < 3 or images.shape[-3] != 3:
            raise PlanError(
                f"Relight takes images of 3 channels before height and width; "
                f"{tuple(images.shape)} came. Bring them to RGB first."
            )
        if images.dtype != torch.uint8 and not images.is_floating_point():
            raise PlanError(
                f"Relight takes uint8 of 0..255 or floats of 0..1; {images.dtype} came. Say "
                f"v2.ToDtype(torch.float32, scale=True) before it."
            )
        batch = images.reshape(-1, *images.shape[-3:])
        if images.dtype == torch.uint8:
            shown = to_pixels(self.translator.show(to_images(batch), number))
        else:
            shown = to_shares(self.translator.show(from_shares(batch), number)).to(images.dtype)
        return shown.reshape(images.shape)

    def _generator(self) -> torch.Generator:
        """Take the generator of this worker, or of the process that has no loader."""
        worker = get_worker_info()
        mine = None if worker is None else worker.seed
        if self._drawing is None or self._drawing[0] != mine:
            purpose = ("relight",) if mine is None else ("relight", mine)
            self._drawing = (mine, torch_generator(self.seed, *purpose))
        return self._drawing[1]

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_drawing": None}
