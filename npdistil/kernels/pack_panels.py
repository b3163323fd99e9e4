"""Weights to panels, at load: a transposition, square by square in registers."""

from .ir.intrinsics import address, transpose_tile
from .ir.target import HOST
from .jit import vector_kernel
from .model import PACK_PANELS

PANEL, LANES = HOST.panel, HOST.lanes


@vector_kernel(*PACK_PANELS)
def pack_panels(weight_EI, first, weight_P):
    """Outputs from number `first` on. Twin: reference.panels.pack_panels.

    E and `first` are whole vectors; weight_P has room for whole panels, of which the rest stays as
    it is.
    """
    E, I = weight_EI.shape
    weight, stride = address(weight_EI), 4 * I
    for e in range(0, E, LANES):
        output = first + e
        start = output // PANEL * PANEL * I + output % PANEL
        if I < LANES:
            for i in range(I):
                for w in range(LANES):
                    weight_P[start + i * PANEL + w] = weight_EI[e + w, i]
        else:
            column = address(weight_P) + 4 * start
            for block in range(0, I, LANES):
                i = min(block, I - LANES)  # the last square overlaps the one before
                source = weight + e * stride + 4 * i
                transpose_tile(source, stride, LANES - 1, column + 4 * i * PANEL, 4 * PANEL)
