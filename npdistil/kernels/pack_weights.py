"""Weights as the microkernel reads them: panels of W outputs, one input after another.

    weight_JIW[j, i, w] = weight_EI[j * W + w, i],  zero where j * W + w is no output

A block then reads its weights from first to last without a jump. Done once, at load.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..dims import Floats
from .ir.target import HOST

Array = NDArray[np.float32]
ALIGNMENT = 64  # bytes: a cache line, and the widest vector


class PackedLinear(NamedTuple):
    """A linear layer for the kernel of that name."""

    weight_JIW: Array
    bias_E: Array  # as long as all panels


def pack_linear(weights: Sequence[Floats], biases: Sequence[Floats]) -> PackedLinear:
    """Pack linear layers of the same input into one; their outputs follow each other.

    Args:
        weights: each [E, I], as on disk.
        biases: each [E].
    """
    num_outputs, I = sum(len(weight_EI) for weight_EI in weights), weights[0].shape[1]
    W = HOST.panel
    J = -(-num_outputs // W)
    bias_E = aligned_zeros(J * W)
    bias_E[:num_outputs] = np.concatenate(biases)
    weight_JIW = aligned_zeros(J, I, W)
    stacked_EI = weights[0] if len(weights) == 1 else np.concatenate(weights)
    whole = num_outputs // W
    weight_JIW[:whole] = stacked_EI[: whole * W].reshape(whole, W, I).swapaxes(1, 2)
    if whole < J:
        weight_JIW[whole, :, : num_outputs - whole * W] = stacked_EI[whole * W :].T
    for array in (weight_JIW, bias_E):
        array.flags.writeable = False
    return PackedLinear(weight_JIW, bias_E)


def aligned_zeros(*shape: int) -> Array:
    """Zeros that begin at a multiple of ALIGNMENT bytes."""
    size = 4 * int(np.prod(shape))
    raw = np.zeros(size + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size].view(np.float32).reshape(shape)
