"""The best words of a vocabulary, on arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from npdistil.tasks.filling.best_words import GROUP, best_words, largest

# Few values, so that many are equal.
scores = arrays(
    np.float32,
    st.integers(1, 5 * GROUP),
    elements=st.sampled_from([-3.0, 0.0, 0.5, 2.0, 7.0]),
    fill=st.just(np.float32(-1)),
)


@given(scores, st.integers(1, 12))
def test_the_largest_are_those_of_a_sort(scores_V, count):
    """Catches a group that is passed over, the last words behind whole groups, and ties."""
    wanted = np.argsort(-scores_V, kind="stable")[:count]
    assert largest(scores_V, count).tolist() == wanted.tolist()


def test_probabilities_are_among_all_words(rng):
    """Catches a softmax over the targets alone, or over those shown."""
    logits_MV = rng.standard_normal((3, 1000)).astype(np.float32) * 4
    exact_MV = np.exp(logits_MV.astype(np.float64))
    exact_MV /= exact_MV.sum(axis=1, keepdims=True)
    for targets in (None, np.array([998, 5, 70, 7])):
        prob_MK, ids_MK = best_words(logits_MV, 3, targets)
        assert prob_MK.shape == ids_MK.shape == (3, 3)
        assert prob_MK == pytest.approx(np.take_along_axis(exact_MV, ids_MK, axis=1), rel=1e-5)
        allowed = range(1000) if targets is None else targets.tolist()
        for row_V, ids_K in zip(exact_MV, ids_MK.tolist(), strict=True):
            assert ids_K == sorted(allowed, key=lambda word, row=row_V: -row[word])[:3]


def test_there_are_no_more_words_than_targets(rng):
    """As in Transformers, which lowers top_k then and does not fail."""
    prob_MK, ids_MK = best_words(rng.standard_normal((2, 50)), 5, np.array([3, 9]))
    assert prob_MK.shape == (2, 2) and sorted(ids_MK[0].tolist()) == [3, 9]


def test_all_words_can_be_asked_for(rng):
    """Catches the largest groups taken for all there are."""
    logits_MV = rng.standard_normal((1, 3 * GROUP))
    prob_MK, ids_MK = best_words(logits_MV, 3 * GROUP)
    assert sorted(ids_MK[0].tolist()) == list(range(3 * GROUP))
    assert prob_MK.sum() == pytest.approx(1)


def test_nan_is_not_hidden():
    """Catches a broken model that is answered with fewer words, or with numbers that look well."""
    prob_MK, ids_MK = best_words(np.full((1, 4 * GROUP), np.nan, np.float32), 2)
    assert np.isnan(prob_MK).all() and ids_MK.shape == (1, 2)
