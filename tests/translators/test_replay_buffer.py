"""The replay buffer: fills up, then swaps every second time, and can be saved."""

import pytest
import torch

from otherlight.translators.replay_buffer import ReplayBuffer


def images(*values: float) -> torch.Tensor:
    return torch.stack([torch.full((3, 2, 2), float(value)) for value in values])


def buffer(capacity: int) -> ReplayBuffer:
    return ReplayBuffer(capacity, torch.Generator().manual_seed(0))


def test_fills_up_first_and_hands_through_meanwhile():
    replay = buffer(3)
    assert torch.equal(replay.swap(images(1, 2)), images(1, 2))
    assert torch.equal(replay.swap(images(3)), images(3))
    assert len(replay) == 3


def test_half_of_what_it_hands_out_is_from_the_past():
    replay = buffer(50)
    now = [float(replay.swap(images(step))[0, 0, 0, 0]) == step for step in range(2050)]
    assert all(now[:50])
    assert 0.46 < sum(now[50:]) / 2000 < 0.54


def test_no_image_is_lost_or_doubled_by_swaps():
    replay = buffer(5)
    out = [float(replay.swap(images(step))[0, 0, 0, 0]) for step in range(100)]
    swapped = [value for step, value in enumerate(out) if value != step]
    assert len(swapped) == len(set(swapped))


def test_capacity_nought_passes_through():
    replay = buffer(0)
    assert torch.equal(replay.swap(images(7)), images(7))
    assert len(replay) == 0


def test_hands_out_no_gradients():
    assert not buffer(2).swap(images(1).requires_grad_(True)).requires_grad


def test_goes_on_from_its_state():
    replay, again = buffer(4), buffer(4)
    for step in range(10):
        replay.swap(images(step))
    again.load_state("r", {k: v.clone() for k, v in replay.state("r").items()})
    wanted = [replay.swap(images(step)) for step in range(10, 30)]
    got = [again.swap(images(step)) for step in range(10, 30)]
    assert all(torch.equal(a, b) for a, b in zip(wanted, got, strict=True))


def test_a_negative_capacity_is_refused():
    with pytest.raises(ValueError, match="capacity of a replay buffer is 0 or more; -1 came"):
        buffer(-1)
