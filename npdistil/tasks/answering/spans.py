"""The spans of a window that answer best, from the logits of where an answer begins and ends."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...dims import Floats
from ...errors import ModelFileError
from ...reference.forward import softmax
from .context_windows import ContextWindow
from .options import Options


class Span(NamedTuple):
    """A candidate of a window."""

    score: float  # probability of its start times that of its end
    start: int  # characters of the context, half open
    end: int


class WindowSpans(NamedTuple):
    """What a window proposes."""

    spans: list[Span]  # best first
    null_score: float  # the same product for [CLS], which stands for "no answer"
    null_logit: float  # sum of both logits of [CLS]
    best_logit: float  # the same of the best span; minus infinity without one


def window_spans(logits_L2: Floats, window: ContextWindow, options: Options) -> WindowSpans:
    """Decode a window.

    Start and end are distributions over [CLS] and the context's tokens; a span is scored by the
    product of two probabilities, as if they were independent. With `align_to_words` a span grows
    to whole words, or to what the window holds of them.

    Args:
        logits_L2: start and end of each token of the window.
        window: says which tokens are the context's.
        options: `max_answer_len`, how many candidates, and `align_to_words`.

    Raises:
        ModelFileError: a logit is not finite, so the weights are of no use.

    Source: Devlin et al. 2018, arXiv:1810.04805, section 4.3; Chen et al. 2017, arXiv:1704.00051,
    section 3.2; the question-answering pipeline of Transformers 4.57.6.
    """
    N, first = len(window.words_N), window.first
    start_N, end_N = both_2N = np.empty((2, 1 + N), np.float32)
    both_2N[:, 0] = logits_L2[0]
    both_2N[:, 1:] = logits_L2[first : first + N].T
    if not np.isfinite(both_2N).all():
        raise ModelFileError(
            "the model's scores are not finite numbers, so its weights are damaged; convert or "
            "fetch them again."
        )
    start_prob_N, end_prob_N = softmax(both_2N)
    null_score = float(start_prob_N[0] * end_prob_N[0])
    null_logit = float(start_N[0]) + float(end_N[0])
    if N == 0:
        return WindowSpans([], null_score, null_logit, -np.inf)
    firsts, lasts, best_logit = best_spans(
        start_N[1:], end_N[1:], options.max_answer_len, options.candidates
    )
    # Probabilities may vanish where logits still tell spans apart, hence the choice by logits.
    scores = start_prob_N[1:][firsts] * end_prob_N[1:][lasts]
    order = np.argsort(-scores, kind="stable")
    scores, firsts, lasts = scores[order], firsts[order], lasts[order]
    if options.align_to_words:
        words_N = window.words_N
        firsts = np.searchsorted(words_N, words_N[firsts], "left")
        lasts = np.searchsorted(words_N, words_N[lasts], "right") - 1
    starts, ends = window.spans_N2[firsts, 0], window.spans_N2[lasts, 1]
    found = map(Span, scores.tolist(), starts.tolist(), ends.tolist())
    return WindowSpans([*found], null_score, null_logit, best_logit)


def best_spans(
    start_N: Floats, end_N: Floats, longest: int, count: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], float]:
    """The `count` spans of 1 to `longest` tokens with the largest sum of logits.

    Args:
        start_N: logits of the first token; at least one.
        end_N: of the last token.
        longest: at least 1.
        count: at least 1; there may be fewer spans.

    Returns:
        First and last tokens, best first (of equal ones the earlier, then the shorter), and the
        sum of the best.

    >>> best_spans(np.array([1.0, 5.0, 0.0]), np.array([9.0, 1.0, 2.0]), 2, 2)
    (array([0, 1]), array([0, 2]), 10.0)
    """
    width = min(longest, len(start_N))
    # Row n has the ends n, n + 1, ...; behind the context nothing can end.
    end_N = np.concatenate([end_N.astype(np.float64), np.full(width - 1, -np.inf)])
    ends_NW = end_N[np.arange(len(start_N))[:, None] + np.arange(width)]
    sums = (start_N.astype(np.float64)[:, None] + ends_NW).ravel()
    if count < len(sums):
        # All that are no worse than the last one taken, so that ties do not depend on the order.
        bound = np.partition(sums, len(sums) - count)[len(sums) - count]
        chosen = np.flatnonzero(sums >= bound)
    else:
        chosen = np.arange(len(sums))
    chosen = chosen[np.isfinite(sums[chosen])]
    chosen = chosen[np.argsort(-sums[chosen], kind="stable")][:count]
    first, length = np.divmod(chosen, width)
    return first, first + length, float(sums[chosen[0]])
