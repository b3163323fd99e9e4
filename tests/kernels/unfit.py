"""Kernels that must not become object code."""

import math

import numpy as np

from npdistil.kernels.jit import IN1, OUT1, kernel

LARGE_N = np.ones(1 << 20, np.float32)  # Numba takes so large a constant by its address


@kernel(IN1, OUT1)
def copies(x_N, y_N):
    """An array assignment looks innocent, yet it makes a copy where the two may overlap."""
    y_N[: x_N.shape[0]] = x_N


@kernel(IN1, OUT1)
def raises(x_N, y_N):
    """As it says."""
    if x_N.shape[0] > y_N.shape[0]:
        raise ValueError("too long")


@kernel(IN1, OUT1)
def holds_an_address(x_N, y_N):
    """Of an array of this process."""
    for n in range(x_N.shape[0]):
        y_N[n] = LARGE_N[n]


@kernel(IN1, OUT1)
def needs_numba(x_N, y_N):
    """A function that Numba has in C, under a name that no other library knows."""
    for n in range(x_N.shape[0]):
        y_N[n] = math.frexp(x_N[n])[0]


@kernel(IN1, OUT1)
def needs_a_library(x_N, y_N):
    """A function of C's mathematics, which one processor rounds otherwise than another."""
    for n in range(x_N.shape[0]):
        y_N[n] = math.erf(x_N[n])
