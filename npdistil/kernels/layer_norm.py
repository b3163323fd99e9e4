"""(x - mean) / sqrt(var + eps) * weight + bias, of rows in place and of embeddings."""

import math

import numpy as np

from .jit import FLOAT, IDS, IN1, IN2, OUT1, OUT2, kernel

ZERO = np.float32(0)


@kernel(OUT1, IN1, IN1, FLOAT)
def normalize_row(x_D, weight_D, bias_D, eps):
    """Twin: reference.forward.layer_norm, for one row and in place.

    Two passes: the variance of differences from the mean, which loses nothing when the mean is
    large.
    """
    D = x_D.shape[0]
    total = ZERO
    for d in range(D):
        total += x_D[d]
    mean = total / np.float32(D)
    squares = ZERO
    for d in range(D):
        centered = x_D[d] - mean
        squares += centered * centered
    rstd = np.float32(1) / math.sqrt(squares / np.float32(D) + eps)
    for d in range(D):
        x_D[d] = (x_D[d] - mean) * rstd * weight_D[d] + bias_D[d]


@kernel(IN2, IN1, IN1, FLOAT, OUT2)
def layer_norm(x_TD, weight_D, bias_D, eps, y_TD):
    """Twin: reference.forward.layer_norm. The output may be the input."""
    T, D = x_TD.shape
    for t in range(T):
        for d in range(D):
            y_TD[t, d] = x_TD[t, d]
        normalize_row(y_TD[t], weight_D, bias_D, eps)


@kernel(IDS, IDS, IDS, IN2, IN2, IN2, IN1, IN1, FLOAT, OUT2)
def embed(
    input_ids_T,
    token_type_ids_T,
    position_ids_T,
    word_VD,
    position_PD,
    token_type_GD,
    weight_D,
    bias_D,
    eps,
    hidden_TD,
):
    """Twin: reference.forward.embed. Where a model has no token types, their table is one zero row.

    Ids are not checked here: `encoder/packing.py` did.
    """
    T, D = hidden_TD.shape
    for t in range(T):
        word_D = word_VD[input_ids_T[t]]
        position_D = position_PD[position_ids_T[t]]
        token_type_D = token_type_GD[token_type_ids_T[t]]
        for d in range(D):
            hidden_TD[t, d] = word_D[d] + position_D[d] + token_type_D[d]
        normalize_row(hidden_TD[t], weight_D, bias_D, eps)
