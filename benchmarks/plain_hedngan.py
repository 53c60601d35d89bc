"""HED^N-GAN as a textbook would write it: torch's own layers, fp32, one pass a term.

Networks take their first weights from ours; nothing else is shared with the package. Only what
one-sided training needs; generator and discriminator are those of the plain CycleGAN.
"""

import torch
from plain_cyclegan import plain_discriminator, plain_generator
from torch import Tensor, nn
from torch.nn import functional as F

MEAN = torch.tensor([104.00698793, 116.66876762, 122.67891434]).reshape(1, 3, 1, 1)


class PlainHED(nn.Module):
    """VGG16's convolutions, a side output after each of five stages, and their fusion."""

    def __init__(self, width: int) -> None:
        super().__init__()
        channels, stages = 3, list[nn.Module]()
        for place, (times, layers) in enumerate(((1, 2), (2, 2), (4, 3), (8, 3), (8, 3))):
            parts: list[nn.Module] = [nn.MaxPool2d(2)] if place else []
            for _ in range(layers):
                parts += [nn.Conv2d(channels, times * width, 3, padding=1), nn.ReLU()]
                channels = times * width
            stages.append(nn.Sequential(*parts))
        self.stages = nn.ModuleList(stages)
        self.sides = nn.ModuleList(nn.Conv2d(t * width, 1, 1) for t in (1, 2, 4, 8, 8))
        self.fusion = nn.Conv2d(5, 1, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Give logits."""
        features = (images[:, [2, 1, 0]] * 0.5 + 0.5) * 255.0 - MEAN
        scores = list[Tensor]()
        for stage, side in zip(self.stages, self.sides, strict=True):
            features = stage(features)
            scores.append(F.interpolate(side(features), images.shape[-2:], mode="bilinear"))
        return self.fusion(torch.cat(scores, 1))


class PlainHEDNGAN:
    """The step of the authors' code: discriminator, student, generator."""

    def __init__(self, width: int, blocks: int, hed_width: int) -> None:
        self.generator = plain_generator(width, blocks)
        self.discriminator = plain_discriminator(width)
        self.student, self.teacher = PlainHED(hed_width), PlainHED(hed_width)

    def start_from(self, generator: nn.Module, discriminator: nn.Module, edges: nn.Module) -> None:
        """Take first weights; layers come in the same order."""
        copies = (
            (self.generator, generator),
            (self.discriminator, discriminator),
            (self.student, edges),
            (self.teacher, edges),
        )
        with torch.no_grad():
            for here, there in copies:
                for mine, theirs in zip(here.parameters(), there.parameters(), strict=True):
                    mine.copy_(theirs)

    def learn_at(self, rate: float, student_rate: float) -> None:
        """Make the three optimisers."""
        self.adam_g = torch.optim.Adam(self.generator.parameters(), rate, (0.5, 0.999))
        self.adam_d = torch.optim.Adam(self.discriminator.parameters(), rate, (0.5, 0.999))
        named = list(self.student.named_parameters())
        self.adam_e = torch.optim.Adam(
            [
                {"params": [p for n, p in named if "bias" not in n], "weight_decay": 2e-4},
                {"params": [p for n, p in named if "bias" in n], "weight_decay": 0.0},
            ],
            student_rate,
            (0.9, 0.999),
        )

    def step(self, day: Tensor, night: Tensor) -> dict[str, Tensor]:
        """Learn from one unpaired batch."""
        fake = self.generator(day)

        judged = 0.5 * (
            (self.discriminator(night) - 1.0).square().mean()
            + self.discriminator(fake.detach()).square().mean()
        )
        self._down(self.adam_d, judged)

        wanted = self.teacher(day).detach()
        taught = (self.student(day) - wanted).abs().mean()
        taught = taught + (self.student(fake.detach()) - wanted).abs().mean()
        self._down(self.adam_e, taught)

        adversarial = (self.discriminator(fake) - 1.0).square().mean()
        edges = (self.student(fake).sigmoid() - wanted.sigmoid()).abs().mean()
        self._down(self.adam_g, adversarial + 5.0 * edges)
        losses = {"adversarial": adversarial, "edges": edges, "student": taught}
        losses["discriminator"] = judged
        return {name: loss.detach() for name, loss in losses.items()}

    def _down(self, optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
        for net in (self.generator, self.discriminator, self.student):
            net.zero_grad()
        loss.backward(retain_graph=True)
        optimiser.step()
