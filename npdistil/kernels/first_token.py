"""The last layer for the first token of each sequence alone, without keys and values.

Each head's question attends to the hidden rows as they are. So the heads of one sequence are the
queries of one attention, and keys and values are the hidden rows: it is the kernel of every layer,
called once for a sequence instead of once for each head.
"""

import numpy as np

from .attention import attention
from .block import PART, multiply, multiply_narrow
from .epilogues import ADD, PLAIN
from .ir.intrinsics import address
from .ir.target import HOST
from .jit import COUNTERS, IN2, IN3, INT, OUT2, vector_kernel
from .layer_weights import layer_weights
from .linear import lines_of_a_turn
from .model import BATCH, MODEL, SCRATCH, WORKSPACE
from .stages import ROWS_OF_A_TASK, layer_norm_stage, linear_stage, slabs_stage
from .team import next_task, take_task, wait_for_all

ROWS, PANEL, NARROW = HOST.linear.rows, HOST.panel, HOST.narrow


@vector_kernel(BATCH, IN2, OUT2, COUNTERS, INT)
def first_rows_stage(batch, hidden_RD, first_BD, counters, stage):
    """Twin: reference.pooling.pool_first. A task is some sequences."""
    B, D = first_BD.shape
    num_tasks = (B + ROWS_OF_A_TASK - 1) // ROWS_OF_A_TASK
    task = take_task(counters, stage)
    while task < num_tasks:
        for b in range(task * ROWS_OF_A_TASK, min((task + 1) * ROWS_OF_A_TASK, B)):
            for d in range(D):
                first_BD[b, d] = hidden_RD[batch.cu_seqlens[b], d]
        task = next_task(counters, stage)
    wait_for_all(counters, stage, num_tasks)


@vector_kernel(BATCH, MODEL, IN3, IN2, SCRATCH, OUT2, COUNTERS, INT)
def first_token_attention_stage(
    batch, model, query_HRK, hidden_RD, scratch, context_RD, counters, stage
):
    """Twin: reference.first_token.first_token_attention, behind its queries.

    A task is as many sequences as a block has rows: they share what is read of the weights.
    """
    H, R, K = query_HRK.shape
    B, I, D = batch.cu_seqlens.shape[0] - 1, model.hidden_size, hidden_RD.shape[1]
    qkv = address(layer_weights(model, model.layers_NZ.shape[0] - 1).qkv)
    zero = address(scratch.inverse_XW[1])
    question, question_stride = address(scratch.question_RHD), 4 * H * D
    num_tasks = (B + ROWS - 1) // ROWS
    task = take_task(counters, stage)
    while task < num_tasks:
        first = task * ROWS
        rows = min(ROWS, B - first)
        query = address(query_HRK) + 4 * first * K
        context = address(context_RD) + 4 * first * H * K
        for w in range(PANEL):
            scratch.inverse_XW[1, w] = 0
        for h in range(H):
            for d in range(0, D, PANEL):
                panel = address(model.question_P) + 4 * (h * D + d) * K
                multiply(
                    rows, query + 4 * h * R * K, 4 * K, panel, K, zero,
                    question + 4 * (h * D + d), question_stride, PART, zero, PLAIN,
                    panel + 4 * PANEL * K, lines_of_a_turn(1),
                )  # fmt: skip
        for r in range(rows):
            question_HD = scratch.question_RHD[r]
            start, end = batch.cu_seqlens[first + r], batch.cu_seqlens[first + r + 1]
            hidden_MD = hidden_RD[start:end]
            attention(
                question_HD, hidden_MD, hidden_MD, 0, question_HD, scratch.inverse_XW[0, :0],
                scratch.query_KW, scratch.score_MW, scratch.inverse_XW,
            )  # fmt: skip
        for h in range(H):
            for k in range(0, K, NARROW):
                column = (2 * H + h) * K + k  # of the values' weights, perhaps within a panel
                value = qkv + 4 * (column // PANEL * PANEL * I + column % PANEL)
                multiply_narrow(
                    rows, question + 4 * h * D, question_stride, 4, value, 4 * PANEL, I, zero,
                    context + 4 * (h * K + k), 4 * H * K, zero, PLAIN,
                )  # fmt: skip
        task = next_task(counters, stage)
    wait_for_all(counters, stage, num_tasks)


@vector_kernel(BATCH, MODEL, WORKSPACE, SCRATCH, COUNTERS, INT)
def first_token_layer(batch, model, space, scratch, counters, stage):
    """The last layer, in place: hidden_RD's first B rows become those of the first tokens.

    Twin: reference.first_token.first_token_layer. No sequence may be empty. It has a stage more
    than `transformer_layer`; no other layer's state is kept where this one is used.
    """
    w = layer_weights(model, model.layers_NZ.shape[0] - 1)
    eps, D = np.float32(model.eps), model.hidden_size
    B, heads = batch.cu_seqlens.shape[0] - 1, space.qkv_SRK.shape[0] // 3
    query_HRK = space.qkv_SRK[:heads]
    outputs = (heads * space.qkv_SRK.shape[2] + PANEL - 1) // PANEL * PANEL
    hidden_BD, context_BD = space.hidden_RD[:B], space.context_RD[:B]
    first_BD, wide_BF = space.attended_RD[:B], space.wide_RF[:B]

    first_rows_stage(batch, space.hidden_RD, first_BD, counters, stage)
    slabs_stage(
        first_BD, w.qkv[: outputs * D], w.qkv_bias[:outputs], space.qkv_SRK, counters, stage + 1
    )
    first_token_attention_stage(
        batch, model, query_HRK, space.hidden_RD, scratch, space.context_RD, counters, stage + 2
    )
    linear_stage(
        context_BD, w.attention_output, w.attention_output_bias, ADD,
        first_BD, first_BD, counters, stage + 3,
    )  # fmt: skip
    layer_norm_stage(
        first_BD, w.attention_norm_weight, w.attention_norm_bias, eps, D, counters, stage + 4
    )
    linear_stage(
        first_BD, w.intermediate, w.intermediate_bias, model.activation,
        wide_BF, wide_BF, counters, stage + 5,
    )  # fmt: skip
    linear_stage(wide_BF, w.output, w.output_bias, ADD, first_BD, hidden_BD, counters, stage + 6)
    layer_norm_stage(hidden_BD, w.norm_weight, w.norm_bias, eps, D, counters, stage + 7)
