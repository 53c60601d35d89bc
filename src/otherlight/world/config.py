"""What to render, how much of it, and by which chance."""

import math
from dataclasses import dataclass
from typing import Any

from otherlight.config import plain
from otherlight.errors import PlanError
from otherlight.world.conditions import condition_of
from otherlight.world.scene import CLASSES
from otherlight.world.two_wheelers import TWO_WHEELERS

WORLD = "1"
"""Version of the world; rises with every change that changes a pixel or a box."""

_DENSEST = 1.0
_LATER = ("beta", "flow", "two_wheelers", "places", "town")
"""Settings that came after the first release: sets that do not use them are as they were."""


@dataclass(frozen=True, kw_only=True)
class WorldConfig:
    """A world set.

    Which streets there are depends on ``seed`` and ``pool`` alone: sets that differ in either
    share no scene, sets that agree in both show the same scenes, also in another condition. An
    empty pool stands for "<condition>-<split>", so that nothing is shared unless asked for.

    With ``places`` the streets depend on ``seed`` and ``town`` (empty: the split's name), and the
    pool chooses the drives past them: sequence s passes place s modulo ``places``.
    """

    images: int = 1000
    condition: str = "day"
    split: str = "train"
    seed: int = 0
    pool: str = ""
    width: int = 256
    height: int = 144
    frames_per_sequence: int = 8
    frames_per_second: float = 2.5
    suffix: str = ".jpg"
    depth: bool = False
    mask: bool = False
    beta: float = 0.0
    flow: bool = False
    two_wheelers: bool = False
    places: int = 0
    town: str = ""

    def __post_init__(self) -> None:
        condition = condition_of(self.condition)
        if self.beta and not (condition.dense and 0 < self.beta <= _DENSEST):
            raise PlanError(
                f"[world] beta is the density of fog by metre, above 0 and at most {_DENSEST}, and "
                f"0 draws one; {self.beta} came for {self.condition!r}."
            )
        for name, least in (
            ("images", 1),
            ("frames_per_sequence", 1),
            ("width", 32),
            ("height", 32),
            ("places", 0),
        ):
            if (value := getattr(self, name)) < least:
                raise PlanError(f"[world] {name} must be at least {least}; {value} came.")
        if self.town and not self.places:
            raise PlanError(
                f"[world] town needs places above 0, since only places lie in one; {self.town!r} "
                f"came without."
            )
        if not 0 < self.frames_per_second < math.inf:
            raise PlanError(
                f"[world] frames_per_second must be above 0; {self.frames_per_second} came."
            )
        if self.suffix not in (".jpg", ".png"):
            raise PlanError(f"[world] suffix must be .jpg or .png; {self.suffix!r} came.")

    @property
    def scenes(self) -> str:
        """The pool the scenes are drawn from."""
        return self.pool or f"{self.condition}-{self.split}"

    @property
    def classes(self) -> tuple[str, ...]:
        """What is labelled, in the order of the set."""
        return (*CLASSES, *TWO_WHEELERS) if self.two_wheelers else CLASSES

    @property
    def streets(self) -> str:
        """The town that places lie in."""
        return self.town or self.split

    @property
    def sequences(self) -> int:
        """How many sequences there are; the last may be shorter."""
        return -(-self.images // self.frames_per_sequence)

    def frames(self, sequence: int) -> range:
        """The frames of one sequence."""
        left = self.images - sequence * self.frames_per_sequence
        return range(min(left, self.frames_per_sequence))

    def made_by(self) -> dict[str, Any]:
        """Say how a set came to be."""
        plainly = plain(WorldConfig())
        config = {
            name: value
            for name, value in plain(self).items()
            if name not in _LATER or value != plainly[name]
        }
        return {"command": "world", "version": WORLD, "config": config, "seed": self.seed}
