"""Which heads a page shows first and in numbers, and those numbers as integers.

Of a head that looks at [CLS], [SEP] and the token itself there is little to be seen, and most heads
do for most tokens (Clark et al. 2019, arXiv:1906.04341, section 3.2). So heads are ordered by how
strongly their words look at another word.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..dims import Floats
from ..reference.forward import split_heads

# Bytes of integers: with 6 x 12 heads of 128 tokens, a page then stays below 3 MB.
MAX_ARITHMETIC = 600_000
_LARGEST = np.iinfo(np.int16).max


def between_words(prob_NHLM: Floats, is_word_L: NDArray[np.bool_]) -> Floats:
    """How strongly words look at another word: each one's largest probability, mean, [N, H].

    Args:
        prob_NHLM: the maps of one text.
        is_word_L: False for [CLS] and [SEP].
    """
    strongest_NHL = _among_words(prob_NHLM, is_word_L).max(axis=-1)
    between_NH: Floats = strongest_NHL.sum(axis=-1) / max(1, is_word_L.sum())
    return between_NH


def looking_token(prob_LM: Floats, is_word_L: NDArray[np.bool_]) -> int:
    """The word whose look at another word is the strongest in a head; the first if none looks.

    Args:
        prob_LM: the head's map.
        is_word_L: False for [CLS] and [SEP].
    """
    strongest_L = _among_words(prob_LM, is_word_L).max(axis=-1)
    return int(np.where(is_word_L, strongest_L, -1).argmax())


def _among_words(prob_LM: Floats, is_word_L: NDArray[np.bool_]) -> Floats:
    """Maps without [CLS] and [SEP], and without what tokens make of themselves."""
    among_LM = is_word_L[:, None] & is_word_L & ~np.eye(len(is_word_L), dtype=np.bool_)
    return prob_LM * among_LM


def heads_in_numbers(
    between_NH: Floats, first: tuple[int, int], head_bytes: int
) -> list[tuple[int, int]]:
    """The (layer, head) whose numbers a page has room for, in their order.

    Args:
        between_NH: of `between_words`.
        first: one that is always among them.
        head_bytes: of one head's query, key and value.
    """
    N, H = between_NH.shape
    best_NH = np.argsort(-between_NH, axis=1, kind="stable")
    # The best of each layer, then the second of each, and so on.
    ranked = [(n, int(best_NH[n, rank])) for rank in range(H) for n in range(N)]
    count = max(1, MAX_ARITHMETIC // head_bytes)
    return sorted([first, *(head for head in ranked if head != first)][:count])


class Integers(NamedTuple):
    """Numbers of some heads.

    Attributes:
        unit_A3: a number is its integer times the unit of its head's query, key or value.
        integer_A3LK: int16, little-endian.
    """

    unit_A3: Floats
    integer_A3LK: NDArray[np.int16]


def as_integers(
    query_NLD: Floats,
    key_NLD: Floats,
    value_NLD: Floats,
    num_heads: int,
    chosen: list[tuple[int, int]],
) -> Integers:
    """Query, key and value of heads; each loses at most half a unit, 1 / 65534 of its largest.

    Args:
        query_NLD: of each layer.
        key_NLD: likewise.
        value_NLD: likewise.
        num_heads: of a layer.
        chosen: A times (layer, head).
    """
    real_A3LK = np.array(
        [
            [
                split_heads(array_NLD[n], num_heads)[h]
                for array_NLD in (query_NLD, key_NLD, value_NLD)
            ]
            for n, h in chosen
        ],
        dtype=np.float64,
    )
    unit_A3: Floats = np.abs(real_A3LK).max(axis=(2, 3)) / _LARGEST
    divisor_A311 = np.where(unit_A3 == 0, 1, unit_A3)[..., None, None]
    return Integers(unit_A3, np.rint(real_A3LK / divisor_A311).astype("<i2"))
