"""Neural style transfer (Gatys et al. 2016, https://doi.org/10.1109/CVPR.2016.265).

Each image is optimised by itself until a trained network finds its content in the image and its
textures in a style image; nothing is learned for the next. Where we differ: the paper scales its
network on ImageNet so that every channel fires 1 on average, we on the reference; the number of
evaluations is the authors' code's, since the paper gives none.
"""

from collections.abc import Callable, Iterable, Mapping

import torch
from jaxtyping import Float, UInt8
from torch import Generator, Tensor
from torch.nn import functional as F

from otherlight.errors import DivergedError
from otherlight.images.tensors import Images, to_images, to_pixels
from otherlight.losses.style import Features, Gram, content_loss, gram, gram_loss, total_variation
from otherlight.nets.squeezenet import SqueezeNet
from otherlight.nets.vgg import VGG
from otherlight.training.devices import threads
from otherlight.training.seeding import torch_generator
from otherlight.translators.backbones import Weights, load_trunk
from otherlight.translators.nst_recipes import NSTConfig
from otherlight.translators.optimising import Optimiser, optimised
from otherlight.translators.protocols import Context
from otherlight.translators.reservoir import Reservoir

StoredImage = UInt8[Tensor, "3 height width"]
Resized = Float[Tensor, "batch 3 tall wide"]

_SMALLEST = 32  # four halvings leave two rows
_STEP = 127.5  # what is optimised is counted in levels of 0..255, as the published codes do
_FLOOR = 0.1


class NST:
    """Paint each image anew until a trained network finds the textures of a style image in it."""

    reversible = False

    def __init__(self, config: NSTConfig, generator: Generator) -> None:
        self.config, self.recipe = config, config.recipe()
        self._seed = int(torch.randint(2**62, (), generator=generator, device="cpu"))
        self.styles: list[StoredImage] = []
        self.means: dict[str, Float[Tensor, " channels"]] = {}
        self._trunk: VGG | SqueezeNet | None = None

    def fit(self, reference: Iterable[Images]) -> None:
        """Keep style images: all of the reference, or as many of it as are asked for.

        Raises:
            PlanError, CheckpointError: the network's weights are not at hand.
        """
        trunk = self.network(torch.device("cpu"))
        drawn: Reservoir[StoredImage] = Reservoir(self.config.styles, torch_generator(self._seed))
        for images in reference:
            for pixels in to_pixels(images):
                drawn.offer(pixels.cpu())
        if not drawn.kept:
            raise ValueError("A reference must hold at least one image; none came.")
        self.styles = drawn.kept
        with threads(1):
            self.means = self._mean_activity(trunk) if self.recipe.normalise else {}

    def translate(self, images: Images, context: Context, *, reverse: bool = False) -> Images:
        """Optimise each image by itself, on one thread of a CPU.

        Hundreds of steps enlarge a difference in the last digit until it is seen; sums of one order
        give the same picture whatever the batch and the threads.

        Raises:
            DivergedError: the optimiser left the numbers there are.
        """
        assert not reverse
        if not self.styles:
            raise ValueError("Neural style transfer needs a reference: call fit first.")
        with threads(1), torch.inference_mode(False), torch.enable_grad():
            shown = [
                self._paint(image.clone(), chance, name)
                for image, chance, name in zip(
                    images.split(1), context.generators, context.images, strict=True
                )
            ]
        return torch.cat(shown)

    def state(self) -> dict[str, Tensor]:
        """Hand out the style images, and how much each channel fires on them."""
        styles = {f"model.style.{place:04}": image for place, image in enumerate(self.styles)}
        return styles | {f"model.mean.{layer}": mean for layer, mean in self.means.items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Load what `state` handed out."""
        named = sorted(name for name in state if name.startswith("model.style."))
        self.styles = [state[name].clone() for name in named]
        self.means = {
            name.removeprefix("model.mean."): value.clone()
            for name, value in state.items()
            if name.startswith("model.mean.")
        }

    def _paint(self, image: Images, chance: Generator, name: str) -> Images:
        size = _working_size(image, self.recipe.scale)
        chance = chance.clone_state()  # a context that is used again gives the same again
        drawn = int(torch.randint(len(self.styles), (), generator=chance))
        style = to_images(self.styles[drawn][None]).to(image.device)
        content, style = _resized(image, size), _resized(style, size)
        painted = content.clone()
        if self.recipe.start == "noise":
            painted = torch.rand(content.shape, generator=chance).to(image.device) * 2 - 1
        how = Optimiser(
            self.config.optimiser,
            self.recipe.rounds,
            self.recipe.evaluations,
            self.config.learning_rate,
        )
        levels = optimised(painted * _STEP, self.loss(content, style), how)
        if not levels.isfinite().all():
            raise DivergedError(
                f"Every pixel must stay finite; the picture of {name} did not. Take optimiser: "
                f"lbfgs, or a lower learning_rate."
            )
        return _resized((levels / _STEP).clamp(-1.0, 1.0), (image.shape[-2], image.shape[-1]))

    def loss(self, content: Images, style: Images) -> Callable[[Tensor], Tensor]:
        """Compute once what is wanted; return the loss of a picture."""
        recipe = self.recipe
        with torch.no_grad():
            wanted = {name: self.features(content)[name] for name in recipe.content_layers}
            textures = {name: gram(self.features(style)[name]) for name in recipe.style_layers}
        share = recipe.style_weight / len(recipe.style_layers)

        def loss(levels: Tensor) -> Tensor:
            found = self.features(levels / _STEP)
            parts = [
                recipe.content_weight * content_loss(found[name], wanted[name]) for name in wanted
            ]
            parts += [
                share * self._texture_loss(found[name], textures[name], content)
                for name in textures
            ]
            if recipe.variation_weight:
                parts.append(recipe.variation_weight * total_variation(levels))
            return torch.stack(parts).sum()

        return loss

    def _texture_loss(self, found: Features, wanted: Gram, content: Images) -> Tensor:
        counted = found if self.recipe.gram_counts == "layer" else content
        channels, positions = counted.shape[1], counted[0, 0].numel()
        return gram_loss(gram(found), wanted, channels, positions)

    def features(self, images: Images) -> dict[str, Features]:
        """Look at an image through the network, its channels normalised where that is asked for."""
        found = self.network(images.device)(images, self._layers())
        return {
            name: values / self.means[name].to(values.device)[:, None, None]
            if self.means
            else values
            for name, values in found.items()
        }

    def _mean_activity(self, trunk: VGG | SqueezeNet) -> dict[str, Float[Tensor, " channels"]]:
        """Average every channel over the style images; those that hardly fire count as a tenth."""
        layers = self._layers()
        totals: dict[str, Tensor] = {}
        for pixels in self.styles:
            image = to_images(pixels[None])
            with torch.no_grad():
                found = trunk(_resized(image, _working_size(image, self.recipe.scale)), layers)
            for name, values in found.items():
                totals[name] = totals.get(name, torch.zeros(())) + values.mean((0, 2, 3))
        means = {name: total / len(self.styles) for name, total in totals.items()}
        return {
            name: torch.maximum(mean, _FLOOR * mean.mean()).clamp(min=1e-12)
            for name, mean in means.items()
        }

    def network(self, device: torch.device) -> VGG | SqueezeNet:
        """Load the network when it is first needed."""
        if self._trunk is None:
            asked = Weights(
                method="nst",
                backbone=self.recipe.backbone,
                weights=self.config.weights,
                inputs=self.config.inputs,
            )
            self._trunk = load_trunk(asked, self._layers(), self.recipe.pooling)
        return self._trunk.to(device)

    def _layers(self) -> tuple[str, ...]:
        return (*self.recipe.content_layers, *self.recipe.style_layers)


def _working_size(image: Images, scale: float) -> tuple[int, int]:
    height, width = (max(_SMALLEST, round(side * scale)) for side in image.shape[-2:])
    return height, width


def _resized(images: Images, size: tuple[int, int]) -> Resized:
    if (images.shape[-2], images.shape[-1]) == size:
        return images
    return F.interpolate(images, size, mode="bilinear", antialias=True)
