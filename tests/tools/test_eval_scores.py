"""Scores of tools/eval.py against cases worked out by hand."""

import math

import numpy as np
import pytest

from tools.eval_scores import accuracy, cosine, mean_ndcg, ndcg, spearman

LOG3 = math.log2(3)


@pytest.mark.parametrize(
    "ranking, gains, depth, wanted",
    [
        ([7], {7: 1.0}, 10, 1.0),
        ([1, 7], {7: 1.0}, 10, 1 / LOG3),  # second place: 1 / log2(3)
        ([1, 2, 3], {7: 1.0}, 10, 0.0),
        # 3 at the second place and 1 at the first, where 3 + 1 / log2(3) would be best
        ([1, 2], {1: 1.0, 2: 3.0}, 10, (1 + 3 / LOG3) / (3 + 1 / LOG3)),
        # one of two found, at the third place: 1 / log2(4) of 1 + 1 / log2(3)
        ([5, 6, 1], {1: 1.0, 2: 1.0}, 10, 0.5 / (1 + 1 / LOG3)),
        # what is below the depth counts neither among the found nor in the best ranking
        ([5, 1], {1: 1.0, 2: 1.0}, 1, 0.0),
        ([1, 5], {1: 1.0, 2: 1.0, 3: 1.0}, 1, 1.0),
        ([*range(12)], {11: 1.0, 0: 1.0}, 10, 1 / (1 + 1 / LOG3)),
    ],
)
def test_ndcg(ranking, gains, depth, wanted):
    """Ranks from 0, a natural logarithm, or a best ranking of what was found only."""
    assert ndcg(ranking, gains, depth) == pytest.approx(wanted, abs=1e-12)


def test_mean_ndcg():
    """A mean over documents, or over the queries that found something."""
    assert mean_ndcg([[1], [2]], [{1: 1.0}, {1: 1.0}]) == 0.5


def test_spearman_shares_ranks():
    """A correlation of values instead of ranks, or ties in the order of the file."""
    values = np.array([0.1, 0.2, 0.3, 90.0])
    assert spearman(values, np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(1.0)
    assert spearman(values, np.array([2.0, 2.0, 2.0, 3.0])) == pytest.approx(0.6**0.5)


def test_cosine_and_accuracy():
    """Lengths that are not divided out, and a share of the wrong ones."""
    a, b = np.array([[3.0, 0.0], [1.0, 1.0]]), np.array([[2.0, 0.0], [-5.0, 0.0]])
    np.testing.assert_allclose(cosine(a, b), [1.0, -(0.5**0.5)], atol=1e-15)
    assert accuracy([1, 2, 3, 4], [1, 0, 3, 4]) == 0.75
