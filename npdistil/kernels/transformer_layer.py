"""One whole layer in one call, in the order of `reference/forward.py`."""

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from .attention import attention
from .ir.microkernel import ADD, PLAIN
from .jit import FLOAT, IDS, IN1, IN2, IN3, INT, OUT1, OUT2, vector_kernel
from .layer_norm import layer_norm
from .linear import linear
from .pack_weights import PackedLinear

Array = NDArray[np.float32]


class LayerWeights(NamedTuple):
    """What a layer reads: `params.LayerParams`, packed; queries, keys and values are one linear."""

    qkv: PackedLinear
    attention_output: PackedLinear
    attention_norm_weight_D: Array
    attention_norm_bias_D: Array
    intermediate: PackedLinear
    output: PackedLinear
    norm_weight_D: Array
    norm_bias_D: Array


class Workspace(NamedTuple):
    """What a layer scribbles on: enough for T token rows and for sequences of M tokens."""

    qkv_TE: Array  # E = 3 D
    context_TD: Array
    attended_TD: Array
    wide_TF: Array
    keys_P: Array  # one head's keys and values, in panels
    values_P: Array
    score_RM: Array
    tile_RW: Array
    zero_W: Array  # stays zero


LINEAR = types.NamedTuple([IN3, IN1], PackedLinear)
WEIGHTS = types.NamedTuple([LINEAR, LINEAR, IN1, IN1] * 2, LayerWeights)
WORKSPACE = types.NamedTuple([OUT2] * 4 + [OUT1] * 2 + [OUT2] * 2 + [OUT1], Workspace)


@vector_kernel(IN2, IDS, INT, INT, FLOAT, WEIGHTS, WORKSPACE, OUT1, OUT2)
def transformer_layer(
    hidden_TD, cu_seqlens, num_heads, activation, eps, weights, work, prob_Q, output_TD
):
    """Twin: reference.forward.transformer_layer. The output may be the input.

    `activation` is a code of `ir/microkernel.py`, prob_Q is as in `attention`. The workspace may
    have more rows than are needed.
    """
    w, T, tile = weights, hidden_TD.shape[0], work.tile_RW
    qkv_TE, context_TD = work.qkv_TE[:T], work.context_TD[:T]
    attended_TD, wide_TF = work.attended_TD[:T], work.wide_TF[:T]
    linear(hidden_TD, w.qkv.weight_JIW, w.qkv.bias_E, PLAIN, qkv_TE, qkv_TE, tile)
    attention(
        qkv_TE, cu_seqlens, num_heads, work.zero_W, context_TD, prob_Q,
        work.keys_P, work.values_P, work.score_RM, tile,
    )  # fmt: skip
    project = w.attention_output
    linear(context_TD, project.weight_JIW, project.bias_E, ADD, hidden_TD, attended_TD, tile)
    norm_weight_D, norm_bias_D = w.attention_norm_weight_D, w.attention_norm_bias_D
    layer_norm(attended_TD, norm_weight_D, norm_bias_D, eps, attended_TD)

    widen, narrow = w.intermediate, w.output
    linear(attended_TD, widen.weight_JIW, widen.bias_E, activation, wide_TF, wide_TF, tile)
    linear(wide_TF, narrow.weight_JIW, narrow.bias_E, ADD, attended_TD, output_TD, tile)
    layer_norm(output_TD, w.norm_weight_D, w.norm_bias_D, eps, output_TD)
