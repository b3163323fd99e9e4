"""Of the scores of a whole vocabulary, the few that anybody wants to see."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...dims import Floats

Ids = NDArray[np.intp]
GROUP = 64  # scores of which the largest stands for all, until it is known which groups matter


def best_words(logits_MV: Floats, top_k: int, target_ids: Ids | None = None) -> tuple[Floats, Ids]:
    """Probabilities and ids of the words that fit best, best first.

    Args:
        logits_MV: of each masked place, at least one, for each word.
        top_k: how many words, at most V.
        target_ids: the only words that count; None: all. Probabilities stay those among all words,
            and there are no more words than targets.

    Returns:
        prob_MK and ids_MK, where K is `top_k` or the number of targets. Equal ones come in the
        order of the vocabulary, or of the targets.
    """
    allowed = slice(None) if target_ids is None else target_ids
    places, probs = [], []
    exp_V = np.empty(logits_MV.shape[1], logits_MV.dtype)
    for scores_V in logits_MV:  # row by row: what is looked at thrice is fetched once
        most = scores_V.max()
        total = np.exp(np.subtract(scores_V, most, out=exp_V), out=exp_V).sum()
        considered = scores_V[allowed]
        place_K = largest(considered, min(top_k, len(considered)))
        places.append(place_K)
        probs.append(np.exp(considered[place_K] - most) / total)
    place_MK = np.array(places, np.intp)
    return np.array(probs), place_MK if target_ids is None else target_ids[place_MK]


def largest(scores_V: NDArray[Any], count: int) -> Ids:
    """Where the largest scores stand, largest first; of equal ones the first.

    A group whose largest score is below the `count` largest of such holds none of them, so most of
    the vocabulary is looked at once. The scores of a group stand apart from each other: that way
    NumPy finds the largest of many groups with one vector instruction.

    >>> largest(np.array([1.0, 3.0, 2.0, 3.0]), 3)
    array([1, 3, 2])
    """
    most = scores_V[: len(scores_V) // GROUP * GROUP].reshape(GROUP, -1).max(axis=0)
    if 0 < count < len(most):
        near = np.flatnonzero(~(scores_V < np.partition(most, -count)[-count]))  # NaN is near
    else:
        near = np.arange(len(scores_V))
    order = np.argsort(-scores_V[near], kind="stable")
    return near[order[:count]]
