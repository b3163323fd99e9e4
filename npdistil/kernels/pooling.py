"""The token rows of one sequence to one row; the first `skip` of them are left out."""

import math

import numpy as np

from .jit import IN2, INT, OUT1, kernel, part_of_kernels
from .model import NORMALIZE

ZERO, ONE = np.float32(0), np.float32(1)
LOWEST = np.float32(-np.inf)
SHORTEST = np.float32(1e-12)


@part_of_kernels
def pool_sum(hidden_LD, skip, pooled_D):
    """What the two means divide."""
    for d in range(pooled_D.shape[0]):
        pooled_D[d] = ZERO
    for t in range(skip, hidden_LD.shape[0]):
        for d in range(pooled_D.shape[0]):
            pooled_D[d] += hidden_LD[t, d]


@kernel(IN2, INT, OUT1)
def pool_mean(hidden_LD, skip, pooled_D):
    """Twin: reference.pooling.pool_mean, for one sequence."""
    pool_sum(hidden_LD, skip, pooled_D)
    count = np.float32(max(hidden_LD.shape[0] - skip, 1))
    for d in range(pooled_D.shape[0]):
        pooled_D[d] /= count


@kernel(IN2, INT, OUT1)
def pool_mean_sqrt_len(hidden_LD, skip, pooled_D):
    """Twin: reference.pooling.pool_mean_sqrt_len, for one sequence."""
    pool_sum(hidden_LD, skip, pooled_D)
    root = np.float32(math.sqrt(max(hidden_LD.shape[0] - skip, 1)))
    for d in range(pooled_D.shape[0]):
        pooled_D[d] /= root


@kernel(IN2, INT, OUT1)
def pool_weighted_mean(hidden_LD, skip, pooled_D):
    """Twin: reference.pooling.pool_weighted_mean, for one sequence."""
    D, total = pooled_D.shape[0], ZERO
    for d in range(D):
        pooled_D[d] = ZERO
    for t in range(skip, hidden_LD.shape[0]):
        weight = np.float32(t + 1)
        total += weight  # exact for all that a model has positions for
        for d in range(D):
            pooled_D[d] += weight * hidden_LD[t, d]
    total = max(total, ONE)
    for d in range(D):
        pooled_D[d] /= total


@kernel(IN2, INT, OUT1)
def pool_max(hidden_LD, skip, pooled_D):
    """Twin: reference.pooling.pool_max, for one sequence."""
    D = pooled_D.shape[0]
    for d in range(D):
        pooled_D[d] = LOWEST
    for t in range(skip, hidden_LD.shape[0]):
        for d in range(D):
            x = hidden_LD[t, d]
            if x > pooled_D[d] or x != x:  # NaN comes in and stays, as in NumPy
                pooled_D[d] = x


@kernel(IN2, INT, OUT1)
def pool_first(hidden_LD, skip, pooled_D):
    """Twin: reference.pooling.pool_first, for one sequence."""
    row = skip if skip < hidden_LD.shape[0] else 0
    for d in range(pooled_D.shape[0]):
        pooled_D[d] = hidden_LD[row, d]


@kernel(IN2, INT, OUT1)
def pool_last(hidden_LD, skip, pooled_D):
    """Twin: reference.pooling.pool_last, for one sequence."""
    L = hidden_LD.shape[0]
    for d in range(pooled_D.shape[0]):
        pooled_D[d] = hidden_LD[L - 1, d] if skip < L else ZERO


@kernel(*NORMALIZE)
def normalize(x_BD):
    """Twin: reference.pooling.normalize, in place. A zero row stays zero."""
    B, D = x_BD.shape
    for b in range(B):
        squares = ZERO
        for d in range(D):
            squares += x_BD[b, d] * x_BD[b, d]
        length = max(math.sqrt(squares), SHORTEST)
        for d in range(D):
            x_BD[b, d] /= length
