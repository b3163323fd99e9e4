"""A whole forward pass over some sequences: the one call that a thread of the engine makes."""

import numpy as np

from .first_token import first_token_layer
from .jit import COUNTERS, INT, kernel
from .layer_norm import embed
from .model import (
    BATCH,
    CLS,
    ENCODE,
    LAST,
    MAX,
    MEAN,
    MEAN_SQRT_LEN,
    MODEL,
    NUM_STAGES,
    OUTPUT,
    WORKSPACE,
)
from .pooling import (
    normalize,
    pool_first,
    pool_last,
    pool_max,
    pool_mean,
    pool_mean_sqrt_len,
    pool_weighted_mean,
)
from .stages import ROWS_OF_A_TASK
from .team import join, next_task, take_task, wait_for_all
from .transformer_layer import transformer_layer


@kernel(BATCH, MODEL, WORKSPACE, COUNTERS, INT)
def embed_stage(batch, model, space, counters, stage):
    """Twin: reference.forward.embed. A task is some rows."""
    T = batch.input_ids_T.shape[0]
    num_tasks = (T + ROWS_OF_A_TASK - 1) // ROWS_OF_A_TASK
    task = take_task(counters, stage)
    while task < num_tasks:
        first, last = task * ROWS_OF_A_TASK, min((task + 1) * ROWS_OF_A_TASK, T)
        embed(
            batch.input_ids_T[first:last], batch.token_type_ids_T[first:last],
            batch.position_ids_T[first:last], model.word_VD, model.position_PD,
            model.token_type_GD, model.norm_weight_D, model.norm_bias_D, np.float32(model.eps),
            space.hidden_RD[first:last],
        )  # fmt: skip
        task = next_task(counters, stage)
    wait_for_all(counters, stage, num_tasks)


@kernel(BATCH, WORKSPACE, OUTPUT, INT, COUNTERS, INT)
def keep_stage(batch, space, output, state, counters, stage):
    """Copy all rows to one of the states. Twin: reference.forward.encode. A task is some rows."""
    T, D = batch.input_ids_T.shape[0], output.states_NTD.shape[2]
    num_tasks = (T + ROWS_OF_A_TASK - 1) // ROWS_OF_A_TASK
    task = take_task(counters, stage)
    while task < num_tasks:
        for t in range(task * ROWS_OF_A_TASK, min((task + 1) * ROWS_OF_A_TASK, T)):
            for d in range(D):
                output.states_NTD[state, output.first_row + t, d] = space.hidden_RD[t, d]
        task = next_task(counters, stage)
    wait_for_all(counters, stage, num_tasks)


@kernel(BATCH, WORKSPACE, OUTPUT, INT, COUNTERS, INT)
def pool_stage(batch, space, output, hidden_size, counters, stage):
    """Twin: reference.pooling.pool_mean, and its like. A task is a sequence."""
    num_tasks, D = batch.cu_seqlens.shape[0] - 1, hidden_size
    task = take_task(counters, stage)
    while task < num_tasks:
        start, end = batch.cu_seqlens[task], batch.cu_seqlens[task + 1]
        if output.only_first:  # `first_token_layer` has left one row a sequence
            start, end = task, task + 1
        hidden_LD = space.hidden_RD[start:end]
        row = output.first_sequence + task
        pooled_E = output.pooled_BE[row]
        for m in range(output.pooling_M.shape[0]):
            pooled_D = pooled_E[m * D : (m + 1) * D]
            if output.pooling_M[m] == MEAN:
                pool_mean(hidden_LD, output.skip, pooled_D)
            elif output.pooling_M[m] == CLS:
                pool_first(hidden_LD, output.skip, pooled_D)
            elif output.pooling_M[m] == MAX:
                pool_max(hidden_LD, output.skip, pooled_D)
            elif output.pooling_M[m] == MEAN_SQRT_LEN:
                pool_mean_sqrt_len(hidden_LD, output.skip, pooled_D)
            elif output.pooling_M[m] == LAST:
                pool_last(hidden_LD, output.skip, pooled_D)
            else:
                pool_weighted_mean(hidden_LD, output.skip, pooled_D)
        if output.normalize:
            normalize(output.pooled_BE[row : row + 1])
        task = next_task(counters, stage)
    wait_for_all(counters, stage, num_tasks)


@kernel(*ENCODE)
def encode(batch, model, space, scratch, output, counters):
    """Twin: reference.forward.encode, and the pooling behind it.

    Several threads may call it with the same arguments, each with its own `scratch`, at any time
    (`team.py`); a call returns when the whole pass is done.
    """
    num_layers, num_states = model.layers_NZ.shape[0], output.states_NTD.shape[0]
    join(counters)
    embed_stage(batch, model, space, counters, 0)
    if num_states > 1:
        keep_stage(batch, space, output, 0, counters, 1)
    for n in range(num_layers - output.only_first):
        stage = 2 + n * (NUM_STAGES + 1)
        prob_Q = output.prob_NQ[n][output.first_prob :]
        transformer_layer(n, batch, model, space, scratch, prob_Q, counters, stage)
        if num_states > 1:
            keep_stage(batch, space, output, n + 1, counters, stage + NUM_STAGES)
    stage = 2 + num_layers * (NUM_STAGES + 1)
    if output.only_first:
        first_token_layer(batch, model, space, scratch, counters, stage - NUM_STAGES - 1)
    if num_states == 1:
        keep_stage(batch, space, output, 0, counters, stage - 1)
    if output.pooling_M.shape[0] > 0:
        pool_stage(batch, space, output, model.hidden_size, counters, stage)
