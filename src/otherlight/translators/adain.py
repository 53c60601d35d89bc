"""AdaIN (Huang and Belongie 2017, https://arxiv.org/abs/1703.06868).

The encoder is frozen; a decoder learns to paint images whose features have the content of the
source and the means and deviations of the target. Where we differ: each layer's features are
counted in shares of their mean over the first batch, so that the style weight means the same
whatever the encoder's file is scaled to; distances are mean squares, as in the authors' code; the
learning rate falls as the loop's does; and a translated image takes the statistics of one of the
target's training images, drawn by its name.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional as F
from torch.optim import Adam

from otherlight.images.tensors import Images
from otherlight.losses.style import Features, Statistics, statistics, statistics_loss
from otherlight.nets.initialise import normal_weights
from otherlight.nets.style_decoder import StyleDecoder
from otherlight.nets.vgg import BLOCKS
from otherlight.training.checkpoint import (
    load_module,
    load_optimiser,
    module_state,
    optimiser_state,
)
from otherlight.training.seeding import torch_generator
from otherlight.translators.backbones import Backbone, Inputs, Weights
from otherlight.translators.borrowed import of_trunk
from otherlight.translators.frozen_encoder import FrozenEncoder, padded
from otherlight.translators.protocols import Context
from otherlight.translators.style_bank import StyleBank

_LAYERS = {
    "vgg": ("conv1_1", "conv2_1", "conv3_1", "conv4_1"),
    "squeezenet": ("conv1", "fire3", "fire5"),
}


@dataclass(frozen=True, kw_only=True)
class AdaINConfig:
    """What can be chosen about AdaIN; the defaults are the paper's."""

    backbone: Backbone = "vgg19"
    weights: str = ""
    """A file of weights, torchvision, or random: for timings and tests."""
    inputs: Inputs = "auto"
    style_weight: float = 10.0
    learning_rate: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.999)
    strength: float = 1.0
    """0 paints the content as it was, 1 in the style."""
    styles: int = 64
    """Images of the target whose statistics are kept; each image draws one of them."""

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise ValueError(f"strength must be from 0 to 1; {self.strength} came.")

    def borrowed(self) -> tuple[str, ...]:
        """Name the network that it looks through."""
        return of_trunk(self.backbone, self.weights)


class AdaIN:
    """Give an image's features the means and deviations of another's, and paint them."""

    reversible = False

    def __init__(self, config: AdaINConfig, generator: Generator) -> None:
        self.config = config
        squeezed = config.backbone == "squeezenet"
        self.layers = _LAYERS["squeezenet" if squeezed else "vgg"]
        asked = Weights(
            method="adain",
            backbone=config.backbone,
            weights=config.weights,
            inputs=config.inputs,
        )
        self.encoder = FrozenEncoder(asked, self.layers)
        widths = (64, 128, 256) if squeezed else (64, 128, 256, 512)
        counts = (2, 2) if config.backbone == "squeezenet" else BLOCKS[config.backbone][:3]
        self.decoder = StyleDecoder(widths, counts, halved=squeezed)
        normal_weights(self.decoder, generator)
        for layer in self.decoder.layers:
            if isinstance(layer, torch.nn.Conv2d):
                # He et al. 2015: there is no norm that would mend the size of what passes.
                layer.weight.data.mul_((2.0 / layer.weight[0].numel()) ** 0.5 / 0.02)
        self.levels = torch.zeros(len(self.layers))
        seed = int(torch.randint(2**62, (), generator=generator, device="cpu"))
        self.bank = StyleBank(config.styles, torch_generator(seed))
        self.optimisers = (
            Adam(self.decoder.parameters(), config.learning_rate, config.betas, fused=True),
        )

    def step(self, source: Images, target: Images) -> dict[str, Tensor]:
        """Teach the decoder to paint one batch of sources, each in the style of a target."""
        source, target = padded(source), padded(target)
        with torch.no_grad():
            if not self.levels.any():
                self.levels = self._mean_activity(torch.cat([source, target]))
            content = self._features(source)[-1]
            styles = [statistics(values) for values in self._features(target)]
            for style in styles[-1]:
                self.bank.see({self.layers[-1]: style})
            wanted = restyled(content, styles[-1])
        found = self._features(self.decoder(wanted))
        pairs = zip(found, styles, strict=True)
        losses = {
            "content": F.mse_loss(found[-1], wanted),
            "style": torch.stack([statistics_loss(statistics(f), s) for f, s in pairs]).sum(),
        }
        (learn,) = self.optimisers
        learn.zero_grad()
        (losses["content"] + self.config.style_weight * losses["style"]).backward()
        learn.step()
        return {name: loss.detach() for name, loss in losses.items()}

    @torch.inference_mode()
    def translate(self, images: Images, context: Context, *, reverse: bool = False) -> Images:
        """Paint each image with the statistics of a target that it draws."""
        assert not reverse
        height, width = images.shape[-2:]
        shown: list[Tensor] = []
        for image, chance in zip(images.split(1), context.generators, strict=True):
            style, content = self.bank.draw(chance), self._features(padded(image))[-1]
            if style:
                wanted = restyled(content, style[self.layers[-1]][None].to(image.device))
                content = torch.lerp(content, wanted, self.config.strength)
            shown.append(self.decoder(content)[..., :height, :width].clamp(-1.0, 1.0))
        return torch.cat(shown)

    def state(self) -> dict[str, Tensor]:
        """Hand out all that a resumed run needs; the encoder too, so that the file is enough."""
        return {
            **module_state("model.decoder", self.decoder),
            **self.encoder.state(),
            "model.levels": self.levels,
            **self.bank.state(),
            **optimiser_state("training.optimiser_0", self.optimisers[0]),
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Load what `state` handed out, or its ``model.`` part alone."""
        load_module("model.decoder", self.decoder, state)
        self.encoder.load_state(state)
        self.levels = state["model.levels"].clone()
        self.bank.load_state(state)
        if any(name.startswith("training.") for name in state):
            load_optimiser("training.optimiser_0", self.optimisers[0], state)

    def _features(self, images: Images) -> list[Features]:
        found = self.encoder.net(images.device)(images, self.layers)
        levels = torch.where(self.levels > 0, self.levels, 1.0).to(images.device)
        return [found[name] / level for name, level in zip(self.layers, levels, strict=True)]

    def _mean_activity(self, images: Images) -> Tensor:
        found = self.encoder.net(images.device)(images, self.layers)
        return torch.stack([found[name].mean() for name in self.layers]).clamp(min=1e-6)


def restyled(content: Features, style: Statistics) -> Features:
    """Bring each channel to the mean and deviation of a style (equation 8)."""
    mean, deviation = style[:, 0, :, None, None], style[:, 1, :, None, None]
    return F.instance_norm(content) * deviation + mean
