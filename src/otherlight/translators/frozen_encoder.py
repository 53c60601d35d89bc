"""A trained network that a method only looks through: loaded when needed, saved with the model."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from otherlight.images.tensors import Images
from otherlight.nets.squeezenet import SqueezeNet
from otherlight.nets.vgg import VGG
from otherlight.training.checkpoint import State, load_module, module_state
from otherlight.translators.backbones import Weights, bare_trunk, load_trunk

STRIDE = 8
Padded = Float[Tensor, "batch 3 padded_height padded_width"]
_NAME = "model.encoder"
_SMALLEST = 2 * STRIDE  # two rows remain to reflect


class FrozenEncoder:
    """The network of a method of style, padded by reflection."""

    def __init__(self, asked: Weights, layers: Sequence[str]) -> None:
        self.asked, self.layers = asked, tuple(layers)
        self._net: VGG | SqueezeNet | None = None

    def net(self, device: torch.device) -> VGG | SqueezeNet:
        """Get the network; its weights come from a model's file, or from where options say.

        Raises:
            PlanError, CheckpointError: the weights are not at hand.
        """
        if self._net is None:
            self._net = load_trunk(self.asked, self.layers, padding="reflect")
        return self._net.to(device)

    def state(self) -> State:
        """Name the network's weights, so that a model's file translates by itself."""
        return module_state(
            _NAME, self.net(torch.device("cpu")) if self._net is None else self._net
        )

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Load what `state` named."""
        self._net = bare_trunk(self.asked, self.layers, padding="reflect")
        load_module(_NAME, self._net, state)


def padded(images: Images) -> Padded:
    """Repeat the last row and column until both sides halve three times."""
    height, width = images.shape[-2:]
    more = [max(_SMALLEST, -(-side // STRIDE) * STRIDE) - side for side in (height, width)]
    return F.pad(images, (0, more[1], 0, more[0]), mode="replicate")
