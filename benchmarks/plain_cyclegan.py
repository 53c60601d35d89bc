"""CycleGAN as a textbook writes it (Zhu et al. 2017, https://arxiv.org/abs/1703.10593).

fp32, torch's own layers, one pass a term. It takes its first weights from ours, so that both
forms can be compared number by number; nothing else is shared with the package.
"""

from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def plain_generator(width: int, blocks: int) -> nn.Sequential:
    """Stack the generator of appendix 7.2."""

    def block(inside: int, outside: int, kernel: int, stride: int) -> list[nn.Module]:
        pad = [nn.ReflectionPad2d(kernel // 2)] if stride == 1 else []
        conv = nn.Conv2d(inside, outside, kernel, stride, 0 if pad else 1, bias=False)
        return [*pad, conv, nn.InstanceNorm2d(outside), nn.ReLU()]

    def up(inside: int, outside: int) -> list[nn.Module]:
        conv = nn.ConvTranspose2d(inside, outside, 3, 2, 1, output_padding=1, bias=False)
        return [conv, nn.InstanceNorm2d(outside), nn.ReLU()]

    return nn.Sequential(
        *block(3, width, 7, 1),
        *block(width, 2 * width, 3, 2),
        *block(2 * width, 4 * width, 3, 2),
        *(PlainBlock(4 * width) for _ in range(blocks)),
        *up(4 * width, 2 * width),
        *up(2 * width, width),
        nn.ReflectionPad2d(3),
        nn.Conv2d(width, 3, 7),
        nn.Tanh(),
    )


class PlainBlock(nn.Module):
    """One residual block."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=False),
            nn.InstanceNorm2d(channels),
            nn.ReLU(),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=False),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Add."""
        return features + self.layers(features)


def plain_discriminator(width: int) -> nn.Sequential:
    """Stack the 70 x 70 PatchGAN."""
    layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2)]
    for inside, outside, stride in ((1, 2, 2), (2, 4, 2), (4, 8, 1)):
        layers += [
            nn.Conv2d(inside * width, outside * width, 4, stride, 1, bias=False),
            nn.InstanceNorm2d(outside * width),
            nn.LeakyReLU(0.2),
        ]
    return nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 1))


class PlainCycleGAN:
    """The step of the paper, term by term; no replay, which is told apart by its own tests."""

    def __init__(self, width: int, blocks: int, discriminator_width: int) -> None:
        self.generator_target, self.generator_source = (
            plain_generator(width, blocks) for _ in range(2)
        )
        self.discriminator_target, self.discriminator_source = (
            plain_discriminator(discriminator_width) for _ in range(2)
        )
        self.learn_generators = torch.optim.Adam(
            chain(self.generator_target.parameters(), self.generator_source.parameters()),
            2e-4,
            (0.5, 0.999),
        )
        self.learn_discriminators = torch.optim.Adam(
            chain(self.discriminator_target.parameters(), self.discriminator_source.parameters()),
            2e-4,
            (0.5, 0.999),
        )

    def start_from(self, ours: object) -> None:
        """Take the weights of an `otherlight` CycleGAN; its layers come in the same order."""
        for name in ("generator_target", "generator_source"):
            _copy(getattr(ours, name), getattr(self, name))
        for name in ("discriminator_target", "discriminator_source"):
            _copy(getattr(ours, name), getattr(self, name))

    def step(self, source: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Learn from one unpaired batch."""
        fake_target = self.generator_target(source)
        fake_source = self.generator_source(target)
        losses = {
            "adversarial": _to_one(self.discriminator_target(fake_target))
            + _to_one(self.discriminator_source(fake_source)),
            "cycle": F.l1_loss(self.generator_source(fake_target), source)
            + F.l1_loss(self.generator_target(fake_source), target),
            "identity": F.l1_loss(self.generator_target(target), target)
            + F.l1_loss(self.generator_source(source), source),
        }
        self.learn_generators.zero_grad()
        (losses["adversarial"] + 10 * losses["cycle"] + 5 * losses["identity"]).backward()
        self.learn_generators.step()

        losses["discriminator"] = 0.5 * (
            _to_one(self.discriminator_target(target))
            + self.discriminator_target(fake_target.detach()).square().mean()
        ) + 0.5 * (
            _to_one(self.discriminator_source(source))
            + self.discriminator_source(fake_source.detach()).square().mean()
        )
        self.learn_discriminators.zero_grad()
        losses["discriminator"].backward()
        self.learn_discriminators.step()
        return {name: loss.detach() for name, loss in losses.items()}


def _to_one(judged: Tensor) -> Tensor:
    return (judged - 1.0).square().mean()


def _copy(ours: nn.Module, plain: nn.Module) -> None:
    with torch.no_grad():
        for here, there in zip(plain.parameters(), ours.parameters(), strict=True):
            here.copy_(there)
