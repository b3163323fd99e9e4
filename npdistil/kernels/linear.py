"""y = x W^T + b, and what follows it while the result is still in registers."""

from .block import PART, multiply
from .epilogues import PLAIN
from .ir.intrinsics import address
from .ir.target import HOST
from .ir.vectors import CACHE_LINE
from .jit import IN1, IN2, INT, OUT2, OUT3, part_of_kernels, vector_kernel

ROWS, PANEL, NARROW, TERMS = HOST.linear.rows, HOST.panel, HOST.narrow, HOST.linear.terms
# Cache lines of the next panel that a block asks for in a turn: the more blocks, the less is left
# for each. Many blocks are as many as a turn reads lines of its own panel.
LINES = HOST.linear.lines
FEW_BLOCKS, MANY_BLOCKS = 2, 4 * PANEL * TERMS // CACHE_LINE


@part_of_kernels
def lines_of_a_turn(blocks):
    """What each of so many blocks asks for in a turn of its loop."""
    if blocks <= FEW_BLOCKS:
        return LINES[0]
    return LINES[-1] if blocks >= MANY_BLOCKS else LINES[len(LINES) // 2]


@vector_kernel(IN2, IN1, IN1, INT, INT, INT, INT, INT, INT, INT)
def panel_of_rows(
    x_TI, weight_P, bias_E, panel, next_panel, epilogue, residual, y, y_stride, y_jump
):
    """One panel for all rows, to an address. Twin: reference.forward.linear.

    Meanwhile the weights of `next_panel` are brought near, a share of them by each block; where
    there is no such panel, what lies in memory behind the last: the weights of the next linear.
    """
    T, x_stride = x_TI.shape[0], 4 * x_TI.shape[1]
    I = weight_P.shape[0] // bias_E.shape[0]
    size = 4 * I * PANEL
    x, weight, bias = address(x_TI), address(weight_P), address(bias_E) + 4 * panel * PANEL
    blocks = (T + ROWS - 1) // ROWS
    lines = lines_of_a_turn(blocks)
    share = I // TERMS * lines * CACHE_LINE
    t = 0
    for n in range(blocks, 0, -1):
        rows = (T - t + n - 1) // n  # of about one size: 14 is 5 + 5 + 4, not 6 + 6 + 2
        place = t * y_stride
        ahead = weight + next_panel * size + min((blocks - n) * share, size)
        multiply(
            rows, x + t * x_stride, x_stride, weight + panel * size, I, bias,
            y + place, y_stride, y_jump, residual + place, epilogue, ahead, lines,
        )  # fmt: skip
        t += rows


@vector_kernel(IN2, IN1, IN1, INT, INT, INT, IN2, OUT2)
def linear_panel(x_TI, weight_P, bias_E, panel, next_panel, epilogue, residual_TE, y_TE):
    """One panel of the outputs of `linear`, of all rows. Twin: reference.forward.linear."""
    place, stride = 4 * panel * PANEL, 4 * y_TE.shape[1]
    y, residual = address(y_TE) + place, address(residual_TE) + place
    panel_of_rows(x_TI, weight_P, bias_E, panel, next_panel, epilogue, residual, y, stride, PART)


@vector_kernel(IN2, IN1, IN1, INT, INT, OUT3)
def slabs_panel(x_TI, weight_P, bias_E, panel, next_panel, y_SRK):
    """As `linear_panel`, to slabs of K outputs each. Twin: reference.forward.split_heads."""
    _, R, K = y_SRK.shape
    first = panel * PANEL
    place = 4 * (first // K * R * K + first % K)
    second = first + NARROW  # may lie in the next slab
    jump = 4 * (second // K * R * K + second % K) - place
    y = address(y_SRK) + place
    panel_of_rows(x_TI, weight_P, bias_E, panel, next_panel, PLAIN, y, y, 4 * K, jump)


@vector_kernel(IN2, IN1, IN1, INT, IN2, OUT2)
def linear(x_TI, weight_P, bias_E, epilogue, residual_TE, y_TE):
    """Twin: reference.forward.linear.

    Weights and bias are packed (`pack_weights.py`), so that E is a whole number of panels; x_TI may
    be wider than the I inputs that are read. `epilogue` is PLAIN, ADD or the code of an activation
    (`ir/microkernel.py`); ADD adds residual_TE, which may be y_TE.

    All rows pass over one panel before the next is read, so weights stream from memory once.
    """
    for panel in range(bias_E.shape[0] // PANEL):
        linear_panel(x_TI, weight_P, bias_E, panel, panel + 1, epilogue, residual_TE, y_TE)
