"""Where packed weights lie: sizes of whole panels, memory for them, and the way back.

A panel is W outputs, one input after another (`reference/panels.py`): a block of the matrix product
reads its weights from first to last without a jump.
"""

import numpy as np
from numpy.typing import NDArray

from .ir.target import HOST

Array = NDArray[np.float32]
ALIGNMENT = 64  # bytes: a cache line, and the widest vector
PANEL = HOST.panel


def whole_panels(size: int) -> int:
    """The number of features, filled up to whole panels."""
    return -(-size // PANEL) * PANEL


def whole_vectors(size: int) -> int:
    """The number of features, filled up to whole vectors."""
    return -(-size // HOST.lanes) * HOST.lanes


def whole_heads(head_size: int) -> int:
    """The features of one head, filled up to what blocks of attention can take."""
    return -(-head_size // HOST.narrow) * HOST.narrow


def unpack_panels(weight_P: Array, num_outputs: int) -> Array:
    """The weight [E, I] again: what tracing and tests read."""
    I = weight_P.size // num_outputs
    panels_JIW = weight_P.reshape(num_outputs // PANEL, I, PANEL)
    return panels_JIW.swapaxes(1, 2).reshape(num_outputs, I)


def aligned_zeros(*shape: int) -> Array:
    """Zeros that begin at a multiple of ALIGNMENT bytes."""
    size = 4 * int(np.prod(shape))
    raw = np.zeros(size + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size].view(np.float32).reshape(shape)
