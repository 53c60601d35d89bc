"""Strong photometric augmentation: other light on the same geometry, drawn by image.

For a detector that is to see in the dark what it learnt in the light, such as the one that audits
a translation. Brightness, contrast and colour after Howard 2013
(https://arxiv.org/abs/1312.5402), noise and blur after Michaelis et al. 2019
(https://arxiv.org/abs/1907.07484); here brightness goes far lower, evenly on a logarithmic scale.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.nn import functional as F

from otherlight.errors import PlanError
from otherlight.images.tensors import Images

_LEAST_BLUR = 0.05
"""Deviation in pixels under which a blur changes nothing."""


@dataclass(frozen=True, kw_only=True)
class Photometric:
    """How far light may change; ``share`` is that of the images that are changed, 0 for none.

    Brightness falls to ``darkest`` at most. ``gamma`` is the greatest power, drawn between it and
    its inverse. ``noise`` is the greatest deviation as a share of the range, ``blur`` that of a
    Gaussian in pixels, ``colour`` the greatest gain of a channel above or below 1, as a logarithm.
    """

    share: float = 0.0
    darkest: float = 0.1
    gamma: float = 2.0
    noise: float = 0.05
    blur: float = 1.0
    colour: float = 0.3

    def __post_init__(self) -> None:
        for name, low, high in (
            ("share", 0.0, 1.0),
            ("darkest", 0.001, 1.0),
            ("gamma", 1.0, 10.0),
            ("noise", 0.0, 1.0),
            ("blur", 0.0, 20.0),
            ("colour", 0.0, 2.0),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise PlanError(
                    f"[photometric] {name} must lie between {low:g} and {high:g}; {value} came."
                )


def relight(images: Images, config: Photometric, generator: Generator) -> Images:
    """Change the light of a share of the images; boxes stay true."""
    count = len(images)
    drawn = torch.rand(count, 8, generator=generator)
    grain = torch.randn(images.shape, generator=generator).to(images)
    light = (images / 2 + 0.5).clamp(0, 1)
    light = _blurred(light, drawn[:, 1] * config.blur)
    gamma = torch.exp((drawn[:, 2] * 2 - 1) * math.log(config.gamma))
    gain = torch.exp((drawn[:, 3:6] * 2 - 1) * config.colour)
    gain = gain * torch.exp(drawn[:, 6:7] * math.log(config.darkest))
    light = light ** gamma.to(images)[:, None, None, None] * gain.to(images)[:, :, None, None]
    light = light + grain * (drawn[:, 7] * config.noise).to(images)[:, None, None, None]
    chosen = (drawn[:, 0] < config.share).to(images.device)[:, None, None, None]
    return torch.where(chosen, light.clamp(0, 1) * 2 - 1, images)


def _blurred(light: Images, deviations: Float[Tensor, " batch"]) -> Images:
    """Blur each image by its own Gaussian, rows then columns; edges are repeated."""
    reach = math.ceil(3 * float(deviations.max())) if len(deviations) else 0
    if reach < 1:
        return light
    count, channels, height, width = light.shape
    place = torch.arange(-reach, reach + 1, dtype=torch.float32)
    kernels = torch.exp(-(place**2) / (2 * deviations.clamp(min=_LEAST_BLUR)[:, None] ** 2))
    kernels = (kernels / kernels.sum(1, keepdim=True)).to(light)
    weights = kernels.repeat_interleave(channels, 0)[:, None]
    flat = light.reshape(1, count * channels, height, width)
    flat = F.conv2d(
        F.pad(flat, (reach, reach, 0, 0), mode="replicate"),
        weights[:, :, None, :],
        groups=count * channels,
    )
    flat = F.conv2d(
        F.pad(flat, (0, 0, reach, reach), mode="replicate"),
        weights[:, :, :, None],
        groups=count * channels,
    )
    return flat.reshape(light.shape)
