"""exp, GELU and softmax in the very form and with the very flags that the engine uses."""

import numpy as np
import pytest

from npdistil.kernels.ir.functions import exp, gelu
from npdistil.kernels.ir.intrinsics import address, make_map, softmax_vectors
from npdistil.kernels.ir.target import HOST
from npdistil.kernels.jit import FASTMATH, IN1, OUT1, vector_kernel
from npdistil.reference import forward as reference
from tests.tolerances import EXP_ULP, GELU_ABSOLUTE, KERNELS

EXP, GELU = make_map(exp), make_map(gelu)
SPECIAL = [0.0, -0.0, 1e-45, -1e-45, 88.72, 88.73, -87.3, -87.4, -103.9, -104.1, 3e38, -3e38]


@vector_kernel(IN1, OUT1)
def exp_kernel(x_N, y_N):
    EXP(address(x_N), address(y_N), x_N.shape[0])


@vector_kernel(IN1, OUT1)
def gelu_kernel(x_N, y_N):
    GELU(address(x_N), address(y_N), x_N.shape[0])


@vector_kernel(OUT1)
def softmax_kernel(x_N):
    softmax_vectors(address(x_N), x_N.shape[0])


def applied(kernel, values) -> tuple[np.ndarray, np.ndarray]:
    """(x, kernel(x)) in float32, cut to whole vectors after repeating the last value."""
    x_N = np.asarray(values, np.float32)
    x_N = np.append(x_N, np.repeat(x_N[-1:], -len(x_N) % HOST.lanes))
    y_N = np.empty_like(x_N)
    kernel(x_N, y_N)
    return x_N, y_N


def sampled_floats() -> np.ndarray:
    """A million bit patterns, evenly over all 2^32, and the places where things change."""
    bits = np.arange(0, 2**32, 4099, dtype=np.uint64).astype(np.uint32)
    return np.append(bits.view(np.float32), np.array(SPECIAL, np.float32))


def test_exp_within_two_units_in_the_last_place():
    """A coefficient mistyped, or an overflow, underflow or subnormal result gone wrong."""
    with np.errstate(all="ignore"):
        x_N, y_N = applied(exp_kernel, sampled_floats())
        exact_N = np.exp(x_N.astype(np.float64))
        rounded_N = exact_N.astype(np.float32)
        unit_N = np.maximum(np.spacing(rounded_N).astype(np.float64), 2.0**-149)
        error_N = np.abs(y_N - exact_N) / unit_N
    finite_N = np.isfinite(rounded_N)
    assert finite_N.sum() > 500_000
    assert error_N[finite_N].max() <= EXP_ULP
    np.testing.assert_array_equal(np.isnan(y_N), np.isnan(x_N))
    assert np.isposinf(y_N[np.isposinf(rounded_N)]).all()


def test_gelu_within_its_bound():
    """The fastmath flag `reassoc` on this code makes it wrong by 0.07."""
    with np.errstate(all="ignore"):
        values = np.concatenate([np.linspace(-9, 9, 400_001), sampled_floats()])
        x_N, y_N = applied(gelu_kernel, values.astype(np.float32))
        exact_N = reference.gelu(x_N.astype(np.float64))
    usual_N = np.isfinite(x_N) & (np.abs(x_N) < 1e6)
    assert np.abs(y_N - exact_N)[usual_N & (x_N < 9)].max() <= GELU_ABSOLUTE
    large_N = usual_N & (x_N >= 9)
    np.testing.assert_array_equal(y_N[large_N], x_N[large_N])
    np.testing.assert_array_equal(np.isnan(y_N), np.isnan(x_N))
    assert np.isposinf(y_N[np.isposinf(x_N)]).all()
    assert (np.abs(y_N[x_N < -7]) <= GELU_ABSOLUTE).all()


@pytest.mark.parametrize("count", [1, 3, 8])
def test_softmax_of_padded_rows(rng, count):
    """-inf, the padding, must weigh nothing, and large scores must not overflow."""
    scores_N = (30 * rng.standard_normal(HOST.lanes * count)).astype(np.float32)
    scores_N[-HOST.lanes // 2 :] = -np.inf
    exact_N = np.exp(scores_N.astype(np.float64) - scores_N.max())
    softmax_kernel(scores_N)
    assert np.abs(scores_N - exact_N / exact_N.sum()).max() <= KERNELS["attention"]
    assert not scores_N[-HOST.lanes // 2 :].any()


def test_vector_kernels_have_no_fastmath():
    """Numba would put its flags on the hand-written instructions too."""
    assert exp_kernel.targetoptions["fastmath"] in (set(), frozenset(), False)
    assert "reassoc" in FASTMATH
