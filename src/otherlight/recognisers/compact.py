"""The compact detector: `nets.compact_detector` learnt by task-aligned assignment (TOOD)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence
from torchvision.ops import batched_nms

from otherlight.images.tensors import Images
from otherlight.losses.task_aligned import (
    PaddedTruth,
    Predicted,
    Rules,
    task_aligned_losses,
)
from otherlight.nets.compact_detector import STRIDES, CompactNet
from otherlight.recognisers.protocols import MAX_PER_IMAGE, SCORE_FLOOR, Detections, Truth

LICENCE = "Apache-2.0"
_CANDIDATES = 1000
"""Most boxes an image that non-maximum suppression looks at."""


@dataclass(frozen=True, kw_only=True)
class CompactConfig:
    """Anchor-free, strides 4 to 32, 1.4 million weights: learns from scratch in a minute or two.

    ``width`` and ``neck`` are channels; the powers and the radius those of the assignment.
    """

    width: int = 32
    neck: int = 64
    candidates: int = 10
    score_power: float = 0.5
    iou_power: float = 6.0
    radius: float = 1.5
    class_weight: float = 1.0
    box_weight: float = 2.5
    nms_iou: float = 0.6


class Compact:
    """A network and the rules by which it learns."""

    def __init__(self, config: CompactConfig, classes: int, generator: Generator) -> None:
        self.network: nn.Module = CompactNet(classes, config.width, config.neck, generator)
        self._config = config
        self._rules = Rules(
            candidates=config.candidates,
            score_power=config.score_power,
            iou_power=config.iou_power,
            radius=config.radius,
        )

    def losses(self, images: Images, truth: Sequence[Truth]) -> dict[str, Tensor]:
        """Losses "class" and "box" of a batch."""
        predicted = self._predict(images)
        weights = {"class": self._config.class_weight, "box": self._config.box_weight}
        with torch.autocast(images.device.type, enabled=False):
            return task_aligned_losses(predicted, pad(truth, images.device), self._rules, weights)

    @torch.no_grad()
    def detect(self, images: Images) -> list[Detections]:
        """Find objects, best first, overlapping ones of a class suppressed."""
        training = self.network.training
        self.network.eval()
        predicted = self._predict(images)
        self.network.train(training)
        height, width = images.shape[-2:]
        edge = torch.tensor([width, height] * 2, device=images.device, dtype=torch.float32)
        boxes = predicted.boxes.clamp(min=0).minimum(edge)
        scores = predicted.logits.sigmoid()
        return [self._choose(*one) for one in zip(boxes, scores, strict=True)]

    def _predict(self, images: Images) -> Predicted:
        """Answer at all points; images are padded right and below to whole cells."""
        height, width = images.shape[-2:]
        cell = STRIDES[-1]
        padded = F.pad(images, (0, -width % cell, 0, -height % cell))
        logits, boxes, points = self.network(padded.contiguous(memory_format=torch.channels_last))
        return Predicted(logits=logits, boxes=boxes, points=points)

    def _choose(self, boxes: Tensor, scores: Tensor) -> Detections:
        flat = scores.flatten()
        best = flat.topk(min(_CANDIDATES, len(flat)))
        kept = best.values > SCORE_FLOOR
        score, number = best.values[kept], best.indices[kept]
        label = number % scores.shape[1]
        box = boxes[number // scores.shape[1]]
        first = batched_nms(box, score, label, self._config.nms_iou)[:MAX_PER_IMAGE]
        return Detections(boxes=box[first], labels=label[first], scores=score[first])


def build_compact(config: CompactConfig, classes: int, generator: Generator) -> Compact:
    """Build the detector with its first weights."""
    return Compact(config, classes, generator)


def pad(truth: Sequence[Truth], device: torch.device) -> PaddedTruth:
    """Bring the truth of a batch to one length."""
    boxes = [one.boxes for one in truth]
    return PaddedTruth(
        boxes=pad_sequence(boxes, batch_first=True).to(device),
        labels=pad_sequence([one.labels for one in truth], batch_first=True).to(device),
        valid=pad_sequence(
            [torch.ones(len(one), dtype=torch.bool) for one in boxes], batch_first=True
        ).to(device),
        ignored=pad_sequence([one.ignored for one in truth], batch_first=True).to(device),
        smallest=torch.tensor([one.smallest for one in truth], device=device),
    )
