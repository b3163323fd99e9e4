"""BERT's own summary of a sequence."""

from .ir.microkernel import TANH
from .jit import IN1, IN2, OUT2, vector_kernel
from .linear import linear


@vector_kernel(IN2, IN1, IN1, OUT2)
def pooler(first_BD, weight_P, bias_E, pooled_BE):
    """Twin: reference.forward.pooler."""
    linear(first_BD, weight_P, bias_E, TANH, pooled_BE, pooled_BE)
