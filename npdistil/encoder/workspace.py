"""The memory that kernels write to; made when it is needed, used again ever after."""

import numpy as np

from ..config import EncoderConfig
from ..dims import Floats
from ..kernels.ir.target import HOST
from ..kernels.model import Scratch, Workspace
from ..kernels.pack_weights import aligned_zeros, whole_heads, whole_panels

PAGE = 1024  # floats
HUGE = 2 * 512 * PAGE  # two of the huge pages of most systems


def make_workspace(rows: int, config: EncoderConfig) -> Workspace:
    """What the threads of one bundle of up to `rows` token rows share."""
    D, F = whole_panels(config.hidden_size), whole_panels(config.intermediate_size)
    H, K = config.num_attention_heads, whole_heads(config.head_size)
    slabs = -(-whole_panels(3 * H * K) // K)  # the last may belong to no head
    return Workspace(
        *_in_one_piece((rows, D), (slabs, rows, K), (rows, H * K), (rows, D), (rows, F))
    )


def _in_one_piece(*shapes: tuple[int, ...]) -> list[Floats]:
    """Zeros of these shapes, each on pages of its own, in one allocation.

    From 4 MB on, NumPy asks for huge pages. Of small pages, which lie anywhere, some compete for
    the same places in the second cache, which the arrays of one bundle nearly fill.
    """
    sizes = [-(-int(np.prod(shape)) // PAGE) * PAGE for shape in shapes]
    memory = aligned_zeros(max(sum(sizes), HUGE))
    starts = np.cumsum([0, *sizes])
    return [
        memory[start : start + int(np.prod(shape))].reshape(shape)
        for start, shape in zip(starts, shapes, strict=False)
    ]


def make_scratch(longest: int, config: EncoderConfig) -> Scratch:
    """What one thread has for itself, for sequences of up to `longest` tokens."""
    D, W = whole_panels(config.hidden_size), HOST.narrow
    return Scratch(
        query_KW=aligned_zeros(D, W),  # a head's queries, or questions, which are as wide as rows
        score_MW=aligned_zeros(longest, W),
        inverse_XW=aligned_zeros(2, HOST.panel),
        question_RHD=aligned_zeros(HOST.linear.rows, config.num_attention_heads, D),
    )
