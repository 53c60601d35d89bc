"""What `fit` is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from otherlight.recognisers.photometric import Photometric
from otherlight.sets import ImageSet
from otherlight.training.devices import Precision


@dataclass(frozen=True, kw_only=True)
class Ingredient:
    """Labelled images to learn from, and the share of all draws that comes from them.

    Shares are relative: those of all ingredients are divided by their sum.
    """

    images: ImageSet
    share: float = 1.0


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """How a recogniser is fitted, the same for every arm of a comparison.

    Images are scaled to fit into ``width`` x ``height`` (pixels), keep their aspect and are padded
    right and below. ``classes`` defaults to those of the first ingredient; boxes of others are
    background. ``learning_rate`` drives AdamW, ``matrix_rate`` Muon, which takes the kernels where
    ``optimiser`` is muon. ``flip`` is the share of mirrored images, ``zoom`` the greatest change
    of scale, ``photometric`` says how far light may change. ``ignore_below`` is the share of the
    image's height under which neither truth nor predictions count. ``init`` names a run, or a file
    of weights, to start from.
    """

    name: str = "compact"
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    classes: tuple[str, ...] = ()
    width: int = 640
    height: int = 384
    batch: int = 16
    steps: int = 5000
    optimiser: Literal["muon", "adamw"] = "muon"
    learning_rate: float = 0.003
    matrix_rate: float = 0.04
    weight_decay: float = 0.05
    warmup: int = 50
    average: float = 0.998
    clip: float = 10.0
    flip: float = 0.5
    zoom: float = 0.0
    photometric: Photometric = field(default_factory=Photometric)
    ignore_below: float = 0.0
    init: Path | None = None
    device: str = "auto"
    precision: Precision = "auto"
    threads: int = 0
    memory_gb: float = 4.0
    checkpoint_every: int = 250
    log_every: int = 10
    tensorboard: bool = False
