"""Generators that others trained with other code: their weights, told by name, run by our networks.

Each output equals the original network's to 1e-5 at sizes that halve twice; at others the original
returns a larger image, and ours reflects the image up to such a size and cuts the result back.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_args

import torch
from torch import Tensor, nn

from otherlight.errors import CheckpointError
from otherlight.images.tensors import Images
from otherlight.nets.resnet_generator import ResNetGenerator
from otherlight.nets.resnet_variants import VariantGenerator
from otherlight.training.checkpoint import load_module, load_state, module_state
from otherlight.training.devices import channels_last
from otherlight.training.pytorch_file import check_tensors, read_pytorch
from otherlight.translators.layouts import Layout, Reading, UnknownLayoutError, read_layout
from otherlight.translators.protocols import Context

SUFFIXES = (".pth", ".pt")
_PARALLEL = "module."
_MEAN_STD = [[0.5] * 3, [0.5] * 3]


class Foreign:
    """One generator; it goes from its source to its target and no way back."""

    reversible = False

    def __init__(self, net: nn.Module) -> None:
        self.net = net

    @torch.inference_mode()
    def translate(self, images: Images, context: Context, *, reverse: bool = False) -> Images:
        """Show images in the target's light."""
        del context
        assert not reverse, "the caller has asked `reversible`"
        return self.net(images)

    def state(self) -> dict[str, Tensor]:
        """Hand out the generator."""
        return module_state("model.generator_target", self.net)

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Load what `state` handed out."""
        load_module("model.generator_target", self.net, state)


@dataclass(frozen=True)
class Borrowed:
    """A generator of others, ready to translate, and how its file was read."""

    translator: Foreign
    reading: Reading

    def options(self) -> dict[str, Any]:
        """Say how the file was read, for the records."""
        build = asdict(self.reading.build)
        return {"layout": self.reading.layout, **build, "unused": len(self.reading.unused)}


def load_foreign(path: Path, layout: Layout, device: torch.device) -> Borrowed:
    """Load a generator of a known layout from a ``.pth`` or ``.safetensors`` file.

    Raises:
        CheckpointError: the file holds anything but such a generator, or one of another layout.
    """
    tensors, wrapped = _tensors(path)
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    try:
        reading = read_layout(shapes, layout)
    except UnknownLayoutError as error:
        raise CheckpointError(
            f"{path} must hold a generator of a known layout ({', '.join(get_args(Layout)[1:])}); "
            f"{error}."
        ) from None
    found: Layout = "gandtr" if wrapped else reading.layout
    if layout not in ("auto", found):
        raise CheckpointError(
            f"{path} was said to have the layout {layout!r}; its tensors have {found!r}. Leave "
            f"layout out, or point to another file."
        )
    reading = replace(reading, layout=found)
    net = _network(reading, tensors, path)
    return Borrowed(Foreign(channels_last(net.to(device)).eval()), reading)


def _tensors(path: Path) -> tuple[dict[str, Tensor], bool]:
    """Find the tensors, and say whether they lay in gandtr's dictionary."""
    held: Any = load_state(path)[0] if path.suffix == ".safetensors" else read_pytorch(path)
    if not isinstance(held, Mapping):
        raise CheckpointError(
            f"A file of weights holds tensors by name; {path} holds a {type(held).__name__}. Save "
            f"a generator's state_dict() by itself."
        )
    held = held["net"] if set(held) == {"net"} and isinstance(held["net"], Mapping) else held
    wrapped = isinstance(held.get("model_state"), Mapping)
    if wrapped:
        _check_network(held.get("network_params"), path)
        held = held["model_state"]
    tensors = check_tensors(dict(held), path)
    if all(name.startswith(_PARALLEL) for name in tensors):
        tensors = {name.removeprefix(_PARALLEL): value for name, value in tensors.items()}
    return tensors, wrapped


def _check_network(described: Any, path: Path) -> None:
    """Make sure that gandtr's dictionary describes a generator that is fed -1..1."""
    described = described if isinstance(described, Mapping) else {}
    model, runtime = (described.get(part) for part in ("model", "runtime"))
    kind = model.get("architecture") if isinstance(model, Mapping) else None
    if kind != "official_resnet_generator":
        raise CheckpointError(
            f"A generator of gandtr is an official_resnet_generator; {path} holds "
            f"{str(kind)[:60]!r}. Point to a generator_X file."
        )
    data = runtime.get("data") if isinstance(runtime, Mapping) else None
    scaled = data.get("mean_std", _MEAN_STD) if isinstance(data, Mapping) else _MEAN_STD
    if scaled != _MEAN_STD:
        raise CheckpointError(
            f"A generator is fed images of mean .5 and deviation .5; {path} asks for "
            f"{str(scaled)[:80]}. It cannot be run here."
        )


def _network(reading: Reading, tensors: Mapping[str, Tensor], path: Path) -> nn.Module:
    """Build the network without memory of its own, and give it the file's tensors."""
    build = reading.build
    with torch.device("meta"):
        net = VariantGenerator(build)
    wanted = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    ours: dict[str, Tensor] = {}
    for theirs, name in reading.names.items():
        value = tensors[theirs]
        if tuple(value.shape) != wanted[name] or not value.is_floating_point():
            raise CheckpointError(
                f"{theirs!r} in {path} must be {wanted[name]} numbers in a generator of width "
                f"{build.width}; {tuple(value.shape)} of {value.dtype} came. Fetch it again."
            )
        ours[name] = value.detach().float().contiguous().clone()
    if (build.norm, build.down, build.up) == ("instance", "strided", "transposed"):
        return _as_own(ours, build.width, build.blocks)
    net.load_state_dict(ours, assign=True)
    return net


def _as_own(ours: Mapping[str, Tensor], width: int, blocks: int) -> ResNetGenerator:
    """Put the paper's architecture into our own network, which is faster and equal."""
    net = ResNetGenerator(width, blocks)
    convs = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    weights = [value for name, value in ours.items() if name.endswith(".conv.weight")]
    with torch.no_grad():
        for layer, weight in zip(convs, weights, strict=True):
            layer.weight.copy_(weight)
        end = convs[-1].bias
        assert end is not None
        end.copy_(ours["end.conv.bias"])
    return net
