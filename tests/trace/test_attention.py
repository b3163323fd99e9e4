"""Rollout and entropy: on maps by hand, and what must hold for any."""

import math

import numpy as np
import pytest

from npdistil import InputError
from npdistil.trace.attention import attention_rollout, head_entropy
from tests.tolerances import GOLDEN_FLOAT64
from tests.trace.traced import MASK_BL, make


def probs_of(ids_BL: np.ndarray) -> np.ndarray:
    _, cache = make(dtype="float64").run_with_cache(ids_BL, MASK_BL)
    return cache.stacked("layers.*.attention.probs")


def test_rows_of_a_rollout_sum_to_one(ids_BL):
    """Catches a residual that is added and not averaged, masked rows that attend to themselves."""
    rolled = attention_rollout(probs_of(ids_BL))
    assert rolled.shape == (2, 5, 5, 5)
    sums = np.broadcast_to(MASK_BL, (2, 5, 5))
    assert np.abs(rolled.sum(axis=-1) - sums).max() <= GOLDEN_FLOAT64
    assert not rolled.swapaxes(-1, -2)[:, MASK_BL == 0].any()


def test_rollout_by_hand():
    """Catches layers multiplied in the other order, and heads summed."""
    first, second = np.array([[1.0, 0], [1, 0]]), np.array([[0, 1.0], [0, 1]])
    third = np.array([[0.5, 0.5], [0.5, 0.5]])
    probs = np.stack([np.stack([first, first])[None], np.stack([second, third])[None]])
    rolled = attention_rollout(probs)
    np.testing.assert_array_equal(rolled[0, 0], [[1, 0], [0.5, 0.5]])
    # the second layer's mean with the identity is [[0.625, 0.375], [0.125, 0.875]]
    np.testing.assert_array_equal(rolled[1, 0], [[0.8125, 0.1875], [0.5625, 0.4375]])


def test_entropy_by_hand():
    """Catches another base, a sum in the place of the mean, and masked rows that count."""
    prob = np.zeros((1, 3, 4, 4))
    prob[0, 0, [0, 1, 3], [1, 1, 0]] = 1  # looks at one token
    prob[0, 1][np.ix_([0, 1, 3], [0, 1, 3])] = 1 / 3  # looks at all three alike
    prob[0, 2, [0, 1, 3]] = [[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25, 0.25, 0, 0.5]]
    found = head_entropy([prob])
    wanted = [0, math.log(3), (math.log(2) + 1.5 * math.log(2)) / 3]
    assert found.shape == (1, 1, 3) and np.abs(found[0, 0] - wanted).max() <= GOLDEN_FLOAT64


def test_entropy_of_a_model(ids_BL):
    """Catches a text without tokens that becomes NaN, and more than log L."""
    entropy = head_entropy(probs_of(ids_BL))
    lengths = MASK_BL.sum(axis=1)
    assert entropy.shape == (2, 5, 3) and not entropy[:, 3].any()
    some = entropy[:, lengths > 0]
    assert (some > 0).all() and (some < np.log(lengths[lengths > 0])[:, None]).all()


@pytest.mark.parametrize("function", [attention_rollout, head_entropy])
@pytest.mark.parametrize(
    "probs, message",
    [
        ([], "received no layer"),
        (np.zeros((0, 1, 2, 3, 3)), "received no layer"),
        (np.ones((1, 2, 3, 3)), r"received \[2, 3, 3\]"),
        ([np.ones((1, 2, 3, 4))], r"received \[1, 2, 3, 4\]"),
        ([np.ones((1, 2, 3, 3)), np.ones((1, 2, 4, 4))], r"received \[1, 2, 4, 4\]"),
    ],
)
def test_what_is_no_maps_of_layers(function, probs, message):
    """Catches somebody else's error, and one layer's maps whose texts are taken for layers."""
    with pytest.raises(InputError, match=f"probs: expected each layer's maps .*{message}"):
        function(probs)
