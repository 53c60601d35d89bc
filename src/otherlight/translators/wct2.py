"""WCT2 (Yoo et al. 2019, https://arxiv.org/abs/1903.09760): photorealistic style by wavelets.

Whitening and colouring at each level of VGG; Haar wavelets carry all detail past it, so that edges
stay where they are. Where we differ: the published decoder was trained on COCO; ours is trained,
as theirs was, to paint images back from their own features, on the source and target at hand (or
it is loaded from their file); there are no segmentation maps, so that a style is one for the whole
image; and that style is that of one of the target's training images, drawn by the image's name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Generator, Tensor
from torch.nn import functional as F
from torch.optim import Adam

from otherlight.errors import CheckpointError
from otherlight.images.tensors import Images
from otherlight.losses.style import Features, gram
from otherlight.nets.initialise import normal_weights
from otherlight.nets.vgg import VGG, Depth
from otherlight.nets.wavelet_codec import LEVELS, Across, WaveletDecoder, encode
from otherlight.nets.whitening import moments, whitened_and_coloured
from otherlight.training.checkpoint import (
    load_module,
    load_optimiser,
    module_state,
    optimiser_state,
)
from otherlight.training.seeding import torch_generator
from otherlight.translators.backbones import Inputs, Weights, read_weights
from otherlight.translators.borrowed import of_file, of_trunk
from otherlight.translators.frozen_encoder import FrozenEncoder, padded
from otherlight.translators.protocols import Context
from otherlight.translators.style_bank import Style, StyleBank


@dataclass(frozen=True, kw_only=True)
class WCT2Config:
    """What can be chosen about WCT2."""

    backbone: Depth = "vgg19"
    weights: str = ""
    """A file of weights, torchvision, or random: for timings and tests."""
    inputs: Inputs = "auto"
    decoder: str = ""
    """The published decoder's file (wave_decoder_cat5_l4.pth), which wants the published encoder
    as weights; without it a decoder is trained."""
    gram_weight: float = 1.0
    """Of the reconstruction's textures against its pixels; the paper names no weight."""
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    strength: float = 1.0
    """0 leaves an image its own light, 1 gives it the style's."""
    styles: int = 16
    """Images of the target whose statistics are kept, 1.4 MB each; each image draws one."""

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise ValueError(f"strength must be from 0 to 1; {self.strength} came.")

    def borrowed(self) -> tuple[str, ...]:
        """Name the network that it looks through, and the decoder if it is a published one."""
        decoder = (of_file(self.decoder),) if self.decoder else ()
        return of_trunk(self.backbone, self.weights) + decoder


class WCT2:
    """Give an image's features the covariance of another's, past wavelets that keep its detail."""

    reversible = False

    def __init__(self, config: WCT2Config, generator: Generator) -> None:
        self.config = config
        asked = Weights(
            method="wct2",
            backbone=config.backbone,
            weights=config.weights,
            inputs=config.inputs,
        )
        self.encoder = FrozenEncoder(asked, LEVELS)
        self.decoder = WaveletDecoder(config.backbone)
        normal_weights(self.decoder, generator)
        for layer in self.decoder.layers.values():
            assert isinstance(layer, torch.nn.Conv2d)
            layer.weight.data.mul_((1.0 / layer.weight[0].numel()) ** 0.5 / 0.02)
        self._published = config.decoder
        seed = int(torch.randint(2**62, (), generator=generator, device="cpu"))
        self.bank = StyleBank(config.styles, torch_generator(seed))
        self.optimisers = (
            Adam(self.decoder.parameters(), config.learning_rate, config.betas, fused=True),
        )

    def step(self, source: Images, target: Images) -> dict[str, Tensor]:
        """Teach the decoder to paint images back; remember the styles of the targets.

        A published decoder stays as it is: its losses say how well it paints these images.
        """
        self._load_published()
        net = self._net(source.device)
        for image in padded(target).split(1):
            self.bank.see(self._style(net, image))
        parts = [self._reconstruction(net, padded(images)) for images in (source, target)]
        losses = {name: parts[0][name] + parts[1][name] for name in parts[0]}
        (learn,) = self.optimisers
        learn.zero_grad()
        (losses["pixels"] + self.config.gram_weight * losses["gram"]).backward()
        if not self.config.decoder:
            learn.step()
        return {name: loss.detach() for name, loss in losses.items()}

    @torch.inference_mode()
    def translate(self, images: Images, context: Context, *, reverse: bool = False) -> Images:
        """Lay on each image the style of a target that it draws."""
        assert not reverse
        net, (height, width) = self._net(images.device), images.shape[-2:]
        shown: list[Tensor] = []
        for image, chance in zip(images.split(1), context.generators, strict=True):
            style = self.bank.draw(chance)

            def repaint(name: str, values: Features, style: Style | None = style) -> Features:
                if style is None:
                    return values
                painted = whitened_and_coloured(values, style[name].to(values.device))
                return torch.lerp(values, painted, self.config.strength)

            painted = self.decoder(*encode(net, padded(image), repaint))
            shown.append((painted[..., :height, :width] * 2.0 - 1.0).clamp(-1.0, 1.0))
        return torch.cat(shown)

    def state(self) -> dict[str, Tensor]:
        """Hand out all that a resumed run needs; the encoder too, so that the file is enough."""
        return {
            **module_state("model.decoder", self.decoder),
            **self.encoder.state(),
            **self.bank.state(),
            **optimiser_state("training.optimiser_0", self.optimisers[0]),
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Load what `state` handed out, or its ``model.`` part alone."""
        self._published = ""
        load_module("model.decoder", self.decoder, state)
        self.encoder.load_state(state)
        self.bank.load_state(state)
        if any(name.startswith("training.") for name in state):
            load_optimiser("training.optimiser_0", self.optimisers[0], state)

    def _reconstruction(self, net: VGG, images: Images) -> dict[str, Tensor]:
        with torch.no_grad():
            deepest, across, wanted = self._seen(net, images)
        painted = self.decoder(deepest, across) * 2.0 - 1.0
        _, _, found = self._seen(net, painted)
        return {
            "pixels": F.mse_loss(painted, images),
            "gram": torch.stack(
                [F.mse_loss(f, w) for f, w in zip(found, wanted, strict=True)]
            ).sum(),
        }

    def _seen(self, net: VGG, images: Images) -> tuple[Features, Across, list[Tensor]]:
        grams: list[Tensor] = []

        def look(name: str, values: Features) -> Features:
            del name
            grams.append(gram(values) / values[0].numel())
            return values

        return *encode(net, images, look), grams

    @torch.no_grad()
    def _style(self, net: VGG, image: Images) -> Style:
        style: dict[str, Tensor] = {}

        def look(name: str, values: Features) -> Features:
            style[name] = moments(values)
            return values

        encode(net, image, look)
        return style

    def _net(self, device: torch.device) -> VGG:
        net = self.encoder.net(device)
        assert isinstance(net, VGG)
        return net

    def _load_published(self) -> None:
        if not self._published:
            return
        state = read_weights(Path(self._published))
        for name, layer in self.decoder.layers.items():
            # Their layers behind a concatenation are named conv3_4_2, conv2_2_2 and conv1_2_2.
            key = name if f"{name}.weight" in state else f"{name}_2"
            try:
                own = {part: state[f"{key}.{part}"] for part in ("weight", "bias")}
                layer.load_state_dict(own)
            except (KeyError, RuntimeError) as error:
                raise CheckpointError(
                    f"{self._published} must hold WCT2's decoder (wave_decoder_cat5_l4.pth); "
                    f"its layer {name} is missing or of another shape. Give that file, or leave "
                    f"decoder out to train one."
                ) from error
        self._published = ""
