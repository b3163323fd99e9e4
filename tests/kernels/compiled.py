"""Kernels that only tests call by themselves, as object code: made, kept and loaded like the rest.

Under NUMBA_BOUNDSCHECK they are called through Numba instead, because object code cannot raise.
"""

from typing import Any

import numba

from npdistil.kernels.attention import attention
from npdistil.kernels.dense import dense
from npdistil.kernels.first_token import first_token_layer
from npdistil.kernels.jit import Kernel
from npdistil.kernels.layer_norm import embed, layer_norm
from npdistil.kernels.linear import linear
from npdistil.kernels.objects.unit import Entry, Function, Unit
from npdistil.kernels.pack_panels import pack_panels
from npdistil.kernels.pooling import (
    normalize,
    pool_first,
    pool_last,
    pool_max,
    pool_mean,
    pool_mean_sqrt_len,
    pool_weighted_mean,
)
from npdistil.kernels.score_words import score_words
from npdistil.kernels.transformer_layer import transformer_layer

KERNELS = (
    *(attention, dense, first_token_layer, embed, layer_norm, linear, normalize),
    *(pack_panels, pool_first, pool_max, pool_mean, score_words, transformer_layer),
    *(pool_mean_sqrt_len, pool_weighted_mean, pool_last),
)
UNIT = Unit(
    "tests",
    __name__,
    tuple(Function(kernel.__module__, kernel.__name__, kernel.arguments) for kernel in KERNELS),
)


def compiled(kernel: Kernel) -> Any:
    """One of the kernels above, to be called."""
    return kernel if numba.config.BOUNDSCHECK else Entry(UNIT, kernel.__name__)
