"""A translator for one image at a time, wherever a loader's workers are.

It travels to a worker as the path or name it was asked by, and is loaded where it is first used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from otherlight.errors import PlanError
from otherlight.images.tensors import Images
from otherlight.training.devices import choose_device
from otherlight.translators.model_file import Loaded, load_translator
from otherlight.translators.protocols import Referenced, context_for


@dataclass
class OnTheFly:
    """What to translate with, and the translator once it is loaded.

    Loaders compute on the CPU; another device needs workers that are spawned, not forked.
    """

    what: str | Path
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    reverse: bool = False
    device: str = "cpu"
    loaded: Loaded | None = field(default=None, repr=False, compare=False)

    def show(self, images: Images, number: int) -> Images:
        """Show a batch in another light; ``number`` is all the chance of a method that draws.

        Raises:
            PlanError: the translator needs a reference set, or cannot go back.
        """
        translator = self._load().translator
        names = [f"{number}/{place}" for place in range(len(images))]
        device = choose_device(self.device)
        shown = translator.translate(images.to(device), context_for(0, names), reverse=self.reverse)
        return shown.to(images.device)

    def _load(self) -> Loaded:
        if self.loaded is None:
            loaded = load_translator(self.what, self.options, choose_device(self.device))
            if isinstance(loaded.translator, Referenced):
                raise PlanError(
                    f"{loaded.method!r} needs a reference set, which images on the fly lack. "
                    f"Translate the set first, or take another method."
                )
            if self.reverse and not loaded.translator.reversible:
                raise PlanError(f"{loaded.method!r} goes one way; reverse was asked for.")
            self.loaded = loaded
        return self.loaded

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "loaded": None}
