"""The kernel of `tiny.py`, in a file of its own: who loads it does not import Numba."""

from npdistil.kernels.jit import IN1, OUT1, kernel


@kernel(IN1, OUT1)
def double(x_N, y_N):
    """Twice x."""
    for n in range(y_N.shape[0]):
        y_N[n] = x_N[n] + x_N[n]
