"""softmax(Q K^T / sqrt(K)) V, one head of one sequence, a panel of queries at a time.

Scores are computed transposed, a row for each key and a column for each query. Then keys and values
are read where the projection wrote them, softmax goes down columns, and the scores, as they lie in
memory, are the left factor of the product with the values. Only queries are turned round.
"""

from .block import multiply_narrow
from .epilogues import PLAIN, SCALE
from .ir.intrinsics import address, softmax_columns, transpose_tile
from .ir.target import HOST
from .jit import IN2, INT, OUT1, OUT2, vector_kernel

ROWS, PANEL, LANES = HOST.attention.rows, HOST.narrow, HOST.lanes


@vector_kernel(IN2, INT, INT, OUT2)
def transpose_queries(query_LK, start, width, query_KW):
    """Some queries as a panel, filled up with the last. Twin: reference.forward.split_heads."""
    K = query_LK.shape[1]
    query, panel = address(query_LK) + 4 * start * K, address(query_KW)
    for w in range(0, PANEL, LANES):
        last = max(width - 1 - w, 0)
        first = query + 4 * min(w, width - 1) * K
        for k in range(0, K, LANES):
            transpose_tile(first + 4 * k, 4 * K, last, panel + 4 * (k * PANEL + w), 4 * PANEL)


@vector_kernel(IN2, IN2, IN2, INT, OUT2, OUT1, OUT2, OUT2, OUT2)
def attention(
    query_LK, key_MK, value_MK, column, context_LD, prob_Q, query_KW, score_MW, inverse_XW
):
    """Twin: reference.forward.attention, for one head of one sequence.

    There may be more or fewer queries than keys; keys and values may be the same array, and so may
    queries and context. K is a whole number of panels, filled up with zeros. Queries are scaled by
    1 / sqrt(head size) already (`encoder/pack_model.py` scales their weights). Writes K columns of
    context_LD from `column` on; prob_Q receives the attention map [L, M], or has no elements where
    nobody wants it. What follows it is working memory, which may be larger than it need be: one
    panel of queries, of scores, and two rows.
    """
    L, K = query_LK.shape
    M, D = key_MK.shape[0], context_LD.shape[1]
    keys, values, context = address(key_MK), address(value_MK), address(context_LD) + 4 * column
    queries, scores = address(query_KW), address(score_MW)
    inverse, zero = address(inverse_XW), address(inverse_XW[1])
    for w in range(inverse_XW.shape[1]):
        inverse_XW[1, w] = 0
    for start in range(0, L, PANEL):
        width = min(PANEL, L - start)
        transpose_queries(query_LK, start, width, query_KW)
        row = 0
        for n in range((M + ROWS - 1) // ROWS, 0, -1):
            rows = (M - row + n - 1) // n
            multiply_narrow(
                rows, keys + 4 * row * K, 4 * K, 4, queries, 4 * PANEL, K, zero,
                scores + 4 * row * PANEL, 4 * PANEL, zero, PLAIN,
            )  # fmt: skip
            row += rows
        softmax_columns(scores, M, inverse)
        if prob_Q.shape[0] > 0:
            for w in range(width):
                for m in range(M):
                    prob_Q[(start + w) * M + m] = score_MW[m, w] * inverse_XW[0, w]
        row = 0
        for n in range((width + ROWS - 1) // ROWS, 0, -1):
            rows = (width - row + n - 1) // n
            for k in range(0, K, PANEL):
                multiply_narrow(
                    rows, scores + 4 * row, 4, 4 * PANEL, values + 4 * k, 4 * K, M, zero,
                    context + 4 * ((start + row) * D + k), 4 * D, inverse + 4 * row, SCALE,
                )  # fmt: skip
            row += rows
