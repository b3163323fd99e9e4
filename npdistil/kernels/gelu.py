"""The activation between the two halves of the feed-forward network."""

import math

import numpy as np

from .jit import IN2, OUT2, kernel

HALF = np.float32(0.5)
SQRT_HALF = np.float32(math.sqrt(0.5))


@kernel(IN2, OUT2)
def gelu(x_TF, y_TF):
    """Twin: reference.forward.gelu. Input and output may be the same array; NaN stays NaN."""
    T, F = x_TF.shape
    for t in range(T):
        for f in range(F):
            x = x_TF[t, f]
            y_TF[t, f] = HALF * x * (np.float32(1) + math.erf(x * SQRT_HALF))
