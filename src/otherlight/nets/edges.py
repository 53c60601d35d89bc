"""Edge networks: HED (Xie and Tu 2015, https://arxiv.org/abs/1504.06375) and RCF (Liu et al. 2017,
https://arxiv.org/abs/1612.02103), written from the papers.

Both read VGG16's five stages of 3 x 3 convolutions: HED the last layer of each, RCF every layer.
Where the papers enlarge a side output by a transposed convolution, it is interpolated here, and
images are not padded by 35 pixels first. ``width`` narrows all of it: 64 is the papers', and what
published weights fit.
"""  # noqa: D205

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from otherlight.images.tensors import Images
from otherlight.nets.convolution import Convolution, Convolved
from otherlight.nets.layout import suited

EdgeMap = Float[Tensor, "batch 1 height width"]
"""Logits of an edge at every pixel."""
Features = Float[Tensor, "batch channels rows columns"]
Architecture = Literal["hed", "rcf"]
Span = Literal[255, 1]
"""How far apart black and white lie for a network: 255 for the authors' weights."""

_MEAN = (104.00698793, 116.66876762, 122.67891434)
"""Blue, green and red of ImageNet's mean image, from 0 to 255."""
_LAYERS = (2, 2, 3, 3, 3)
_NARROW = 21
"""Channels to which RCF brings every layer of a stage before it adds them up."""


@runtime_checkable
class EdgeDetector(Protocol):
    """Finds edges in images of -1..1."""

    def __call__(self, images: Images) -> EdgeMap:
        """Give the logit of an edge at every pixel."""
        ...


class HED(nn.Module):
    """Holistically-nested edge detection: one side output a stage, and their fusion."""

    def __init__(
        self, width: int = 64, span: Span = 255, precision: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        self.span: Span = span
        self.precision = precision
        self.stages = _trunk(width)
        self.sides = nn.ModuleList(Convolution(c, 1, 1) for c in _channels(width))
        self.fusion = Convolution(5, 1, 1)

    def forward(self, images: Images) -> EdgeMap:
        """Give the logits of the fused map."""
        return self.maps(images)[-1]

    def maps(self, images: Images) -> list[EdgeMap]:
        """Give the logits of the five side outputs and, last, of their fusion."""
        features, scores = _prepared(images, self.span, self.precision), list[Tensor]()
        for place, (stage, side) in enumerate(zip(self.stages, self.sides, strict=True)):
            features = features if place == 0 else F.max_pool2d(features, 2)
            features = _through(stage, features)[-1]
            scores.append(side(features))
        return _fused(scores, self.fusion, images)


class RCF(nn.Module):
    """Richer convolutional features: every layer of a stage counts towards its side output.

    The fourth pooling keeps the size, and the fifth stage is dilated instead.
    """

    def __init__(
        self, width: int = 64, span: Span = 255, precision: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        self.span: Span = span
        self.precision = precision
        self.stages = _trunk(width, dilated_last=True)
        self.narrows = nn.ModuleList(
            nn.ModuleList(Convolution(channels, _NARROW, 1) for _ in range(layers))
            for channels, layers in zip(_channels(width), _LAYERS, strict=True)
        )
        self.sides = nn.ModuleList(Convolution(_NARROW, 1, 1) for _ in _LAYERS)
        self.fusion = Convolution(5, 1, 1)

    def forward(self, images: Images) -> EdgeMap:
        """Give the logits of the fused map."""
        return self.maps(images)[-1]

    def maps(self, images: Images) -> list[EdgeMap]:
        """Give the logits of the five side outputs and, last, of their fusion."""
        features, scores = _prepared(images, self.span, self.precision), list[Tensor]()
        parts = zip(self.stages, self.narrows, self.sides, strict=True)
        for place, (stage, narrows, side) in enumerate(parts):
            layers = _through(stage, _pooled(features, place))
            features = layers[-1]
            assert isinstance(narrows, nn.ModuleList)
            narrowed = [narrow(layer) for narrow, layer in zip(narrows, layers, strict=True)]
            scores.append(side(torch.stack(narrowed).sum(0)))
        return _fused(scores, self.fusion, images)


class _Dilated(Convolution):
    """A convolution whose taps lie apart, in the precision of what comes."""

    def forward(self, input: Features) -> Convolved:
        """Convolve."""
        assert self.bias is not None
        weight, bias = self.weight.to(input.dtype), self.bias.to(input.dtype)
        return F.conv2d(suited(input), weight, bias, padding=self.padding, dilation=self.dilation)


def edge_network(
    architecture: Architecture,
    width: int = 64,
    span: Span = 255,
    precision: torch.dtype = torch.float32,
) -> HED | RCF:
    """Build a network without its weights."""
    return (HED if architecture == "hed" else RCF)(width, span, precision)


def layer_rates(net: nn.Module) -> dict[str, float]:
    """Say how many times a common learning rate each parameter learns at, as HED's authors set it.

    The fifth stage learns 100 times as fast, side outputs at a hundredth, the fusion at a
    thousandth; biases twice as fast as weights. RCF's side layers are taken like HED's.
    """
    return {
        name: _rate_of(name) * (2.0 if name.endswith("bias") else 1.0)
        for name, _ in net.named_parameters()
    }


def _rate_of(name: str) -> float:
    part, place, *_ = name.split(".")
    if part == "stages":
        return 100.0 if place == "4" else 1.0
    return {"narrows": 0.1, "sides": 0.01, "fusion": 0.001}[part]


def _channels(width: int) -> tuple[int, ...]:
    return (width, 2 * width, 4 * width, 8 * width, 8 * width)


def _trunk(width: int, *, dilated_last: bool = False) -> nn.ModuleList:
    stages, channels = nn.ModuleList(), 3
    for place, (wider, layers) in enumerate(zip(_channels(width), _LAYERS, strict=True)):
        step = 2 if dilated_last and place == 4 else 1
        stage = nn.ModuleList()
        for _ in range(layers):
            make = _Dilated if step == 2 else Convolution
            stage.append(make(channels, wider, 3, padding=step, dilation=step))
            channels = wider
        stages.append(stage)
    return stages


def _prepared(
    images: Images, span: Span, precision: torch.dtype
) -> Float[Tensor, "batch 3 height width"]:
    """Turn -1..1, RGB into what the trunk knows: BGR, 0..span, without the mean."""
    mean = images.new_tensor(_MEAN).reshape(1, 3, 1, 1) / 255.0
    scaled = ((images.flip(1) + 1.0) / 2.0 - mean) * span
    return suited(scaled.to(precision))


def _through(stage: nn.Module, features: Features) -> list[Convolved]:
    assert isinstance(stage, nn.ModuleList)
    layers = list[Tensor]()
    for layer in stage:
        features = layer(features).relu()
        layers.append(features)
    return layers


def _pooled(features: Features, place: int) -> Convolved:
    if place == 0:
        return features
    if place < 4:
        return F.max_pool2d(features, 2)
    return F.max_pool2d(F.pad(features, (0, 1, 0, 1), mode="replicate"), 2, 1)


def _fused(scores: Sequence[Tensor], fusion: nn.Module, images: Images) -> list[EdgeMap]:
    size = images.shape[-2:]
    # In fp32 from here on: losses compare maps that hardly differ.
    sides = [
        F.interpolate(score.float(), size, mode="bilinear", align_corners=False) for score in scores
    ]
    return [*sides, fusion(torch.cat(sides, 1))]
