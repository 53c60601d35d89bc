"""What is remembered of the target's images: their statistics, of which each image draws one."""

from collections.abc import Mapping

import torch
from torch import Generator, Tensor

from otherlight.training.checkpoint import State
from otherlight.translators.reservoir import Reservoir

Style = Mapping[str, Tensor]


class StyleBank:
    """Keep the statistics of up to ``capacity`` images of all that were seen, drawn fairly."""

    def __init__(self, capacity: int, generator: Generator) -> None:
        if capacity < 1:
            raise ValueError(f"styles must be 1 or more; {capacity} came.")
        self._drawn: Reservoir[Style] = Reservoir(capacity, generator)

    def see(self, style: Style) -> None:
        """Remember one image's statistics, perhaps in the place of another's."""
        self._drawn.offer({name: value.detach().clone() for name, value in style.items()})

    def draw(self, chance: Generator) -> Style | None:
        """Choose one; the same again for the same chance. Before the first there is none."""
        kept = self._drawn.kept
        if not kept:
            return None
        return kept[int(torch.randint(len(kept), (), generator=chance.clone_state()))]

    def state(self) -> State:
        """Name what is remembered, and the chance of remembering more."""
        kept = {
            f"model.style.{place:04}.{name}": value
            for place, style in enumerate(self._drawn.kept)
            for name, value in style.items()
        }
        seen = torch.tensor(self._drawn.seen)
        chance = self._drawn.generator.get_state()
        return {**kept, "training.style.seen": seen, "training.style.chance": chance}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Load what `state` named, or its ``model.`` part alone."""
        styles: dict[str, dict[str, Tensor]] = {}
        for key in sorted(key for key in state if key.startswith("model.style.")):
            place, name = key.removeprefix("model.style.").split(".", 1)
            styles.setdefault(place, {})[name] = state[key].clone()
        self._drawn.kept = list(styles.values())
        if "training.style.seen" in state:
            self._drawn.seen = int(state["training.style.seen"])
            self._drawn.generator.set_state(state["training.style.chance"].cpu())
