"""The operations of a layer, each as one stage of a forward pass that threads share (`team.py`)."""

from .attention import attention
from .ir.target import HOST
from .jit import COUNTERS, FLOAT, IDS, IN1, IN2, IN3, INT, OUT1, OUT2, OUT3, vector_kernel
from .layer_norm import layer_norm
from .linear import linear_panel, slabs_panel
from .model import SCRATCH
from .team import next_task, take_task, team_size, wait_for_all

PANEL = HOST.panel
ROWS_OF_A_TASK = 16  # where the work goes row by row


@vector_kernel(IN2, IN1, IN1, INT, IN2, OUT2, COUNTERS, INT)
def linear_stage(x_TI, weight_P, bias_E, epilogue, residual_TE, y_TE, counters, stage):
    """Twin: reference.forward.linear. A task is a panel of outputs."""
    num_tasks, team = bias_E.shape[0] // PANEL, team_size(counters)
    task = take_task(counters, stage)
    while task < num_tasks:
        linear_panel(x_TI, weight_P, bias_E, task, task + team, epilogue, residual_TE, y_TE)
        task = next_task(counters, stage)
    wait_for_all(counters, stage, num_tasks)


@vector_kernel(IN2, IN1, IN1, OUT3, COUNTERS, INT)
def slabs_stage(x_TI, weight_P, bias_E, y_SRK, counters, stage):
    """Twin: reference.forward.split_heads, of a linear. A task is a panel of outputs.

    K outputs after another go to a slab of their own: rows of one head, one after another.
    """
    num_tasks, team = bias_E.shape[0] // PANEL, team_size(counters)
    task = take_task(counters, stage)
    while task < num_tasks:
        slabs_panel(x_TI, weight_P, bias_E, task, task + team, y_SRK)
        task = next_task(counters, stage)
    wait_for_all(counters, stage, num_tasks)


@vector_kernel(OUT2, IN1, IN1, FLOAT, INT, COUNTERS, INT)
def layer_norm_stage(x_TD, weight_D, bias_D, eps, hidden_size, counters, stage):
    """Twin: reference.forward.layer_norm, in place. A task is some rows."""
    num_tasks = (x_TD.shape[0] + ROWS_OF_A_TASK - 1) // ROWS_OF_A_TASK
    task = take_task(counters, stage)
    while task < num_tasks:
        rows = x_TD[task * ROWS_OF_A_TASK : (task + 1) * ROWS_OF_A_TASK]
        layer_norm(rows, weight_D, bias_D, eps, hidden_size)
        task = next_task(counters, stage)
    wait_for_all(counters, stage, num_tasks)


@vector_kernel(IN3, IDS, OUT2, OUT1, INT, SCRATCH, COUNTERS, INT)
def attention_stage(qkv_SRK, cu_seqlens, context_TD, prob_Q, num_heads, scratch, counters, stage):
    """Twin: reference.forward.attention. A task is one head of one sequence.

    prob_Q receives [H, L, L] of one sequence after another, or has no elements.
    """
    K, B = qkv_SRK.shape[2], cu_seqlens.shape[0] - 1
    num_tasks = B * num_heads
    first_prob, before = 0, 0
    task = take_task(counters, stage)
    while task < num_tasks:
        b, h = task // num_heads, task % num_heads
        start, end = cu_seqlens[b], cu_seqlens[b + 1]
        L = end - start
        prob_LM = prob_Q[:0]
        if prob_Q.shape[0] > 0:
            while before < b:
                length = cu_seqlens[before + 1] - cu_seqlens[before]
                first_prob += num_heads * length * length
                before += 1
            prob_LM = prob_Q[first_prob + h * L * L : first_prob + (h + 1) * L * L]
        attention(
            qkv_SRK[h, start:end],
            qkv_SRK[num_heads + h, start:end],
            qkv_SRK[2 * num_heads + h, start:end],
            h * K, context_TD[start:end], prob_LM,
            scratch.query_KW, scratch.score_MW, scratch.inverse_XW,
        )  # fmt: skip
        task = next_task(counters, stage)
    wait_for_all(counters, stage, num_tasks)
