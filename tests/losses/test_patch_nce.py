"""Patch NCE, by its equation written as loops."""

import math

import torch
from torch.nn import functional as F

from otherlight.losses.patch_nce import patch_nce


def vectors(seed: int) -> torch.Tensor:
    return F.normalize(torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(seed)), dim=-1)


def test_the_loss_equals_its_equation():
    query, key = vectors(0), vectors(1)
    total = 0.0
    for image in range(2):
        for own in range(5):
            likeness = [
                math.exp(
                    sum(q * k for q, k in zip(query[image, own].tolist(), other, strict=True)) / 0.3
                )
                for other in key[image].tolist()
            ]
            total -= math.log(likeness[own] / sum(likeness)) / 10
    torch.testing.assert_close(patch_nce(query, key, 0.3), torch.tensor(total))


def test_negatives_come_from_the_image_itself_alone():
    query, key = vectors(0), vectors(1)
    alone = [patch_nce(query[i : i + 1], key[i : i + 1]) for i in range(2)]
    torch.testing.assert_close(patch_nce(query, key), (alone[0] + alone[1]) / 2)


def test_keys_are_not_taught():
    query, key = vectors(0).requires_grad_(), vectors(1).requires_grad_()
    patch_nce(query, key).backward()
    assert query.grad is not None
    assert key.grad is None
