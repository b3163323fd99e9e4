"""The memory that kernels write to; made when it is needed, used again ever after."""

import mmap
from contextlib import suppress

import numpy as np

from ..config import EncoderConfig
from ..dims import Floats
from ..kernels.ir.target import HOST
from ..kernels.model import Scratch, Workspace
from ..kernels.pack_weights import aligned_zeros, whole_heads, whole_panels

PAGE, HUGE_PAGE = 1 << 12, 1 << 21  # bytes, on most systems


def make_workspace(rows: int, config: EncoderConfig) -> Workspace:
    """What the threads of one bundle of up to `rows` token rows share."""
    D, F = whole_panels(config.hidden_size), whole_panels(config.intermediate_size)
    H, K = config.num_attention_heads, whole_heads(config.head_size)
    slabs = -(-whole_panels(3 * H * K) // K)  # the last may belong to no head
    return Workspace(
        *_in_one_piece((rows, D), (slabs, rows, K), (rows, H * K), (rows, D), (rows, F))
    )


def _in_one_piece(*shapes: tuple[int, ...]) -> list[Floats]:
    """Zeros of these shapes, each on pages of its own, in one mapping.

    On huge pages where the system has them: of small ones, which lie anywhere, some compete for the
    same places in the second cache, which the arrays of one bundle nearly fill. The mapping goes
    back to the system with its last array, from whichever thread; what threads free goes to heaps.
    """
    sizes = [int(np.prod(shape)) for shape in shapes]
    starts = np.cumsum([0, *(-(-4 * size // PAGE) * PAGE for size in sizes)])
    memory = _mapped(int(starts[-1]))
    return [
        np.frombuffer(memory, np.float32, size, start).reshape(shape)
        for shape, size, start in zip(shapes, sizes, starts.tolist(), strict=False)
    ]


def _mapped(size: int) -> mmap.mmap:
    """At least so many bytes of zeros, which a forked child has for itself."""
    size = -(-max(size, 1) // HUGE_PAGE) * HUGE_PAGE
    if not hasattr(mmap, "MAP_PRIVATE"):  # Windows
        return mmap.mmap(-1, size)
    memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a kernel without them
            memory.madvise(mmap.MADV_HUGEPAGE)
    return memory


def make_scratch(longest: int, config: EncoderConfig) -> Scratch:
    """What one thread has for itself, for sequences of up to `longest` tokens."""
    D, W = whole_panels(config.hidden_size), HOST.narrow
    return Scratch(
        query_KW=aligned_zeros(D, W),  # a head's queries, or questions, which are as wide as rows
        score_MW=aligned_zeros(longest, W),
        inverse_XW=aligned_zeros(2, HOST.panel),
        question_RHD=aligned_zeros(HOST.linear.rows, config.num_attention_heads, D),
    )
