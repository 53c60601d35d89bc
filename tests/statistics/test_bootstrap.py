"""group_weights: whole groups, drawn with replacement, the same for every block."""

import numpy as np
import pytest

from otherlight.statistics import count_groups, group_index, group_weights, weight_blocks

GROUPS = np.array(["b", "a", "b", "c", "c", "c", "d"])


def test_images_of_a_group_stay_together_and_groups_keep_their_number():
    weights = group_weights(GROUPS, 300, np.random.default_rng(0))
    assert weights.shape == (7, 300)
    np.testing.assert_array_equal(weights[0], weights[2])
    np.testing.assert_array_equal(weights[3], weights[5])
    assert (weights[[0, 1, 3, 6]].sum(0) == 4).all()
    assert (weights == weights.round()).all()


def test_counts_have_the_moments_of_a_multinomial():
    weights = group_weights(np.arange(5), 20_000, np.random.default_rng(0))
    error = 4 / np.sqrt(20_000)
    assert weights.mean(1) == pytest.approx(np.ones(5), abs=error)
    assert np.cov(weights) == pytest.approx(np.eye(5) - 0.2, abs=2 * error)


@pytest.mark.parametrize("block", [1, 3, 7, 1000])
def test_blocks_are_the_columns_of_the_whole(block: int):
    whole = group_weights(GROUPS, 20, np.random.default_rng(3))
    pieces = list(weight_blocks(GROUPS, 20, np.random.default_rng(3), block))
    np.testing.assert_array_equal(np.concatenate(pieces, 1), whole)
    assert pieces[0].shape[1] == min(block, 20)


def test_a_seed_repeats_and_another_differs():
    one, same, other = (group_weights(GROUPS, 20, np.random.default_rng(s)) for s in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_groups_are_counted_where_they_have_images():
    assert count_groups(GROUPS) == 4
    assert count_groups(GROUPS, np.array([True, False, True, False, False, True, False])) == 2
    assert group_index(list(GROUPS)).tolist() == [1, 0, 1, 2, 2, 2, 3]


def test_messages():
    with pytest.raises(ValueError, match="needs images and resamples; got 0 and 5"):
        group_weights(np.zeros(0, int), 5, np.random.default_rng(0))
