"""softmax(Q K^T / sqrt(K)) V, one head of one sequence at a time, a block of queries at a time."""

import numpy as np

from .block import multiply
from .ir.intrinsics import address, softmax_vectors
from .ir.microkernel import PLAIN
from .ir.target import HOST
from .jit import IDS, IN1, IN2, INT, OUT1, OUT2, vector_kernel

ROWS, PANEL, LANES = HOST.rows, HOST.panel, HOST.lanes
LOWEST = np.float32(-np.inf)
ZERO = np.float32(0)


@vector_kernel(IN2, INT, INT, INT, INT, OUT1)
def pack_keys(qkv_TE, start, end, first, head_size, keys_P):
    """Keys of one head as panels [M / PANEL, head_size, PANEL]: the weights of the scores.

    Twin: reference.forward.split_heads, transposed.
    """
    for t in range(start, end):
        panel = (t - start) // PANEL
        place = panel * head_size * PANEL + (t - start) % PANEL
        for k in range(head_size):
            keys_P[place + k * PANEL] = qkv_TE[t, first + k]


@vector_kernel(IN2, INT, INT, INT, INT, OUT1)
def pack_values(qkv_TE, start, end, first, head_size, values_P):
    """Values of one head as panels [head_size / PANEL, M, PANEL]: the weights of the context.

    Twin: reference.forward.split_heads.
    """
    length = end - start
    for panel_start in range(0, head_size, PANEL):
        columns = min(PANEL, head_size - panel_start)
        for t in range(start, end):
            place = panel_start * length + (t - start) * PANEL
            for k in range(columns):
                values_P[place + k] = qkv_TE[t, first + panel_start + k]
            for k in range(columns, PANEL):
                values_P[place + k] = ZERO


@vector_kernel(IN2, IDS, INT, IN1, OUT2, OUT1, OUT1, OUT1, OUT2, OUT2)
def attention(
    qkv_TE, cu_seqlens, num_heads, zero_W, context_TD, prob_Q, keys_P, values_P, score_RM, tile_RW
):
    """Twin: reference.forward.attention.

    qkv_TE holds queries, keys and values side by side; queries are scaled by 1 / sqrt(K) already
    (`encoder/weights.py` scales their weights). prob_Q receives the attention maps, [H, L, L] of
    one sequence after another; where nobody wants them it has no elements. What follows it is
    working memory; zero_W is a panel of zeros.
    """
    E = qkv_TE.shape[1]
    D = E // 3
    K = D // num_heads
    M = score_RM.shape[1]
    qkv, context, zero = address(qkv_TE), address(context_TD), address(zero_W)
    keys, values, score, tile = (
        address(keys_P), address(values_P), address(score_RM), address(tile_RW),
    )  # fmt: skip
    q = 0
    for b in range(cu_seqlens.shape[0] - 1):
        start, end = cu_seqlens[b], cu_seqlens[b + 1]
        length = end - start
        num_blocks = (length + ROWS - 1) // ROWS
        padded = (length + LANES - 1) // LANES * LANES
        for h in range(num_heads):
            pack_keys(qkv_TE, start, end, D + h * K, K, keys_P)
            pack_values(qkv_TE, start, end, 2 * D + h * K, K, values_P)
            t = start
            for n in range(num_blocks, 0, -1):
                rows = (end - t + n - 1) // n
                queries = qkv + 4 * (t * E + h * K)
                for m in range(0, length, PANEL):
                    multiply(
                        rows, queries, 4 * E, keys + 4 * m * K, 4 * PANEL, K, zero,
                        score + 4 * m, 4 * M, zero, PLAIN,
                    )  # fmt: skip
                for r in range(rows):
                    for m in range(length, padded):
                        score_RM[r, m] = LOWEST
                    softmax_vectors(score + 4 * r * M, padded)
                    if prob_Q.shape[0] > 0:
                        for m in range(length):
                            prob_Q[q + m] = score_RM[r, m]
                        q += length
                for k in range(0, K, PANEL):
                    panel = values + 4 * k * length
                    if k + PANEL <= K:
                        multiply(
                            rows, score, 4 * M, panel, 4 * PANEL, length, zero,
                            context + 4 * (t * D + h * K + k), 4 * D, zero, PLAIN,
                        )  # fmt: skip
                    else:
                        multiply(
                            rows, score, 4 * M, panel, 4 * PANEL, length, zero,
                            tile, 4 * PANEL, zero, PLAIN,
                        )  # fmt: skip
                        for r in range(rows):
                            for column in range(k, K):
                                context_TD[t + r, h * K + column] = tile_RW[r, column - k]
                t += rows
