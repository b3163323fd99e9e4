"""(x - mean) / sqrt(var + eps) * weight + bias, of rows in place and of embeddings."""

from .ir.intrinsics import address, normalize_four_rows, normalize_row
from .jit import FLOAT, IDS, IN1, IN2, OUT2, vector_kernel
from .model import LAYER_NORM


@vector_kernel(*LAYER_NORM)
def layer_norm(x_TD, weight_D, bias_D, eps, hidden_size):
    """Twin: reference.forward.layer_norm, in place.

    Rows, weight and bias may be longer than `hidden_size`; they are zero from there on and stay so.
    """
    x, stride = address(x_TD), 4 * x_TD.shape[1]
    weight, bias = address(weight_D), address(bias_D)
    fours = x_TD.shape[0] // 4
    for n in range(fours):
        normalize_four_rows(x + 4 * n * stride, stride, hidden_size, weight, bias, eps)
    for t in range(4 * fours, x_TD.shape[0]):
        normalize_row(x + t * stride, stride, hidden_size, weight, bias, eps)


@vector_kernel(IDS, IDS, IDS, IN2, IN2, IN2, IN1, IN1, FLOAT, OUT2)
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

    Ids are not checked here: `encoder/packing.py` did. Rows of hidden_TD may be longer than those
    of the tables; zeros fill them up.
    """
    D = word_VD.shape[1]
    for t in range(hidden_TD.shape[0]):
        word_D = word_VD[input_ids_T[t]]
        position_D = position_PD[position_ids_T[t]]
        token_type_D = token_type_GD[token_type_ids_T[t]]
        for d in range(D):
            hidden_TD[t, d] = word_D[d] + position_D[d] + token_type_D[d]
        for d in range(D, hidden_TD.shape[1]):
            hidden_TD[t, d] = 0
    layer_norm(hidden_TD, weight_D, bias_D, eps, D)
