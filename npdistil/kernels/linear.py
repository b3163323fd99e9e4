"""y = x W^T + b, and what follows it while the result is still in registers."""

from .block import multiply
from .ir.intrinsics import address
from .ir.target import HOST
from .jit import IN1, IN2, INT, OUT2, vector_kernel

ROWS, PANEL = HOST.rows, HOST.panel


@vector_kernel(IN2, IN1, IN1, INT, INT, IN2, OUT2)
def linear_panel(x_TI, weight_P, bias_E, panel, epilogue, residual_TE, y_TE):
    """One panel of the outputs of `linear`, of all rows. Twin: reference.forward.linear."""
    E = bias_E.shape[0]
    I = weight_P.shape[0] // E
    T, first = y_TE.shape[0], panel * PANEL
    x, x_stride = address(x_TI), 4 * x_TI.shape[1]
    y, residual, y_stride = address(y_TE), address(residual_TE), 4 * y_TE.shape[1]
    weight, bias = address(weight_P) + 4 * first * I, address(bias_E) + 4 * first
    t = 0
    for n in range((T + ROWS - 1) // ROWS, 0, -1):
        rows = (T - t + n - 1) // n  # of about one size: 14 is 7 + 7, not 12 + 2
        place = t * y_stride + 4 * first
        multiply(
            rows, x + t * x_stride, x_stride, 4, weight, 4 * PANEL, I, bias,
            y + place, y_stride, residual + place, epilogue,
        )  # fmt: skip
        t += rows


@vector_kernel(IN2, IN1, IN1, INT, IN2, OUT2)
def linear(x_TI, weight_P, bias_E, epilogue, residual_TE, y_TE):
    """Twin: reference.forward.linear.

    Weights and bias are packed (`pack_weights.py`), so that E is a whole number of panels; x_TI may
    be wider than the I inputs that are read. `epilogue` is PLAIN, ADD or the code of an activation
    (`ir/microkernel.py`); ADD adds residual_TE, which may be y_TE.

    All rows pass over one panel before the next is read, so weights stream from memory once.
    """
    for panel in range(bias_E.shape[0] // PANEL):
        linear_panel(x_TI, weight_P, bias_E, panel, epilogue, residual_TE, y_TE)
