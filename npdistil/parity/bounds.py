"""How far another implementation may be from ours in float64 before it is another function.

Nobody can say beforehand how much an activation may differ: rounding errors grow from layer to
layer, and with the weights. So the yardstick is measured in the same run, on the same texts: what
our own reference differs by in float32 from itself in float64. Another implementation adds in
another order, with other fused steps, and may differ by a few times as much, as our two backends
do from each other. One with smaller roundings differs by as much less.
"""

import numpy as np
from numpy.typing import DTypeLike

# The order of sums alone moves an error by a factor of a few. Of six models, from 2 to 12 layers,
# Transformers in both types and our kernels were at most 2.5 times as far as our reference; short
# texts leave more to chance.
TIMES = 16
# An error can be small by chance (a mean of numbers that cancel), so it counts as this many
# roundings of the activation's largest value at least.
LEAST_ULPS = 4
UNIT = float(np.finfo(np.float32).eps)
BFLOAT16 = "bfloat16"  # which NumPy does not have; arrays of it are shown in float32
FLOATS = ("float16", BFLOAT16, "float32", "float64")  # what a side may say that it computes in


def bound(own_error: float, largest: float, dtype: DTypeLike) -> float:
    """The largest difference that rounding explains.

    Args:
        own_error: largest difference of our float32 from our float64, of this activation.
        largest: its largest absolute value.
        dtype: what the other side computes in, or "bfloat16"; integers count as float32.

    >>> bound(1e-6, 1.0, np.float32)
    1.6e-05
    >>> bound(1e-6, 1.0, np.float64) < 3e-14
    True
    """
    float32 = TIMES * max(own_error, LEAST_ULPS * UNIT * largest)
    return float32 * unit(dtype) / UNIT


def unit(dtype: DTypeLike) -> float:
    """The distance of 1 and the next number of a float type.

    >>> unit(np.float64) == 2.0**-52
    True
    """
    if isinstance(dtype, str) and dtype == BFLOAT16:
        return 2.0**-7
    kind = np.dtype(dtype)
    return float(np.finfo(kind).eps) if kind.kind == "f" else UNIT
