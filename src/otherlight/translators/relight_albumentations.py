"""A transform of Albumentations that translates images on the fly, with its probability ``p``.

``Relight`` is made when it is first asked for: Albumentations is optional, and slow to import.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from otherlight.errors import MissingExtraError, PlanError
from otherlight.images.tensors import (
    from_shares,
    stack,
    to_array,
    to_images,
    to_pixels,
    to_shares,
)
from otherlight.translators.on_the_fly import OnTheFly


def __getattr__(name: str) -> Any:
    """Make the class, once; a worker that unpickles a transform asks here too."""
    if name != "Relight":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = _make_class()
    return globals()[name]


def _make_class() -> type:
    try:
        from albumentations import ImageOnlyTransform
    except ImportError as error:
        raise MissingExtraError(
            "A transform for Albumentations needs that package; it is not installed. "
            "Say: pip install 'otherlight[albumentations]'."
        ) from error

    class Relight(ImageOnlyTransform):
        """Show images in another light; what lies beside them stays, as geometry does.

        ``with_`` is a run, a file of weights or the name of a training-free method with its
        ``options``. Takes RGB rows of uint8, or of floats in 0..1. Chance is Albumentations' own:
        give its ``Compose`` a seed.
        """

        def __init__(
            self,
            with_: str | Path,
            *,
            options: Mapping[str, Any] | None = None,
            reverse: bool = False,
            device: str = "cpu",
            p: float = 0.5,
        ) -> None:
            super().__init__(p=p)
            self.with_ = str(with_)
            self.options = dict(options or {})
            self.reverse = reverse
            self.device = device
            self.translator = OnTheFly(self.with_, self.options, reverse, device)

        def get_params(self) -> dict[str, Any]:
            """Draw the chance of a method that draws."""
            return {"number": self.py_random.getrandbits(62)}

        def apply(self, img: np.ndarray, number: int = 0, **params: Any) -> np.ndarray:
            """Translate one image."""
            del params
            return _shown(self.translator, img, number)

        def get_transform_init_args_names(self) -> tuple[str, ...]:
            """Name what a saved pipeline must remember."""
            return ("with_", "options", "reverse", "device")

    Relight.__qualname__ = "Relight"
    return Relight


def _shown(translator: OnTheFly, rows: np.ndarray, number: int) -> np.ndarray:
    if rows.ndim != 3 or rows.shape[2] != 3:
        raise PlanError(
            f"Relight takes RGB images of height x width x 3; {rows.shape} came. Bring them to "
            f"RGB first."
        )
    if rows.dtype != np.uint8 and not np.issubdtype(rows.dtype, np.floating):
        raise PlanError(
            f"Relight takes uint8 of 0..255 or floats of 0..1; {rows.dtype} came. Say A.ToFloat "
            f"before it."
        )
    if rows.dtype == np.uint8:
        return to_array(to_pixels(translator.show(to_images(stack([rows])), number))[0])
    shares = torch.from_numpy(np.ascontiguousarray(rows, np.float32)).permute(2, 0, 1)[None]
    shown = to_shares(translator.show(from_shares(shares), number))[0]
    return np.ascontiguousarray(shown.permute(1, 2, 0).numpy(), rows.dtype)
