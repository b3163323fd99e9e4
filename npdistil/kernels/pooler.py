"""BERT's own summary of a sequence."""

from .epilogues import TANH
from .jit import vector_kernel
from .linear import linear
from .model import POOLER


@vector_kernel(*POOLER)
def pooler(first_BD, weight_P, bias_E, pooled_BE):
    """Twin: reference.forward.pooler."""
    linear(first_BD, weight_P, bias_E, TANH, pooled_BE, pooled_BE)
