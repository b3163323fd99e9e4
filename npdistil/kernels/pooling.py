"""The token rows of one sequence to one row."""

import math

import numpy as np

from .jit import IN2, OUT1, kernel

ZERO = np.float32(0)
SHORTEST = np.float32(1e-12)


@kernel(IN2, OUT1)
def pool_mean(hidden_LD, pooled_D):
    """Twin: reference.forward.pool_mean, for one sequence."""
    L, D = hidden_LD.shape[0], pooled_D.shape[0]
    for d in range(D):
        pooled_D[d] = ZERO
    for t in range(L):
        for d in range(D):
            pooled_D[d] += hidden_LD[t, d]
    for d in range(D):
        pooled_D[d] /= np.float32(L)


@kernel(IN2, OUT1)
def pool_max(hidden_LD, pooled_D):
    """Twin: reference.forward.pool_max, for one sequence."""
    L, D = hidden_LD.shape[0], pooled_D.shape[0]
    for d in range(D):
        pooled_D[d] = hidden_LD[0, d]
    for t in range(1, L):
        for d in range(D):
            x = hidden_LD[t, d]
            if x > pooled_D[d] or x != x:  # NaN comes in and stays, as in NumPy
                pooled_D[d] = x


@kernel(IN2, OUT1)
def pool_first(hidden_LD, pooled_D):
    """Twin: reference.forward.pool_first, for one sequence."""
    for d in range(pooled_D.shape[0]):
        pooled_D[d] = hidden_LD[0, d]


@kernel(OUT1)
def normalize(x_D):
    """Twin: reference.forward.normalize, for one row in place. A zero row stays zero."""
    squares = ZERO
    for d in range(x_D.shape[0]):
        squares += x_D[d] * x_D[d]
    length = max(math.sqrt(squares), SHORTEST)
    for d in range(x_D.shape[0]):
        x_D[d] /= length
