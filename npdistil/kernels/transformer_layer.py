"""One layer, in the order of `reference/forward.py`: seven stages that threads share."""

import numpy as np

from .epilogues import ADD
from .jit import COUNTERS, INT, OUT1, vector_kernel
from .layer_weights import layer_weights
from .model import BATCH, MODEL, SCRATCH, WORKSPACE
from .stages import attention_stage, layer_norm_stage, linear_stage, slabs_stage


@vector_kernel(INT, BATCH, MODEL, WORKSPACE, SCRATCH, OUT1, COUNTERS, INT)
def transformer_layer(n, batch, model, space, scratch, prob_Q, counters, stage):
    """Layer n of a model, in place on hidden_RD. Twin: reference.forward.transformer_layer.

    prob_Q is as in `attention_stage`. The workspace may have more rows than are needed.
    """
    w, eps, D = layer_weights(model, n), np.float32(model.eps), model.hidden_size
    T, heads = batch.input_ids_T.shape[0], space.qkv_SRK.shape[0] // 3  # there may be a slab more
    hidden_TD, context_TD = space.hidden_RD[:T], space.context_RD[:T]
    attended_TD, wide_TF = space.attended_RD[:T], space.wide_RF[:T]

    slabs_stage(hidden_TD, w.qkv, w.qkv_bias, space.qkv_SRK, counters, stage)
    attention_stage(
        space.qkv_SRK, batch.cu_seqlens, context_TD, prob_Q, heads, scratch, counters, stage + 1
    )
    linear_stage(
        context_TD, w.attention_output, w.attention_output_bias, ADD,
        hidden_TD, attended_TD, counters, stage + 2,
    )  # fmt: skip
    layer_norm_stage(
        attended_TD, w.attention_norm_weight, w.attention_norm_bias, eps, D, counters, stage + 3
    )
    linear_stage(
        attended_TD, w.intermediate, w.intermediate_bias, model.activation,
        wide_TF, wide_TF, counters, stage + 4,
    )  # fmt: skip
    linear_stage(wide_TF, w.output, w.output_bias, ADD, attended_TD, hidden_TD, counters, stage + 5)
    layer_norm_stage(hidden_TD, w.norm_weight, w.norm_bias, eps, D, counters, stage + 6)
