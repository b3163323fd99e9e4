"""The activations of the reference: known values, dtypes and edges."""

import numpy as np
import pytest

from npdistil.reference.activation import ACTIVATIONS
from tests.tolerances import ERF_FLOAT64


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept_and_nothing_overflows(name, dtype):
    """float64 that creeps into a float32 model, or a RuntimeWarning for a large hidden state."""
    x_N = np.array([-1e6, -745.0, -104.0, -1.0, -0.0, 0.0, 1e-30, 1.0, 89.0, 710.0, 1e6], dtype)
    y_N = ACTIVATIONS[name](x_N)
    assert y_N.dtype == dtype
    assert np.isfinite(y_N).all()
    assert np.isnan(ACTIVATIONS[name](np.array([np.nan], dtype))).all()


# From their formulas with mpmath at 50 digits, rounded to 17.
KNOWN = {
    "gelu": (-0.0040496940948902835, -0.16997051428265114, 0.34573123063700656, 1.9544997361036416),
    "gelu_tanh": (
        -0.003637392081773019,
        -0.1700394448343797,
        0.34571400982514394,
        1.954597694087775,
    ),
    "quick_gelu": (
        -0.018071309707785966,
        -0.16360994246536217,
        0.35038843660638014,
        1.9356586231442081,
    ),
    "silu": (-0.14227761953270035, -0.24061597561845527, 0.3112296656009273, 1.7615941559557649),
    "relu": (0.0, 0.0, 0.5, 2.0),
    "tanh": (-0.9950547536867305, -0.6351489523872873, 0.46211715726000974, 0.9640275800758169),
    "sigmoid": (0.04742587317756678, 0.320821300824607, 0.6224593312018546, 0.8807970779778824),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_values(name):
    """A constant mistyped, sigmoid of the wrong sign, the tanh form in place of erf."""
    y_N = ACTIVATIONS[name](np.array([-3.0, -0.75, 0.5, 2.0]))
    assert np.abs(y_N - KNOWN[name]).max() <= ERF_FLOAT64
    assert set(KNOWN) == set(ACTIVATIONS)
