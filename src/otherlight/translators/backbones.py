"""Where a frozen, trained network gets its weights: a file, torchvision, or chance for a timing.

Files are read with weights only: nothing in them is run. A file of VGG is a state_dict of
torchvision's, or of the published code of AdaIN or WCT2, whose first layer of 1 x 1 says by itself
which colours the rest wants.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from otherlight.config import nearest
from otherlight.errors import CheckpointError, PlanError
from otherlight.nets.squeezenet import LAYERS, SqueezeNet
from otherlight.nets.vgg import VGG, Entry, Padding, Pooling, layer_names
from otherlight.records.files import sha256_of
from otherlight.training.download import PATIENCE, download
from otherlight.training.seeding import torch_generator

Backbone = Literal["vgg16", "vgg19", "squeezenet"]
Inputs = Literal["auto", "torchvision", "rgb", "bgr"]

_PUBLISHED: Mapping[str, Inputs] = {
    "397923af": "torchvision",  # vgg16 of torchvision
    "88682ab5": "rgb",  # vgg16_features of torchvision
    "dcbb9e9d": "torchvision",  # vgg19 of torchvision
    "b8a52dc0": "torchvision",  # squeezenet1_1 of torchvision
    "00b39a1b": "bgr",  # vgg16 of the authors, converted by J. Johnson
    "d01eb7cb": "bgr",  # vgg19 of the authors, converted by J. Johnson
}
"""What files of these SHA-256 (their first digits) want to see."""
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_LEVELS = (123.68, 116.779, 103.939)


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Where weights come from, as a method's options say it."""

    method: str
    backbone: Backbone
    weights: str
    inputs: Inputs = "auto"


def load_trunk(
    asked: Weights, layers: Sequence[str], pooling: Pooling = "max", padding: Padding = "zeros"
) -> VGG | SqueezeNet:
    """Build a network up to the deepest of some layers, with its weights.

    Raises:
        PlanError: no weights were named, or nobody knows which colours they want.
        CheckpointError: the file cannot be read or is of another network.
    """
    net = bare_trunk(asked, layers, pooling, padding)
    if asked.weights == "random":
        _draw(net, asked)
        return net
    state, inputs = _found(asked)
    if isinstance(net, SqueezeNet):
        _set_colours(net.entry, inputs, asked)
        _fill_squeezenet(net, state, asked)
        return net
    convolutions = _in_order(state)
    if convolutions and convolutions[0][0].shape == (3, 3, 1, 1):
        weight, bias = convolutions.pop(0)
        _lead(net.entry, weight[..., 0, 0] / 2, weight[..., 0, 0].sum(1) / 2 + bias)
    else:
        _set_colours(net.entry, inputs, asked)
    _fill_vgg([net.convolutions[name] for name in net.names], convolutions, asked)
    return net


def bare_trunk(
    asked: Weights, layers: Sequence[str], pooling: Pooling = "max", padding: Padding = "zeros"
) -> VGG | SqueezeNet:
    """Build a network whose weights a model's own file brings."""
    if asked.backbone == "squeezenet":
        _check_layers(asked, layers, LAYERS)
        return SqueezeNet(layers)
    _check_layers(asked, layers, layer_names(asked.backbone))
    return VGG(asked.backbone, layers, pooling, padding)


def _fill_squeezenet(net: SqueezeNet, state: Mapping[str, Tensor], asked: Weights) -> None:
    own = {name.removeprefix("features."): value for name, value in state.items()}
    try:
        net.layers.load_state_dict({name: own[name] for name in net.layers.state_dict()})
    except (KeyError, RuntimeError) as error:
        raise _unfit(asked, f"there is no fitting {error}") from error


def _check_layers(asked: Weights, layers: Sequence[str], known: Iterable[str]) -> None:
    for layer in layers:
        if layer not in known:
            raise PlanError(f"{asked.backbone} has no layer {layer!r}. {nearest(layer, known)}")


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a .safetensors or torch file, with weights only.

    Raises:
        CheckpointError: it is missing, torn or holds anything but named tensors.
    """
    if not os.path.isfile(path):  # noqa: PTH113 - whatever the name, it raises nothing
        raise CheckpointError(
            f"There must be a file of weights at {str(path)[:200]}; there is none."
        )
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        held = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch tells of torn and of hostile files in a dozen ways
        raise _unreadable(path, error) from error
    held = held.get("state_dict", held) if isinstance(held, dict) else None
    if not isinstance(held, dict):
        raise CheckpointError(f"{path} must hold named tensors; it holds none. Give another file.")
    return {str(name): value for name, value in held.items() if isinstance(value, Tensor)}


def _found(asked: Weights) -> tuple[dict[str, Tensor], Inputs]:
    """Get the tensors, and which colours they want so far as it is known."""
    if not asked.weights:
        raise PlanError(
            f"{asked.method} needs a trained {asked.backbone}; no weights came. Give weights: FILE "
            f"(a state_dict of torchvision's {asked.backbone}) or weights: torchvision, which "
            f"fetches them once."
        )
    if asked.weights == "torchvision":
        return _of_torchvision(asked)
    path = Path(asked.weights)
    state = read_weights(path)
    known = asked.inputs != "auto"
    return state, asked.inputs if known else _PUBLISHED.get(sha256_of(path)[:8], "auto")


def _of_torchvision(asked: Weights) -> tuple[dict[str, Tensor], Inputs]:
    inputs: Inputs = "torchvision" if asked.inputs == "auto" else asked.inputs
    names = {
        ("vgg16", "torchvision"): "VGG16_Weights.IMAGENET1K_V1",
        ("vgg16", "rgb"): "VGG16_Weights.IMAGENET1K_FEATURES",
        ("vgg19", "torchvision"): "VGG19_Weights.IMAGENET1K_V1",
        ("squeezenet", "torchvision"): "SqueezeNet1_1_Weights.IMAGENET1K_V1",
    }
    name = names.get((asked.backbone, inputs))
    if name is None:
        raise PlanError(
            f"torchvision has {asked.backbone} for inputs: torchvision (vgg16 for rgb too); "
            f"{inputs!r} came. Leave inputs out, or give weights: FILE."
        )
    return read_weights(fetch_published(name)), inputs


def fetch_published(name: str, patience: float = PATIENCE) -> Path:
    """Fetch weights of torchvision once, into torch's own folder, as torchvision itself would.

    Raises:
        CheckpointError: they do not come, or nothing comes for ``patience`` seconds.
    """
    from torchvision.models import get_weight

    address: str = get_weight(name).url
    # vgg19-dcbb9e9d.pth: its hash begins with what its name ends on.
    file = Path(torch.hub.get_dir()) / "checkpoints" / address.rpartition("/")[2]
    if file.exists():
        return file
    try:
        download(address, file, file.stem.rpartition("-")[2], patience)
    except OSError as error:
        raise CheckpointError(
            f"The weights {name} could not be had from torchvision ({error}). Fetch them where "
            f"there is a network, and give weights: FILE."
        ) from error
    return file


def _set_colours(entry: Entry, inputs: Inputs, asked: Weights) -> None:
    """Say once what an image of -1..1 becomes: standardised, or levels of 0..255 about a mean."""
    if inputs == "auto":
        raise PlanError(
            f"Which colours weights want must be known; nothing says it of {asked.weights}. Say "
            f"inputs: torchvision (RGB, standardised), rgb or bgr (0 to 255 less the mean)."
        )
    if inputs == "torchvision":
        mean, deviation = torch.tensor(_MEAN), torch.tensor(_DEVIATION)
        _lead(entry, torch.diag(0.5 / deviation), (0.5 - mean) / deviation)
        return
    order = [0, 1, 2] if inputs == "rgb" else [2, 1, 0]
    _lead(entry, 127.5 * torch.eye(3)[order], 127.5 - torch.tensor(_LEVELS)[order])


def _lead(entry: Entry, matrix: Tensor, offset: Tensor) -> None:
    entry.load_state_dict({"matrix": matrix, "offset": offset})


def _in_order(state: Mapping[str, Tensor]) -> list[tuple[Tensor, Tensor]]:
    """Find the convolutions, in the order of the numbers in their names, with their biases."""
    names = [name for name, value in state.items() if value.ndim == 4 and name.endswith("weight")]
    names.sort(key=lambda name: [int(number) for number in re.findall(r"\d+", name)])
    nothing = torch.zeros(0)
    return [(state[n], state.get(n.removesuffix("weight") + "bias", nothing)) for n in names]


def _fill_vgg(
    layers: Sequence[nn.Module], convolutions: Sequence[tuple[Tensor, Tensor]], asked: Weights
) -> None:
    if len(convolutions) < len(layers):
        raise _unfit(asked, f"{len(layers)} convolutions are wanted, {len(convolutions)} came")
    for place, (layer, (weight, bias)) in enumerate(zip(layers, convolutions, strict=False)):
        try:
            layer.load_state_dict({"weight": weight, "bias": bias})
        except RuntimeError as error:
            shapes = f"{tuple(weight.shape)} and {tuple(bias.shape)}"
            raise _unfit(asked, f"convolution {place + 1} has the shapes {shapes}") from error


def _draw(net: nn.Module, asked: Weights) -> None:
    """Draw weights that keep a signal's size (He et al. 2015), the same for every seed of a run."""
    chance = torch_generator(0, "backbone", asked.backbone)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            assert layer.bias is not None
            fan = layer.weight[0].numel()
            drawn = torch.randn(layer.weight.shape, generator=chance, device="cpu")
            layer.weight.data.copy_(drawn * (2.0 / fan) ** 0.5)
            layer.bias.data.zero_()


def _unfit(asked: Weights, reason: str) -> CheckpointError:
    reason = " ".join(reason.split())[:200]
    return CheckpointError(
        f"{asked.weights} must hold the weights of {asked.backbone}; {reason}. Give the file of "
        f"that network, or name another backbone."
    )


def _unreadable(path: Path, error: Exception) -> CheckpointError:
    reason = " ".join(str(error).split())[:120]
    return CheckpointError(
        f"{path} must be a whole .safetensors or torch file of weights; it cannot be read with "
        f"weights only ({reason}). Give another file."
    )
