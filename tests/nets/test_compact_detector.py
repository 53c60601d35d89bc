"""The compact network: its points, its box code, and answers in fp32 whatever the trunk is in."""

import torch

from otherlight.nets.compact_detector import STRIDES, CompactNet


def net(seed: int = 0) -> CompactNet:
    return CompactNet(3, 8, 16, torch.Generator().manual_seed(seed)).eval()


def test_one_answer_a_cell_of_every_level():
    logits, boxes, points = net()(torch.zeros(2, 3, 64, 96))
    cells = sum((64 // stride) * (96 // stride) for stride in STRIDES)
    assert logits.shape == (2, cells, 3)
    assert boxes.shape == (2, cells, 4)
    assert points[0].tolist() == [2, 2, 4]
    assert points[1].tolist() == [6, 2, 4]
    assert points[24].tolist() == [2, 6, 4]
    assert points[-1].tolist() == [80, 48, 32]


def test_boxes_start_two_strides_wide_around_their_points_and_classes_rare():
    logits, boxes, points = net()(torch.randn(1, 3, 64, 64))
    stride = points[:, 2:]
    wanted = torch.cat([points[:, :2] - stride, points[:, :2] + stride], 1)
    torch.testing.assert_close(boxes[0], wanted)
    assert logits.sigmoid().mean() < 0.02


def test_answers_are_fp32_even_where_the_trunk_is_bf16():
    made = net()
    with torch.autocast("cpu", torch.bfloat16):
        logits, boxes, _ = made(torch.randn(1, 3, 64, 64))
    assert logits.dtype == boxes.dtype == torch.float32
    # Rounded to bf16, different logits would fall together.
    assert (logits.flatten().bfloat16().float() != logits.flatten()).any()


def test_first_weights_come_from_the_generator_alone():
    torch.rand(3)
    one, same, other = net(1).state_dict(), net(1).state_dict(), net(2).state_dict()
    assert all(one[name].equal(same[name]) for name in one)
    assert not one["stem.0.0.weight"].equal(other["stem.0.0.weight"])
