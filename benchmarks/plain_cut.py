"""CUT as a textbook writes it (Park et al. 2020, https://arxiv.org/abs/2007.15651).

fp32, torch's own layers, one pass a term, features by walking from the start each time. It takes
its first weights from ours, and draws from a copy of ours' chance, so that both forms can be
compared number by number.
"""

from itertools import chain

import torch
from plain_cyclegan import plain_discriminator, plain_generator
from torch import Tensor, nn
from torch.nn import functional as F

_TAPS = (-1, 4, 7, 10)
"""Places in the generator of the paper's layers 0, 4, 8 and 12; -1 is the image."""


class PlainCUT:
    """The step of the paper and of the authors' code, term by term."""

    def __init__(self, width: int, blocks: int, head_width: int = 256, patches: int = 256) -> None:
        self.patches = patches
        self.generator = plain_generator(width, blocks)
        self.discriminator = plain_discriminator(width)
        self.head = nn.ModuleList(
            nn.Sequential(
                nn.Linear(depth, head_width), nn.ReLU(), nn.Linear(head_width, head_width)
            )
            for depth in (3, 2 * width, 4 * width, 4 * width)
        )
        self.learn_generator, self.learn_head, self.learn_discriminator = (
            torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999))
            for net in (self.generator, self.head, self.discriminator)
        )
        self.chance = torch.Generator()
        self.mirrored: list[bool] = []

    def start_from(self, ours: object) -> None:
        """Take the weights and the chance of an `otherlight` CUT."""
        names = ("generator_target", "discriminator_target", "head")
        for name, net in zip(names, (self.generator, self.discriminator, self.head), strict=True):
            with torch.no_grad():
                for here, there in zip(
                    net.parameters(), getattr(ours, name).parameters(), strict=True
                ):
                    here.copy_(there)
        self.chance.set_state(getattr(ours, "chance").get_state())  # noqa: B009

    def step(
        self, source: Tensor, target: Tensor, weights: tuple[float, float], *, flip: bool
    ) -> dict[str, Tensor]:
        """Learn from one unpaired batch; ``weights`` are of NCE and of identity NCE."""
        mirrored = flip and bool(torch.rand((), generator=self.chance) >= 0.5)
        self.mirrored.append(mirrored)
        fake = self.generator(source.flip(3) if mirrored else source)
        losses = {
            "discriminator": 0.5
            * (
                (self.discriminator(target) - 1).square().mean()
                + self.discriminator(fake.detach()).square().mean()
            )
        }
        self.learn_discriminator.zero_grad()
        losses["discriminator"].backward()
        self.learn_discriminator.step()

        losses["adversarial"] = (self.discriminator(fake) - 1).square().mean()
        places = self._places(source)
        losses["nce"] = self._nce(source, fake, places, mirrored=mirrored)
        total = losses["adversarial"] + weights[0] * losses["nce"]
        if weights[1]:
            same = self.generator(target.flip(3) if mirrored else target)
            losses["identity"] = self._nce(target, same, places, mirrored=mirrored)
            total = total + weights[1] * losses["identity"]
        self.learn_generator.zero_grad()
        self.learn_head.zero_grad()
        total.backward()
        self.learn_generator.step()
        self.learn_head.step()
        return {name: loss.detach() for name, loss in losses.items()}

    def _features(self, images: Tensor) -> list[Tensor]:
        features = [images]
        for tap in _TAPS[1:]:
            features.append(self.generator[: tap + 1](images))
        return features

    def _places(self, images: Tensor) -> list[Tensor]:
        counts = [depths[0, 0].numel() for depths in self._features(images)]
        drawn = [torch.randperm(count, generator=self.chance) for count in counts]
        return [order[: self.patches] for order in drawn]

    def _nce(self, images: Tensor, made: Tensor, places: list[Tensor], *, mirrored: bool) -> Tensor:
        queries, keys = self._features(made), self._features(images)
        if mirrored:
            queries = [depths.flip(3) for depths in queries]
        losses: list[Tensor] = []
        for layer, query, key, chosen in zip(self.head, queries, keys, places, strict=True):
            for one, other in zip(query, key, strict=True):
                q, k = (
                    F.normalize(layer(depths.flatten(1)[:, chosen].T), dim=1)
                    for depths in (one, other)
                )
                # The positive first, then the other patches, as the authors' code has it.
                likeness = q @ k.detach().T
                others = likeness.masked_fill(torch.eye(len(q), dtype=torch.bool), -10.0)
                positive = (q * k.detach()).sum(1, keepdim=True)
                logits = torch.cat([positive, others], dim=1) / 0.07
                losses.append(F.cross_entropy(logits, torch.zeros(len(q), dtype=torch.long)))
        return torch.stack(losses).mean()


def parameters_of(plain: PlainCUT) -> list[Tensor]:
    """All weights, in the order of ours."""
    nets = (plain.generator, plain.discriminator, plain.head)
    return list(chain(*(net.parameters() for net in nets)))
