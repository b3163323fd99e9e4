"""The one compiled copy of the microkernel, which `linear` and `attention` call."""

from .ir.intrinsics import multiply_block
from .jit import INT, vector_kernel


@vector_kernel(*[INT] * 12)
def multiply(
    rows, a, a_stride, a_step, panel, panel_stride, length, bias, c, c_stride, operand, epilogue
):
    """One block of a product: Twin: reference.forward.linear, for at most HOST.rows rows.

    All arguments are addresses, strides in bytes, or counts: see `ir.microkernel.Block`.
    """
    multiply_block(
        rows, a, a_stride, a_step, panel, panel_stride, length, bias, c, c_stride, operand, epilogue
    )  # fmt: skip
