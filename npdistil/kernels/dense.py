"""One linear layer behind the encoder, with what bends its result: the stuff of heads."""

from .jit import kernel
from .linear import linear
from .model import DENSE


@kernel(*DENSE)
def dense(x_NI, weight_P, bias_E, activation, y_NE):
    """Twin: reference.forward.dense.

    `activation` is PLAIN or the code of an activation (`epilogues.py`); packed as for `linear`.
    """
    linear(x_NI, weight_P, bias_E, activation, y_NE, y_NE)
