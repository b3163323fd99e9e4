"""The function between the two products of a feed-forward layer, elementwise, in any float type.

`ACTIVATIONS` has one entry for each value that `config.HIDDEN_ACTS` leads to. No exponential here
can overflow; the cube of `gelu_tanh` does so beyond 1e12 in float32.
"""

import math
from collections.abc import Callable

import numpy as np

from ..dims import Floats
from .erf import erf


def gelu(x: Floats) -> Floats:
    """x * Phi(x) with Phi the cumulative distribution function of the standard normal.

    Source: Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2; the exact form, not its tanh
    approximation.
    """
    return 0.5 * x * (1 + erf(x * math.sqrt(0.5)))


def gelu_tanh(x: Floats) -> Floats:
    """0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), the approximation of the same section.

    0.5 (1 + tanh(u)) is sigmoid(2 u).
    """
    return x * sigmoid(math.sqrt(8 / math.pi) * (x + 0.044715 * x * x * x))


def quick_gelu(x: Floats) -> Floats:
    """x * sigmoid(1.702 x), the other approximation of the same section."""
    return x * sigmoid(1.702 * x)


def silu(x: Floats) -> Floats:
    """x * sigmoid(x), also called swish. Source: Elfwing et al. 2017, arXiv:1702.03118."""
    return x * sigmoid(x)


def relu(x: Floats) -> Floats:
    """max(x, 0)."""
    return np.maximum(x, 0)


def tanh(x: Floats) -> Floats:
    """The hyperbolic tangent."""
    return np.tanh(x)


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)), by the exponential of -|x|, which cannot overflow."""
    small: Floats = np.exp(-np.abs(x))
    top: Floats = np.where(x < 0, small, 1)
    return top / (1 + small)


ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "quick_gelu": quick_gelu,
    "silu": silu,
    "relu": relu,
    "tanh": tanh,
    "sigmoid": sigmoid,
}
