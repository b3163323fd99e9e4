"""The rational approximation against the C library."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npdistil.reference.erf import LARGE, SMALL, erf
from tests.tolerances import ERF_FLOAT32, ERF_FLOAT64

EDGES = [0.0, SMALL, np.nextafter(SMALL, 1), LARGE, np.nextafter(LARGE, 9), 5.9, 6.0, 30.0, 1e300]


@pytest.mark.parametrize("sign", [1, -1])
def test_erf_is_exact_on_a_dense_grid_and_at_its_seams(sign):
    """A mistyped coefficient or a wrong seam between two ranges shows here."""
    x = sign * np.concatenate([np.linspace(0, 7, 20_011), EDGES])
    exact = np.array([math.erf(value) for value in x])
    assert np.abs(erf(x) - exact).max() <= ERF_FLOAT64


@given(st.floats(allow_nan=False))
def test_erf_anywhere(value):
    """Infinities and the smallest numbers included: no overflow, no wrong sign."""
    assert abs(erf(np.array([value]))[0] - math.erf(value)) <= ERF_FLOAT64


def test_erf_in_float32_stays_in_float32():
    """A float64 constant must not widen the arithmetic of a float32 model."""
    x = np.linspace(-7, 7, 5_003, dtype=np.float32)
    exact = np.array([math.erf(value) for value in x])
    assert erf(x).dtype == np.float32
    assert np.abs(erf(x) - exact).max() <= ERF_FLOAT32


def test_nan_stays_nan_and_zero_keeps_its_sign():
    """np.piecewise's comparisons are all false for NaN."""
    result = erf(np.array([np.nan, -0.0, np.inf, -np.inf]))
    assert np.isnan(result[0])
    assert np.signbit(result[1]) and result[1] == 0
    assert list(result[2:]) == [1, -1]
