"""softmax(Q K^T / sqrt(K)) V for each head of each sequence, one query row at a time."""

import math

import numpy as np

from .jit import IDS, IN2, INT, OUT1, OUT2, kernel

ZERO = np.float32(0)
LOWEST = np.float32(-np.inf)


@kernel(OUT1)
def softmax_row(score_M):
    """Twin: reference.forward.softmax, for one row and in place."""
    M = score_M.shape[0]
    largest = LOWEST
    for m in range(M):
        largest = max(largest, score_M[m])
    total = ZERO
    for m in range(M):
        score_M[m] = math.exp(score_M[m] - largest)
        total += score_M[m]
    for m in range(M):
        score_M[m] /= total


@kernel(IN2, IN2, IN2, IDS, INT, OUT2, OUT1, OUT1)
def attention(query_TD, key_TD, value_TD, cu_seqlens, num_heads, context_TD, prob_Q, score_M):
    """Twin: reference.forward.attention.

    prob_Q receives the attention maps, [H, L, L] of one sequence after another; where nobody wants
    them it has no elements. score_M is working memory, as long as the longest sequence.
    """
    head_size = query_TD.shape[1] // num_heads
    scale = np.float32(1) / math.sqrt(np.float32(head_size))
    q = 0
    for b in range(cu_seqlens.shape[0] - 1):
        start, end = cu_seqlens[b], cu_seqlens[b + 1]
        for h in range(num_heads):
            first, last = h * head_size, (h + 1) * head_size
            for t in range(start, end):
                prob_M = score_M[: end - start]
                query_K = query_TD[t, first:last]
                for m in range(end - start):
                    key_K = key_TD[start + m, first:last]
                    dot = ZERO
                    for k in range(head_size):
                        dot += query_K[k] * key_K[k]
                    prob_M[m] = dot * scale
                softmax_row(prob_M)

                context_K = context_TD[t, first:last]
                for k in range(head_size):
                    context_K[k] = ZERO
                for m in range(end - start):
                    prob = prob_M[m]
                    value_K = value_TD[start + m, first:last]
                    for k in range(head_size):
                        context_K[k] += prob * value_K[k]

                if prob_Q.shape[0] > 0:
                    for m in range(end - start):
                        prob_Q[q + m] = prob_M[m]
                    q += end - start
