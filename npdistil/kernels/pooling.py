"""From token rows to one row a sequence."""

import math

import numpy as np

from .jit import IDS, IN2, OUT2, kernel

ZERO = np.float32(0)
SHORTEST = np.float32(1e-12)


@kernel(IN2, IDS, OUT2)
def pool_mean(hidden_TD, cu_seqlens, pooled_BD):
    """Twin: reference.forward.pool_mean."""
    B, D = pooled_BD.shape
    for b in range(B):
        start, end = cu_seqlens[b], cu_seqlens[b + 1]
        for d in range(D):
            pooled_BD[b, d] = ZERO
        for t in range(start, end):
            for d in range(D):
                pooled_BD[b, d] += hidden_TD[t, d]
        for d in range(D):
            pooled_BD[b, d] /= np.float32(end - start)


@kernel(IN2, IDS, OUT2)
def pool_max(hidden_TD, cu_seqlens, pooled_BD):
    """Twin: reference.forward.pool_max."""
    B, D = pooled_BD.shape
    for b in range(B):
        start, end = cu_seqlens[b], cu_seqlens[b + 1]
        for d in range(D):
            pooled_BD[b, d] = hidden_TD[start, d]
        for t in range(start + 1, end):
            for d in range(D):
                x = hidden_TD[t, d]
                if x > pooled_BD[b, d] or x != x:  # NaN comes in and stays, as in NumPy
                    pooled_BD[b, d] = x


@kernel(IN2, IDS, OUT2)
def pool_first(hidden_TD, cu_seqlens, pooled_BD):
    """Twin: reference.forward.pool_first."""
    B, D = pooled_BD.shape
    for b in range(B):
        for d in range(D):
            pooled_BD[b, d] = hidden_TD[cu_seqlens[b], d]


@kernel(IN2, OUT2)
def normalize(x_BD, y_BD):
    """Twin: reference.forward.normalize. A zero row stays zero."""
    B, D = x_BD.shape
    for b in range(B):
        squares = ZERO
        for d in range(D):
            squares += x_BD[b, d] * x_BD[b, d]
        length = max(math.sqrt(squares), SHORTEST)
        for d in range(D):
            y_BD[b, d] = x_BD[b, d] / length
