"""A window's best spans, beside a search through all of them."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npdistil import ModelFileError
from npdistil.tasks.answering.context_windows import ContextWindow
from npdistil.tasks.answering.options import checked_options
from npdistil.tasks.answering.spans import best_spans, window_spans

logit = st.integers(-40, 40).map(lambda n: n / 4)  # exact sums, and ties


def options(**changed):
    defaults = {
        "limit": 512,
        "top_k": 1,
        "doc_stride": None,
        "max_answer_len": 15,
        "max_seq_len": None,
        "max_question_len": None,
        "handle_impossible_answer": False,
        "align_to_words": True,
        "null_threshold": None,
    }
    return checked_options(**{**defaults, **changed})


def window(words: list[int], first: int = 3) -> ContextWindow:
    """Tokens of two characters each, a space between words."""
    words_N = np.array(words, np.int32)
    begins = 2 * np.arange(len(words)) + words_N
    spans_N2 = np.stack([begins, begins + 2], 1).astype(np.int32)
    ids_L = np.zeros(first + len(words) + 1, np.int32)
    return ContextWindow(ids_L, ids_L, first, words_N, spans_N2)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(logit, logit), min_size=1, max_size=9),
    st.integers(1, 12),
    st.integers(1, 30),
)
def test_best_spans_are_those_of_a_full_search(logits, longest, count):
    """Catches an end before its start, one token too many, or a span that was missed."""
    start_N, end_N = np.array(logits).T
    N = len(start_N)
    every = [(s, e) for s, e in product(range(N), range(N)) if s <= e < s + longest]
    every.sort(key=lambda span: (-(start_N[span[0]] + end_N[span[1]]), span))
    firsts, lasts, best = best_spans(start_N, end_N, longest, count)
    assert [*zip(firsts.tolist(), lasts.tolist(), strict=True)] == every[:count]
    assert best == start_N[firsts[0]] + end_N[lasts[0]]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(logit, logit), min_size=5, max_size=12))
def test_scores_are_products_over_context_and_cls(logits):
    """Catches question or [SEP] in the softmax, and [CLS] left out of it."""
    logits_L2 = np.array(logits, np.float32)
    of_context = window([*range(len(logits) - 4)])
    found = window_spans(logits_L2, of_context, options(top_k=200, align_to_words=False))
    allowed = [0, *range(3, len(logits) - 1)]
    exp = np.exp(logits_L2[allowed].astype(np.float64))
    start_prob, end_prob = (exp / exp.sum(axis=0)).T
    assert found.null_score == pytest.approx(start_prob[0] * end_prob[0], rel=1e-5)
    assert found.null_logit == logits_L2[0].sum(dtype=np.float64)
    for span in found.spans:
        first, last = span.start // 3 + 1, span.end // 3 + 1  # tokens of two characters, spaced
        assert span.score == pytest.approx(start_prob[first] * end_prob[last], rel=1e-5)
    assert found.spans == sorted(found.spans, key=lambda span: -span.score)


def test_a_span_grows_to_whole_words():
    """Catches half a word in an answer, a word grown too far, and growth that nobody wanted."""
    logits_L2 = np.full((10, 2), -9, np.float32)
    logits_L2[5, 0] = logits_L2[6, 1] = 9  # tokens 2 and 3 of the context
    of_context = window([0, 1, 1, 2, 2, 3])
    assert of_context.spans_N2.tolist() == [[0, 2], [3, 5], [5, 7], [8, 10], [10, 12], [13, 15]]
    (aligned, *_) = window_spans(logits_L2, of_context, options()).spans
    assert (aligned.start, aligned.end) == (3, 12)
    (exact, *_) = window_spans(logits_L2, of_context, options(align_to_words=False)).spans
    assert (exact.start, exact.end) == (5, 10)


def test_scores_that_vanish_keep_the_order_of_their_logits():
    """Catches an order by products of probabilities, which underflow to equal zeros."""
    logits_L2 = np.zeros((8, 2), np.float32)
    logits_L2[0] = 200
    logits_L2[4:6] = 3, 5
    found = window_spans(logits_L2, window([0, 1, 2, 3]), options(max_answer_len=1))
    assert {span.score for span in found.spans} == {0.0}
    assert (found.spans[0].start, found.best_logit) == (3, 8.0)


def test_a_window_without_context():
    """Catches a softmax of [CLS] alone, or an index into nothing."""
    found = window_spans(np.ones((4, 2), np.float32), window([]), options())
    assert found == ([], 1.0, 2.0, -np.inf)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_scores_that_are_no_numbers(value):
    """Catches a damaged model that answers, or dies of an index."""
    logits_L2 = np.zeros((8, 2), np.float32)
    logits_L2[4, 1] = value
    with pytest.raises(ModelFileError, match="not finite"):
        window_spans(logits_L2, window([0, 1, 2, 3]), options())


def test_softmax_of_large_logits():
    """Catches an overflow where the largest logit stays, and a sum over the wrong axis."""
    logits_L2 = np.full((8, 2), -1000, np.float32)
    logits_L2[4:6, 0] = logits_L2[5, 1] = 1000
    found = window_spans(logits_L2, window([0, 1, 2, 3]), options(align_to_words=False))
    assert found.spans[0].score == 0.5 and found.null_score == 0.0
