"""Panels hold every weight once, where the microkernel looks for it."""

import numpy as np
import pytest

from npdistil.kernels.ir.target import HOST
from npdistil.kernels.pack_weights import ALIGNMENT, pack_linear
from tests.models import Draw

W = HOST.panel


@pytest.mark.parametrize("outputs", [(1,), (W,), (W + 1,), (5, 2 * W, 7)])
def test_panels_are_the_weights(rng, outputs):
    """A wrong panel, a lost remainder, linears in the wrong order, unaligned memory."""
    draw = Draw(rng)
    weights = [draw.array(E, 6) for E in outputs]
    biases = [draw.array(E) for E in outputs]
    packed = pack_linear(weights, biases)
    stacked_EI, total = np.concatenate(weights), sum(outputs)
    for e in range(total):
        np.testing.assert_array_equal(packed.weight_JIW[e // W, :, e % W], stacked_EI[e])
    np.testing.assert_array_equal(packed.bias_E[:total], np.concatenate(biases))
    assert packed.weight_JIW.shape == (-(-total // W), 6, W)
    assert not packed.weight_JIW.swapaxes(1, 2).reshape(-1, 6)[total:].any()
    assert not packed.bias_E[total:].any()
    for array in packed:
        assert array.ctypes.data % ALIGNMENT == 0
        assert not array.flags.writeable
