"""BERT's own summary of a sequence."""

import math

from .jit import IN1, IN2, OUT2, kernel
from .linear import linear


@kernel(IN2, IN2, IN1, OUT2)
def pooler(first_BD, weight_EI, bias_E, pooled_BE):
    """Twin: reference.forward.pooler."""
    linear(first_BD, weight_EI, bias_E, pooled_BE)
    B, E = pooled_BE.shape
    for b in range(B):
        for e in range(E):
            pooled_BE[b, e] = math.tanh(pooled_BE[b, e])
