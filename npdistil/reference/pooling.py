"""Token rows to one row a sequence: the six poolings, and the length 1 behind them.

The first `skip` rows of each sequence are left out: those of a prompt that is to be read but not
pooled. Where nothing is left, a sum is zero, a maximum is minus infinity, and the first row is the
sequence's own. No sequence may be empty.

Source: Reimers and Gurevych 2019, arXiv:1908.10084, section 3; the weighted mean: Muennighoff 2022,
arXiv:2202.08904, section 3.1.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from ..dims import Floats, Ints


def pool_mean(hidden_TD: Floats, cu_seqlens: Ints, skip: int = 0) -> Floats:
    """The mean of the rows of each sequence."""
    return _pooled(hidden_TD, cu_seqlens, lambda x_LD: _sum(x_LD, skip) / _count(x_LD, skip))


def pool_mean_sqrt_len(hidden_TD: Floats, cu_seqlens: Ints, skip: int = 0) -> Floats:
    """The sum of the rows of each sequence, divided by the square root of their number."""
    return _pooled(
        hidden_TD, cu_seqlens, lambda x_LD: _sum(x_LD, skip) / np.sqrt(_count(x_LD, skip))
    )


def pool_weighted_mean(hidden_TD: Floats, cu_seqlens: Ints, skip: int = 0) -> Floats:
    """The mean with weights 1, 2, 3, ...: a row counts as often as its place in the sequence.

    Rows that are left out keep their places.
    """

    def pooled(x_LD: Floats) -> Floats:
        place_L1 = np.arange(1, len(x_LD) + 1, dtype=x_LD.dtype)[:, None]
        total = max(place_L1[skip:].sum(), 1)
        mean_D: Floats = (place_L1 * x_LD)[skip:].sum(axis=0) / x_LD.dtype.type(total)
        return mean_D

    return _pooled(hidden_TD, cu_seqlens, pooled)


def pool_max(hidden_TD: Floats, cu_seqlens: Ints, skip: int = 0) -> Floats:
    """The largest value of each feature in each sequence."""
    return _pooled(hidden_TD, cu_seqlens, lambda x_LD: x_LD[skip:].max(axis=0, initial=-np.inf))


def pool_first(hidden_TD: Floats, cu_seqlens: Ints, skip: int = 0) -> Floats:
    """The first row of each sequence, which is [CLS] unless it is left out."""
    return _pooled(hidden_TD, cu_seqlens, lambda x_LD: x_LD[skip if skip < len(x_LD) else 0])


def pool_last(hidden_TD: Floats, cu_seqlens: Ints, skip: int = 0) -> Floats:
    """The last row of each sequence, which is [SEP]."""
    return _pooled(
        hidden_TD, cu_seqlens, lambda x_LD: x_LD[-1] if skip < len(x_LD) else 0 * x_LD[-1]
    )


def normalize(x_BD: Floats) -> Floats:
    """x / |x|, so that a dot product is a cosine; a zero row stays zero."""
    length_B1: Floats = np.sqrt((x_BD * x_BD).sum(axis=-1, keepdims=True))
    return x_BD / np.maximum(length_B1, 1e-12)


def _pooled(hidden_TD: Floats, cu_seqlens: Ints, pool: Callable[[Floats], Floats]) -> Floats:
    rows = [pool(hidden_TD[start:end]) for start, end in pairwise(cu_seqlens)]
    return np.array(rows, hidden_TD.dtype).reshape(-1, hidden_TD.shape[1])


def _sum(x_LD: Floats, skip: int) -> Floats:
    total_D: Floats = x_LD[skip:].sum(axis=0)
    return total_D


def _count(x_LD: Floats, skip: int) -> Floats:
    return np.asarray(max(len(x_LD) - skip, 1), x_LD.dtype)
