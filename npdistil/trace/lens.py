"""The logit lens: what a masked-word head would say of each layer, as if it were the last.

Source: nostalgebraist 2020, "interpreting GPT: the logit lens". BERT's head was fitted to the last
layer alone and is no linear map; what it reads in earlier layers is a hint and not a measurement.
"""

from collections.abc import Callable, Sequence

import numpy as np

from ..dims import Floats, Ints


def logit_lens(
    states: Sequence[Floats], scores: Callable[[Floats], Floats], positions: Ints | None = None
) -> Floats:
    """Scores of all words for the rows of every state.

    Args:
        states: [B, L, D] each: the embeddings, then each layer's output.
        scores: the head, rows [M, D] to [M, V].
        positions: columns that are read, [P]; None reads all. V is large: ask for few.

    Returns:
        [S, B, P, V]. Masked places are read as rows of zeros.
    """
    read = [state if positions is None else state[:, positions] for state in states]
    return np.stack(
        [
            scores(np.ascontiguousarray(x.reshape(-1, x.shape[-1]))).reshape(*x.shape[:2], -1)
            for x in read
        ]
    )


def word_ranks(logits: Floats, words: Ints) -> Ints:
    """The place of one word among all, 0 for the best: how early a layer knows it.

    Args:
        logits: [..., V].
        words: ids, of a shape that fits [...].
    """
    own = np.take_along_axis(logits, np.broadcast_to(words, logits.shape[:-1])[..., None], axis=-1)
    ranks: Ints = (logits > own).sum(axis=-1)
    return ranks
