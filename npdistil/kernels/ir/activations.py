"""The activations beside GELU on a vector; as in `functions.py`, by exp and polynomials alone.

Three are x * sigmoid(z) = x / (1 + exp(-z)) with their own z. For very negative z the exponential
is infinite and the quotient zero, as it should be; only x = -inf has to be kept finite for that.
NaN stays NaN.
"""

import math

from llvmlite import ir

from .functions import exp
from .vectors import Vectors

FAR = -104.0  # for x below, x * sigmoid(x) is less than the smallest float32
CUBIC = 0.044715

# (tanh(x) - x) / x^3 in powers of x^2, highest power first, for |x| < TANH_NEAR.
# Source: Cephes mathematical library (Moshier 1989), tanhf.
TANH = (
    -5.70498872745e-3,
    2.06390887954e-2,
    -5.37397155531e-2,
    1.33314422036e-1,
    -3.33332819422e-1,
)
TANH_NEAR = 0.625


def gelu_tanh(v: Vectors, x: ir.Value) -> ir.Value:
    """0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), by 0.5 (1 + tanh(u)) = sigmoid(2 u)."""
    b = v.builder
    scale = math.sqrt(8 / math.pi)
    factor = v.fma(b.fmul(x, x), v.constant(scale * CUBIC), v.constant(scale))
    return _gated(v, x, b.fmul(x, factor))


def quick_gelu(v: Vectors, x: ir.Value) -> ir.Value:
    """x * sigmoid(1.702 x)."""
    return _gated(v, x, v.builder.fmul(x, v.constant(1.702)))


def silu(v: Vectors, x: ir.Value) -> ir.Value:
    """x * sigmoid(x)."""
    return _gated(v, x, x)


def relu(v: Vectors, x: ir.Value) -> ir.Value:
    """max(x, 0)."""
    return v.larger(x, v.constant(0.0))


def tanh(v: Vectors, x: ir.Value) -> ir.Value:
    """A polynomial where 1 - 2 / (1 + exp(2 |x|)) would cancel, that quotient elsewhere."""
    b = v.builder
    size, square = v.abs(x), b.fmul(x, x)
    near = v.fma(b.fmul(v.polynomial(TANH, square), square), size, size)
    one, two = v.constant(1.0), v.constant(2.0)
    far = b.fsub(one, b.fdiv(two, b.fadd(one, exp(v, b.fmul(size, two)))))
    is_near = b.fcmp_ordered("<", size, v.constant(TANH_NEAR))
    return v.copy_sign(b.select(is_near, near, far), x)


def sigmoid(v: Vectors, x: ir.Value) -> ir.Value:
    """1 / (1 + exp(-x))."""
    return _times_sigmoid(v, v.constant(1.0), x)


def _gated(v: Vectors, x: ir.Value, z: ir.Value) -> ir.Value:
    """x * sigmoid(z) where z has the sign of x and, far out, at least its size."""
    return _times_sigmoid(v, v.larger(x, v.constant(FAR)), z)


def _times_sigmoid(v: Vectors, x: ir.Value, z: ir.Value) -> ir.Value:
    b = v.builder
    return b.fdiv(x, b.fadd(v.constant(1.0), exp(v, b.fneg(z))))
