"""y = x W^T + b, and what follows it while the result is still in registers."""

from .block import multiply
from .ir.intrinsics import address
from .ir.microkernel import ADD
from .ir.target import HOST
from .jit import IN1, IN2, IN3, INT, OUT2, vector_kernel

ROWS, PANEL = HOST.rows, HOST.panel


@vector_kernel(IN2, IN3, IN1, INT, IN2, OUT2, OUT2)
def linear(x_TI, weight_JIW, bias_E, epilogue, residual_TE, y_TE, tile_RW):
    """Twin: reference.forward.linear.

    `epilogue` is PLAIN, ADD or the code of an activation (`ir/microkernel.py`); ADD adds
    residual_TE, which may be y_TE.
    tile_RW is working memory for the last panel where E is no multiple of a panel.

    All rows pass over one panel before the next is read, so weights stream from memory once.
    """
    T, I = x_TI.shape
    E = y_TE.shape[1]
    num_blocks = (T + ROWS - 1) // ROWS
    x, y, residual = address(x_TI), address(y_TE), address(residual_TE)
    weight, bias, tile = address(weight_JIW), address(bias_E), address(tile_RW)
    for j in range(weight_JIW.shape[0]):
        first = j * PANEL
        panel, panel_bias = weight + 4 * first * I, bias + 4 * first
        t = 0
        for n in range(num_blocks, 0, -1):
            rows = (T - t + n - 1) // n  # of about one size: 14 is 7 + 7, not 12 + 2
            a, place = x + 4 * t * I, 4 * (t * E + first)
            if first + PANEL <= E:
                multiply(
                    rows, a, 4 * I, panel, 4 * PANEL, I, panel_bias,
                    y + place, 4 * E, residual + place, epilogue,
                )  # fmt: skip
            else:
                if epilogue == ADD:
                    for r in range(rows):
                        for e in range(first, E):
                            tile_RW[r, e - first] = residual_TE[t + r, e]
                multiply(
                    rows, a, 4 * I, panel, 4 * PANEL, I, panel_bias,
                    tile, 4 * PANEL, tile, epilogue,
                )  # fmt: skip
                for r in range(rows):
                    for e in range(first, E):
                        y_TE[t + r, e] = tile_RW[r, e - first]
            t += rows
