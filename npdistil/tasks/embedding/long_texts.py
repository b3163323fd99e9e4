"""Texts longer than the model: overlapping windows, pooled by tokens.

A text of n tokens that does not fit is cut into windows of C = max_seq_length - 2 tokens, each
between its own [CLS] and [SEP]. A window begins C - stride tokens behind the one before it, so
neighbours share `stride` tokens; the last one begins C tokens before the text's end, and shares
more. Every token has then one row in one window, or several rows in several. One of them counts,
by this rule: of the tokens that two neighbouring windows share, the first half (rounded up) counts
in the earlier window, the rest in the later one. So each token is taken from where it has more of
its surroundings. [CLS] counts in the first window and [SEP] in the last.

These n + 2 rows, in the order of the text, are pooled as if the model had computed them at once:

    mean = (h[CLS] + h_1 + ... + h_n + h[SEP]) / (n + 2)

and likewise "max", "mean_sqrt_len_tokens" and "weightedmean", whose weights are the places 1 to
n + 2 in the whole text. "cls" and "lasttoken" are one row, which has seen one window only: they are
refused. A text that fits has one window, and is encoded as ever.

Sums are float64, because a book has a million rows; windows are computed some at a time, so memory
does not grow with the text but for its ids.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...dims import Floats
from ...encoder.backend import Pooling
from ...errors import InputError

POOLED_WHOLE: tuple[Pooling, ...] = ("mean", "max", "mean_sqrt_len_tokens", "weightedmean")
USUAL_SHARE = 4  # a fourth of a window is shared with the next

# Sequences of ids, each with [CLS] and [SEP], to their rows [L, D].
Rows = Callable[[list[NDArray[np.int32]]], list[Floats]]


def checked_overlap(stride: int | None, capacity: int) -> int:
    """How many tokens neighbours share; None means a fourth of a window.

    Raises:
        InputError: windows that would never come to an end.
    """
    if stride is None:
        return capacity // USUAL_SHARE
    if not 0 <= stride < capacity:
        raise InputError(
            f"stride: expected 0 to {max(capacity - 1, 0)} tokens, as many as a window of "
            f"{capacity} can share with the next, received {stride}."
        )
    return stride


def check_poolings(poolings: tuple[Pooling, ...]) -> None:
    """Refuse poolings that have no meaning for a text in windows.

    Raises:
        InputError: one that takes a single row.
    """
    for pooling in poolings:
        if pooling not in POOLED_WHOLE:
            raise InputError(
                f"long: pooling {pooling!r} takes one row, which has seen one window and not the "
                f"text; only {', '.join(POOLED_WHOLE)} are built for long texts."
            )


def window_bounds(tokens: int, capacity: int, overlap: int) -> list[tuple[int, int, int, int]]:
    """The windows of a text that does not fit into one: (start, end, first, last), by tokens.

    A window holds tokens start to end; its rows count for tokens first to last.

    >>> window_bounds(10, 4, 1)
    [(0, 4, 0, 4), (3, 7, 4, 7), (6, 10, 7, 10)]
    >>> window_bounds(9, 4, 2)
    [(0, 4, 0, 3), (2, 6, 3, 5), (4, 8, 5, 7), (5, 9, 7, 9)]
    """
    starts = [*range(0, tokens - capacity, capacity - overlap), tokens - capacity]
    # Between start of the later and end of the earlier: the first half goes to the earlier.
    borders = [later + -(-(earlier + capacity - later) // 2) for earlier, later in pairwise(starts)]
    return [
        (start, start + capacity, first, last)
        for start, first, last in zip(starts, [0, *borders], [*borders, tokens], strict=True)
    ]


class TokenPool:
    """Pools rows that come one after another; keeps sums and no rows."""

    def __init__(self, poolings: tuple[Pooling, ...], features: int, skip: int) -> None:
        """`skip` rows at the beginning keep their places but do not count."""
        self._poolings, self._skip, self._place = poolings, skip, 0
        self._sum_D = np.zeros(features, np.float64)
        self._weighted_D = np.zeros(features, np.float64)
        self._most_D = np.full(features, -np.inf, np.float32)
        self._count = self._weights = 0

    def add(self, rows_LD: Floats) -> None:
        """The next rows."""
        left_out = min(max(self._skip - self._place, 0), len(rows_LD))
        places = np.arange(self._place + 1, self._place + len(rows_LD) + 1)[left_out:]
        self._place += len(rows_LD)
        rows_LD = rows_LD[left_out:]
        if len(rows_LD) == 0:
            return
        self._count += len(rows_LD)
        self._sum_D += rows_LD.sum(axis=0, dtype=np.float64)
        if "weightedmean" in self._poolings:
            self._weights += int(places.sum())
            self._weighted_D += (places[:, None] * rows_LD).sum(axis=0, dtype=np.float64)
        if "max" in self._poolings:
            np.maximum(self._most_D, rows_LD.max(axis=0), out=self._most_D)

    def pooled(self) -> NDArray[np.float32]:
        """[1, D * number of poolings], side by side."""
        count = max(self._count, 1)
        parts: dict[Pooling, Floats] = {
            "mean": self._sum_D / count,
            "mean_sqrt_len_tokens": self._sum_D / np.sqrt(count),
            "weightedmean": self._weighted_D / max(self._weights, 1),
            "max": self._most_D,
        }
        return np.concatenate([parts[mode] for mode in self._poolings]).astype(np.float32)[None]


def pool_long(
    ids_T: NDArray[np.int32], max_seq_length: int, overlap: int, pool: TokenPool, rows_of: Rows
) -> NDArray[np.float32]:
    """One text that does not fit, [1, D * number of poolings].

    Args:
        ids_T: [CLS], the text's tokens, [SEP].
        max_seq_length: tokens of a window, [CLS] and [SEP] included.
        overlap: tokens that neighbours share.
        pool: a new one.
        rows_of: called with some windows at a time.
    """
    cls_id, tokens_T, sep_id = ids_T[:1], ids_T[1:-1], ids_T[-1:]
    bounds = window_bounds(len(tokens_T), max_seq_length - 2, overlap)
    for some in _groups(bounds, max_seq_length):
        sequences = [
            np.concatenate([cls_id, tokens_T[start:end], sep_id]) for start, end, *_ in some
        ]
        for rows_LD, (start, _, first, last) in zip(rows_of(sequences), some, strict=True):
            begin = 0 if first == 0 else first - start + 1  # row 0 is [CLS]
            end = len(rows_LD) if last == len(tokens_T) else last - start + 1
            pool.add(rows_LD[begin:end])
    return pool.pooled()


TOKENS_AT_A_TIME = 8192


def _groups(
    bounds: list[tuple[int, int, int, int]], length: int
) -> Iterator[list[tuple[int, int, int, int]]]:
    size = max(1, TOKENS_AT_A_TIME // length)
    for first in range(0, len(bounds), size):
        yield bounds[first : first + size]
