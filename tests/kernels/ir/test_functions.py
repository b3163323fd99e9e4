"""exp, the activations and softmax in the very form and with the very flags that the engine uses.

`tools/check_functions.py` holds the functions to every float there is, and docs/functions.md says
what it found; here are some floats of each size, by the same measures.
"""

import numpy as np
import pytest

from npdistil.kernels.epilogues import ACTIVATION_CODES, GELU
from npdistil.kernels.ir.intrinsics import address, make_map, softmax_columns
from npdistil.kernels.ir.microkernel import STORED
from npdistil.kernels.ir.target import HOST
from npdistil.kernels.jit import FASTMATH, IN1, OUT1, OUT2, kernel, vector_kernel
from npdistil.reference.activation import ACTIVATIONS
from tests.tolerances import KERNELS
from tools import check_functions as tool

# Zero, subnormal numbers, and where a function changes its formula or leaves float32.
EDGES = [0, 1e-45, 1e-39, 0.625, 6.5, 9, 18, 44.36, 52, 87.3, 87.4, 88.72, 88.73, 89, 103.9, 104.1]
EDGES += [1.8e19, 3e38, 3.4e38]


@vector_kernel(OUT2, OUT1)
def softmax_kernel(score_LW, inverse_W):
    softmax_columns(address(score_LW), score_LW.shape[0], address(inverse_W))


def sampled_floats() -> np.ndarray:
    """Patterns evenly over all 2^32; each exponent of each sign; a dense grid; the edges."""
    rng = np.random.default_rng(1)
    exponents = np.repeat(np.arange(512, dtype=np.uint32) << np.uint32(23), 256)
    drawn = exponents + rng.integers(0, 1 << 23, len(exponents), dtype=np.uint32)
    even = np.arange(0, 2**32, 4099, dtype=np.uint64).astype(np.uint32)
    edges = np.array(EDGES, np.float32)
    edges = np.concatenate([edges, np.nextafter(edges, np.float32(9)), np.nextafter(edges, -9)])
    grid = np.linspace(-9, 9, 400_001, dtype=np.float32)
    x_N = np.concatenate([drawn.view(np.float32), even.view(np.float32), edges, -edges, grid])
    return np.append(x_N, np.repeat(x_N[-1:], -len(x_N) % HOST.lanes)).astype(np.float32)


def largest_error(name: str, x_N: np.ndarray, y_N: np.ndarray) -> float:
    """By the measure in which the function's promise is given, over the finite inputs."""
    usual_N = np.isfinite(x_N)
    assert usual_N.sum() > 1_000_000
    with np.errstate(all="ignore"):
        exact_N = tool.EXACT[name](x_N[usual_N].astype(np.float64))
        measure, _ = tool.PROMISES[name]
        return float(tool.ERRORS[measure](y_N[usual_N].astype(np.float64), exact_N).max())


def test_every_function_of_the_reference_has_a_code():
    """A model that is accepted at the door and then computed with another activation."""
    assert set(ACTIVATION_CODES) == set(ACTIVATIONS)
    assert {GELU, *STORED} == set(ACTIVATION_CODES.values())
    for name, code in ACTIVATION_CODES.items():
        assert code == GELU or STORED[code].__name__ == name
    assert set(tool.PROMISES) == {"exp", "exp_down", *ACTIVATIONS}


@pytest.mark.parametrize("name", tool.PROMISES)
def test_within_its_bound_at_floats_of_every_size(name):
    """A coefficient mistyped, a difference that cancels, an overflow in between, a lost NaN."""
    x_N = sampled_floats()
    y_N = tool.computed(name, x_N)
    assert largest_error(name, x_N, y_N) <= tool.PROMISES[name][1]
    assert np.isnan(x_N).any()
    np.testing.assert_array_equal(np.isnan(y_N), np.isnan(x_N))


@pytest.mark.parametrize("name", ["exp", "gelu"])
def test_the_flags_of_other_kernels_would_be_seen(name):
    """`reassoc` folds away the additions that round, and GELU is wrong by 0.07: not unnoticed."""
    map_vectors = make_map(tool.EMITTED[name])

    @kernel(IN1, OUT1)
    def with_fastmath(x_N, y_N):
        map_vectors(address(x_N), address(y_N), x_N.shape[0])

    assert "reassoc" in with_fastmath.targetoptions["fastmath"]
    x_N = sampled_floats()
    y_N = np.empty_like(x_N)
    with_fastmath(x_N, y_N)
    assert not largest_error(name, x_N, np.nan_to_num(y_N)) <= 1000 * tool.PROMISES[name][1]


def test_vector_kernels_have_no_fastmath():
    """Numba would put its flags on the hand-written instructions too."""
    assert tool.compiled("exp").targetoptions["fastmath"] in (set(), frozenset(), False)
    assert "reassoc" in FASTMATH


@pytest.mark.parametrize("name", tool.PROMISES)
def test_the_infinities_have_their_limits(name):
    """-inf * 0 is NaN: a hidden state that overflowed would spread over its whole row."""
    low, high = (float(edge) for edge in tool.at_infinity(name))
    expected = tool.AT_INFINITY.get(name, (0.0, np.inf))
    assert abs(low - expected[0]) <= tool.GELU_ABSOLUTE
    assert high == expected[1]


def test_gelu_of_a_large_number_is_that_number():
    """The term that is taken off must vanish, or a large hidden state moves."""
    x_N = np.geomspace(9, 3e38, 64 * HOST.lanes).astype(np.float32)
    np.testing.assert_array_equal(tool.computed("gelu", x_N), x_N)


def test_tanh_keeps_the_sign_of_zero_and_the_smallest_numbers():
    """1 - 2 / (exp(2 x) + 1) alone gives 0 for all of them."""
    x_N = np.zeros(HOST.lanes, np.float32)
    x_N[:4] = -0.0, 1e-45, -1e-45, 1e-30
    np.testing.assert_array_equal(tool.computed("tanh", x_N).view(np.int32), x_N.view(np.int32))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("gelu", "gelu_tanh"), ("gelu_tanh", "gelu"), ("silu", "quick_gelu"), ("tanh", "sigmoid")],
)
def test_the_bounds_tell_functions_apart(name, wrong):
    """Bounds so wide that another activation would pass."""
    x_N = sampled_floats()
    with np.errstate(all="ignore"):
        other_N = ACTIVATIONS[wrong](x_N.astype(np.float64))
    assert largest_error(name, x_N, other_N) > 100 * tool.PROMISES[name][1]


@pytest.mark.parametrize("length", [1, 2, 33])
def test_softmax_down_the_columns(rng, length):
    """Large scores must not overflow, and a column sees nothing of another."""
    score_LW = (30 * rng.standard_normal((length, HOST.narrow))).astype(np.float32)
    score_LW[:, 1] += 200
    prob_LW, inverse_W = score_LW.copy(), np.empty(HOST.narrow, np.float32)
    softmax_kernel(prob_LW, inverse_W)
    exact_LW = np.exp(score_LW.astype(np.float64) - score_LW.max(axis=0))
    assert (
        np.abs(prob_LW * inverse_W - exact_LW / exact_LW.sum(axis=0)).max() <= KERNELS["attention"]
    )


def test_softmax_of_a_lost_number_is_lost(rng):
    """A maximum that drops NaN would give the other rows weights as if nothing had happened."""
    for row in range(3):
        score_LW = rng.standard_normal((3, HOST.narrow)).astype(np.float32)
        score_LW[row, 2] = np.nan
        inverse_W = np.empty(HOST.narrow, np.float32)
        softmax_kernel(score_LW, inverse_W)
        assert np.flatnonzero(np.isnan(inverse_W)).tolist() == [2]
