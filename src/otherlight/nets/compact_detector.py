"""A compact anchor-free detector: a trunk of cross-stage partial blocks, a path-aggregation neck, a
head with separate branches for class and box.

Trunk after CSPNet (Wang et al. 2020, https://arxiv.org/abs/1911.11929), neck after PANet (Liu et
al. 2018, https://arxiv.org/abs/1803.01534), head and box code after YOLOX (Ge et al. 2021,
https://arxiv.org/abs/2107.08430). Ours: few layers, of dense 3 x 3 convolutions, as CPUs like them.
"""  # noqa: D205

import math
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn
from torch.nn import functional as F

STRIDES = (4, 8, 16, 32)
"""Pixels between the points of each level; the finest finds what is a few pixels wide."""

_RARE = 0.01
"""Probability of every class at every point before training (Lin et al. 2017, section 4.1)."""
_WIDEST = 6.0
"""Greatest logarithm of a box's size over two strides; keeps a bad step from overflowing."""

Features = Float[Tensor, "batch channels rows columns"]
Refined = Float[Tensor, "batch after rows columns"]
Level = Float[Tensor, "batch _ _ _"]
Answers = tuple[
    Float[Tensor, "batch points classes"],
    Float[Tensor, "batch points 4"],
    Float[Tensor, "points 3"],
]


class CompactNet(nn.Module):
    """Logits of the classes, boxes in pixels, and points (x, y, stride); all fp32.

    ``width`` is the channels of the trunk at stride 4, ``neck`` those of all levels of the neck.
    Height and width must be multiples of 32. First weights come from the generator.
    """

    def __init__(self, classes: int, width: int, neck: int, generator: Generator) -> None:
        super().__init__()
        widths = [width, 2 * width, 4 * width, 6 * width]
        self.stem = nn.Sequential(
            _layer(3, width // 2, 3, 2), _layer(width // 2, width, 3, 2), Partial(width, width)
        )
        self.stages = nn.ModuleList(
            nn.Sequential(_layer(before, after, 3, 2), Partial(after, after))
            for before, after in pairwise(widths)
        )
        self.pool = PyramidPool(widths[3], neck)
        self.sides = nn.ModuleList(_layer(channels, neck, 1) for channels in widths[:3])
        self.upward = nn.ModuleList(Partial(2 * neck, neck, residual=False) for _ in range(3))
        self.shrink = nn.ModuleList(_layer(neck, neck, 3, 2) for _ in range(3))
        self.downward = nn.ModuleList(Partial(2 * neck, neck, residual=False) for _ in range(3))
        self.class_heads = nn.ModuleList(Head(neck, classes) for _ in STRIDES)
        self.box_heads = nn.ModuleList(Head(neck, 4) for _ in STRIDES)
        _first_weights(self, generator)

    def forward(self, images: Float[Tensor, "batch 3 height width"]) -> Answers:
        """Answer at every point of every level."""
        levels = self._levels(images)
        logits = [head(level) for head, level in zip(self.class_heads, levels, strict=True)]
        codes = [head(level) for head, level in zip(self.box_heads, levels, strict=True)]
        points = torch.cat([_grid(level, by) for level, by in zip(levels, STRIDES, strict=True)])
        return torch.cat(logits, 1), _decode(torch.cat(codes, 1), points), points

    def _levels(self, images: Features) -> list[Level]:
        """Features at strides 4 to 32: down the trunk, up the neck and down again."""
        trunk = [self.stem(images)]
        for stage in self.stages:
            trunk.append(stage(trunk[-1]))
        levels = [self.pool(trunk.pop())]
        for side, mix in zip(reversed(self.sides), reversed(self.upward), strict=True):
            levels.insert(0, mix(torch.cat([_double(levels[0]), side(trunk.pop())], 1)))
        for index, (shrink, mix) in enumerate(zip(self.shrink, self.downward, strict=True), 1):
            levels[index] = mix(torch.cat([shrink(levels[index - 1]), levels[index]], 1))
        return levels


class Partial(nn.Module):
    """Half of the channels pass two convolutions; all that came and went is mixed at the end."""

    def __init__(self, channels: int, after: int, *, residual: bool = True) -> None:
        super().__init__()
        self.passed = passed = after // 2
        self.residual = residual
        self.enter = _layer(channels, after, 1)
        self.inner = nn.Sequential(_layer(passed, passed, 3), _layer(passed, passed, 3))
        self.leave = _layer(after + passed, after, 1)

    def forward(self, features: Features) -> Refined:
        """Mix, refine half, mix."""
        entered = self.enter(features)
        kept = entered[:, self.passed :]
        refined = self.inner(kept)
        return self.leave(torch.cat([entered, refined + kept if self.residual else refined], 1))


class PyramidPool(nn.Module):
    """Maxima over 5, 9 and 13 points side by side (He et al. 2014, arXiv:1406.4729)."""

    def __init__(self, channels: int, after: int) -> None:
        super().__init__()
        self.enter = _layer(channels, after // 2, 1)
        self.leave = _layer(2 * after, after, 1)

    def forward(self, features: Features) -> Refined:
        """Pool at four widths and mix."""
        pooled = [self.enter(features)]
        for _ in range(3):
            pooled.append(F.max_pool2d(pooled[-1], 5, 1, 2))
        return self.leave(torch.cat(pooled, 1))


class Head(nn.Module):
    """One convolution and the output, a row of values a point.

    The output is computed in fp32 under autocast too: ties of bf16 scores would reorder precision.
    """

    def __init__(self, channels: int, values: int) -> None:
        super().__init__()
        self.branch = _layer(channels, channels, 3)
        self.output = nn.Conv2d(channels, values, 1)

    def forward(self, level: Features) -> Float[Tensor, "batch points values"]:
        """Answer at every point of a level."""
        hidden = self.branch(level)
        with torch.autocast(level.device.type, enabled=False):
            return self.output(hidden.float()).flatten(2).transpose(1, 2)


def _layer(channels: int, after: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, after, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(after, eps=1e-3),
        nn.SiLU(inplace=True),
    )


def _double(features: Features) -> Float[Tensor, "batch channels tall wide"]:
    return F.interpolate(features, scale_factor=2.0, mode="nearest")


def _grid(level: Features, stride: int) -> Float[Tensor, "points 3"]:
    """Centres of a level's cells, row by row, with the stride beside them."""
    rows, columns = level.shape[-2:]
    down = (torch.arange(rows, device=level.device) + 0.5) * stride
    across = (torch.arange(columns, device=level.device) + 0.5) * stride
    y, x = torch.meshgrid(down, across, indexing="ij")
    return torch.stack([x, y, torch.full_like(x, stride)], -1).reshape(-1, 3)


def _decode(
    codes: Float[Tensor, "batch points 4"], points: Float[Tensor, "points 3"]
) -> Float[Tensor, "batch points 4"]:
    """Edges from offsets of the centre in strides and logarithms of the size over two strides."""
    stride = points[:, 2:]
    centre = points[:, :2] + codes[..., :2] * stride
    half = codes[..., 2:].clamp(max=_WIDEST).exp() * stride
    return torch.cat([centre - half, centre + half], -1)


def _first_weights(net: CompactNet, generator: Generator) -> None:
    """Draw as `nn.Conv2d` does, but from the generator; outputs start rare and two strides wide."""
    with torch.no_grad():
        for layer in net.modules():
            if isinstance(layer, nn.Conv2d):
                bound = 1 / math.sqrt(layer.weight[0].numel())
                layer.weight.uniform_(-bound, bound, generator=generator)
        for head in net.class_heads:
            assert isinstance(head, Head)
            head.output.weight.normal_(0.0, 0.01, generator=generator)
            nn.init.constant_(_bias(head), -math.log((1 - _RARE) / _RARE))
        for head in net.box_heads:
            assert isinstance(head, Head)
            nn.init.zeros_(head.output.weight)
            nn.init.zeros_(_bias(head))


def _bias(head: Head) -> Tensor:
    assert head.output.bias is not None
    return head.output.bias
