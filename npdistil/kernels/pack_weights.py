"""Weights as the microkernel reads them: panels of W outputs, one input after another.

    weight_JIW[j, i, w] = weight_EI[j * W + w, i],  zero where there is no such output or input

A block then reads its weights from first to last without a jump. Done once, at load.
"""

import numpy as np
from numpy.typing import NDArray

from ..dims import Floats
from .ir.target import HOST

Array = NDArray[np.float32]
ALIGNMENT = 64  # bytes: a cache line, and the widest vector
PANEL = HOST.panel


def whole_panels(size: int) -> int:
    """The number of features, filled up to whole panels."""
    return -(-size // PANEL) * PANEL


def whole_heads(head_size: int) -> int:
    """The features of one head, filled up to what blocks of attention can take."""
    return -(-head_size // HOST.narrow) * HOST.narrow


def pack_panels(weight_EI: Floats, weight_P: Array) -> None:
    """Write a weight, as it is on disk, into its place as panels [J, I, W].

    Args:
        weight_EI: E is a whole number of panels.
        weight_P: E * I floats.
    """
    E, I = weight_EI.shape
    panels_JIW = weight_P.reshape(E // PANEL, I, PANEL)
    panels_JIW[...] = weight_EI.reshape(E // PANEL, PANEL, I).swapaxes(1, 2)


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
