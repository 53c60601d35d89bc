"""What neural style transfer matches, and how: the paper's values and sim2real's.

The paper: Gatys et al. 2016, https://doi.org/10.1109/CVPR.2016.265. The system sim2real:
https://github.com/Phot0Synthesis/sim2real. Its losses, layers, weights and optimiser are repeated;
that it takes the mean of red off blue and that of blue off red is not.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from otherlight.nets.vgg import Pooling
from otherlight.translators.backbones import Backbone, Inputs
from otherlight.translators.borrowed import of_trunk

_BLOCKS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is matched and how; the defaults are the paper's."""

    backbone: Backbone = "vgg19"
    pooling: Pooling = "average"
    content_layers: tuple[str, ...] = ("conv4_2",)
    style_layers: tuple[str, ...] = _BLOCKS
    content_weight: float = 1e-3
    style_weight: float = 1.0
    variation_weight: float = 0.0
    normalise: bool = True
    gram_counts: Literal["layer", "image"] = "layer"
    start: Literal["noise", "content"] = "noise"
    rounds: int = 1
    evaluations: int = 500
    scale: float = 1.0


RECIPES: Mapping[str, Recipe] = {
    "paper": Recipe(),
    # Phot0Synthesis/sim2real: 0.01 for a sum of squares without the paper's half.
    "sim2real": Recipe(
        backbone="vgg16",
        pooling="max",
        content_layers=("conv2_2",),
        style_layers=("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3"),
        content_weight=0.02,
        style_weight=4.0,
        variation_weight=0.995,
        normalise=False,
        gram_counts="image",
        rounds=5,
        evaluations=20,
        scale=2 / 3,
    ),
}
_SQUEEZED = {"content_layers": ("fire5",), "style_layers": ("conv1", "fire3", "fire5", "fire7")}


@dataclass(frozen=True, kw_only=True)
class NSTConfig:
    """What can be chosen about neural style transfer; what is left out is the preset's."""

    preset: Literal["paper", "sim2real"] = "paper"
    weights: str = ""
    """A file of weights, torchvision, or random: for timings and tests."""
    inputs: Inputs = "auto"
    """Which colours the weights want; auto knows the files that are published."""
    backbone: Backbone | None = None
    pooling: Pooling | None = None
    """How VGG halves; the paper's average gives smoother pictures than the max of training."""
    content_layers: tuple[str, ...] | None = None
    style_layers: tuple[str, ...] | None = None
    content_weight: float | None = None
    style_weight: float | None = None
    """Split equally among the layers."""
    variation_weight: float | None = None
    """On total variation in levels of 0 to 255, with a power of 1.25."""
    normalise: bool | None = None
    """Count every channel in shares of its mean over the reference, so that the weights of losses
    mean the same whatever the network's file is scaled to."""
    gram_counts: Literal["layer", "image"] | None = None
    """What products of channels are divided by: the layer's channels and positions, or, in
    sim2real, the 3 channels and all pixels of the image at every layer."""
    start: Literal["noise", "content"] | None = None
    optimiser: Literal["lbfgs", "adam"] = "lbfgs"
    learning_rate: float = 2.0
    """Of Adam, in levels of 0 to 255."""
    rounds: int | None = None
    """L-BFGS forgets after each."""
    evaluations: int | None = None
    """In each round. L-BFGS may end its last search of a line a few later."""
    scale: float | None = None
    """Optimise at this share of the image's size, and enlarge the result."""
    styles: int = 16
    """Images kept of the reference; each image draws one of them."""

    def __post_init__(self) -> None:
        if self.styles < 1:
            raise ValueError(f"styles must be 1 or more; {self.styles} came.")
        recipe = self.recipe()
        if recipe.rounds < 1 or recipe.evaluations < 1:
            raise ValueError(
                f"rounds and evaluations must be 1 or more; {recipe.rounds} and "
                f"{recipe.evaluations} came."
            )
        if not 0 < recipe.scale <= 1:
            raise ValueError(f"scale must be above 0 and at most 1; {recipe.scale} came.")
        if not recipe.content_layers or not recipe.style_layers:
            raise ValueError("content_layers and style_layers must each name a layer; none came.")
        for name in ("content_weight", "style_weight", "variation_weight"):
            if not 0 <= (value := getattr(recipe, name)) < math.inf:
                raise ValueError(f"{name} must be 0 or more and finite; {value} came.")
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate must be above 0; {self.learning_rate} came.")

    def borrowed(self) -> tuple[str, ...]:
        """Name the network that it looks through."""
        return of_trunk(self.recipe().backbone, self.weights)

    def recipe(self) -> Recipe:
        """Settle every value."""
        own = {field.name: getattr(self, field.name, None) for field in fields(Recipe)}
        given: dict[str, Any] = {name: value for name, value in own.items() if value is not None}
        squeezed: dict[str, Any] = _SQUEEZED if self.backbone == "squeezenet" else {}
        return replace(RECIPES[self.preset], **{**squeezed, **given})
