"""One whole layer in one call, in the order of `reference/forward.py`."""

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from .attention import attention
from .gelu import gelu
from .jit import FLOAT, IDS, IN1, IN2, INT, OUT1, OUT2, kernel
from .layer_norm import add_layer_norm
from .linear import linear

Array = NDArray[np.float32]


class LayerWeights(NamedTuple):
    """What a layer reads: the fields of `params.LayerParams`, flat."""

    query_weight_DD: Array
    query_bias_D: Array
    key_weight_DD: Array
    key_bias_D: Array
    value_weight_DD: Array
    value_bias_D: Array
    attention_output_weight_DD: Array
    attention_output_bias_D: Array
    attention_norm_weight_D: Array
    attention_norm_bias_D: Array
    intermediate_weight_FD: Array
    intermediate_bias_F: Array
    output_weight_DF: Array
    output_bias_D: Array
    norm_weight_D: Array
    norm_bias_D: Array


class Workspace(NamedTuple):
    """What a layer scribbles on: enough for T token rows and the longest sequence, M tokens."""

    query_TD: Array
    key_TD: Array
    value_TD: Array
    context_TD: Array
    attended_TD: Array
    wide_TF: Array
    score_M: Array


WEIGHTS = types.NamedTuple([IN2, IN1] * 4 + [IN1] * 2 + [IN2, IN1] * 2 + [IN1] * 2, LayerWeights)
WORKSPACE = types.NamedTuple([OUT2] * 6 + [OUT1], Workspace)


@kernel(IN2, IDS, INT, FLOAT, WEIGHTS, WORKSPACE, OUT1, OUT2)
def transformer_layer(hidden_TD, cu_seqlens, num_heads, eps, weights, work, prob_Q, output_TD):
    """Twin: reference.forward.transformer_layer. The output may be the input.

    prob_Q is as in `attention`.
    """
    w = weights
    query_TD, key_TD, value_TD = work.query_TD, work.key_TD, work.value_TD
    linear(hidden_TD, w.query_weight_DD, w.query_bias_D, query_TD)
    linear(hidden_TD, w.key_weight_DD, w.key_bias_D, key_TD)
    linear(hidden_TD, w.value_weight_DD, w.value_bias_D, value_TD)
    context_TD = work.context_TD
    attention(query_TD, key_TD, value_TD, cu_seqlens, num_heads, context_TD, prob_Q, work.score_M)

    attended_TD = work.attended_TD
    linear(context_TD, w.attention_output_weight_DD, w.attention_output_bias_D, attended_TD)
    norm_weight_D, norm_bias_D = w.attention_norm_weight_D, w.attention_norm_bias_D
    add_layer_norm(attended_TD, hidden_TD, norm_weight_D, norm_bias_D, eps, attended_TD)

    wide_TF = work.wide_TF
    linear(attended_TD, w.intermediate_weight_FD, w.intermediate_bias_F, wide_TF)
    gelu(wide_TF, wide_TF)
    linear(wide_TF, w.output_weight_DF, w.output_bias_D, context_TD)
    add_layer_norm(context_TD, attended_TD, w.norm_weight_D, w.norm_bias_D, eps, output_TD)
