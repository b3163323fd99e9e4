"""The memory that kernels write to; made when it is needed, used again ever after."""

from ..config import EncoderConfig
from ..kernels.ir.target import HOST
from ..kernels.model import Scratch, Workspace
from ..kernels.pack_weights import aligned_zeros, whole_heads, whole_panels


def make_workspace(rows: int, config: EncoderConfig) -> Workspace:
    """What the threads of one bundle of up to `rows` token rows share."""
    D, F = whole_panels(config.hidden_size), whole_panels(config.intermediate_size)
    H, K = config.num_attention_heads, whole_heads(config.head_size)
    slabs = -(-whole_panels(3 * H * K) // K)  # the last may belong to no head
    return Workspace(
        hidden_RD=aligned_zeros(rows, D),
        qkv_SRK=aligned_zeros(slabs, rows, K),
        context_RD=aligned_zeros(rows, H * K),
        attended_RD=aligned_zeros(rows, D),
        wide_RF=aligned_zeros(rows, F),
    )


def make_scratch(longest: int, config: EncoderConfig) -> Scratch:
    """What one thread has for itself, for sequences of up to `longest` tokens."""
    D, W = whole_panels(config.hidden_size), HOST.narrow
    return Scratch(
        query_KW=aligned_zeros(D, W),  # a head's queries, or questions, which are as wide as rows
        score_MW=aligned_zeros(longest, W),
        inverse_XW=aligned_zeros(2, HOST.panel),
        question_RHD=aligned_zeros(HOST.linear.rows, config.num_attention_heads, D),
    )
