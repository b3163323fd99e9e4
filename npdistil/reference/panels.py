"""The layout in which the kernels keep a weight, by NumPy alone."""

import numpy as np

from ..dims import Floats


def pack_panels(weight_EI: Floats, width: int) -> Floats:
    """A weight as panels of `width` outputs, one input after another.

    weight_JIW[j, i, w] = weight_EI[j * W + w, i],  zero where there is no such output

    Args:
        weight_EI: as it is on disk.
        width: W, outputs of a panel.
    """
    E, I = weight_EI.shape
    whole_EI = np.concatenate([weight_EI, np.zeros((-E % width, I), weight_EI.dtype)])
    return whole_EI.reshape(-1, width, I).swapaxes(1, 2)
