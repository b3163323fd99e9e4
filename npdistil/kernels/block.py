"""The compiled microkernels: one for weights, one for the heads of attention.

All arguments are addresses, strides in bytes, or counts: see `ir.microkernel.Block`.
"""

from .ir.intrinsics import multiply_by_weights, multiply_heads
from .ir.target import HOST
from .ir.vectors import FLOAT_BYTES
from .jit import INT, vector_kernel

PANEL_BYTES = 4 * HOST.panel
PART = 4 * HOST.narrow  # bytes from one part of a row to the next, where it lies in one piece


@vector_kernel(*[INT] * 13)
def multiply(
    rows, a, a_stride, panel, length, bias, c, c_stride, c_jump, operand, code, ahead, lines
):
    """One block of a linear. Twin: reference.forward.linear, for at most HOST.linear.rows rows."""
    multiply_by_weights(
        rows, a, a_stride, FLOAT_BYTES, panel, PANEL_BYTES, length, bias,
        c, c_stride, c_jump, operand, code, ahead, lines,
    )  # fmt: skip


@vector_kernel(*[INT] * 12)
def multiply_narrow(
    rows, a, a_stride, a_step, panel, panel_stride, length, bias, c, c_stride, operand, code
):
    """One block of attention. Twin: reference.forward.linear, for at most HOST.attention.rows."""
    multiply_heads(
        rows, a, a_stride, a_step, panel, panel_stride, length, bias,
        c, c_stride, PART, operand, code, a, 0,
    )  # fmt: skip
