"""Each kernel within what rounding alone explains, for shapes and inputs of every kind."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npdistil.kernels.epilogues import DENSE_CODES
from npdistil.reference.activation import ACTIVATIONS
from tests.bounds import BOUNDS, EXACT, OWN_ERRORS, SLOPES, U, gamma, lanes
from tests.models import Draw
from tests.numerics.cases import Result, as_float64, result_of
from tests.numerics.draws import FAMILIES, FixedGenerator
from tests.tolerances import KERNELS
from tests.twins import TWINS

IDS = [twin.id for twin in TWINS]
BY_ID = dict(zip(IDS, TWINS, strict=True))


def test_every_kernel_with_a_twin_has_a_bound():
    """A kernel that is added with a tolerance and no analysis."""
    assert set(BOUNDS) == {twin.name for twin in TWINS}
    assert set(SLOPES) == set(OWN_ERRORS) == set(DENSE_CODES)
    for name, bound in BOUNDS.items():
        assert (bound == EXACT) == (KERNELS[name] == 0.0), name


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("twin", TWINS, ids=IDS)
def test_every_shape_keeps_the_bound(twin, family, rng):
    """A sum with a term too many at an odd size, or added in more steps than it need be."""
    for sizes in twin.sizes:
        result = result_of(twin, sizes, FAMILIES[family](twin.inputs(Draw(rng), sizes)))
        assert result.share <= 1, sizes


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), exponents=st.lists(st.integers(-12, 12), min_size=9, max_size=9))
@pytest.mark.parametrize("twin", TWINS, ids=IDS)
def test_inputs_of_any_scale_keep_the_bound(twin, seed, exponents):
    """A constant that is right near 1 alone, or an array that is small beside the others."""
    generator = np.random.default_rng(seed)
    sizes = twin.sizes[int(generator.integers(len(twin.sizes)))]
    inputs = list(twin.inputs(Draw(generator), sizes))
    for n, x in enumerate(inputs):
        if isinstance(x, np.ndarray) and x.dtype == np.float32:
            inputs[n] = np.ldexp(x, exponents[n])
            inputs[n].flags.writeable = False
    assert result_of(twin, sizes, tuple(inputs)).share <= 1


# Mistakes that leave results plausible: what a kernel would give for other inputs or another twin.
MISTAKES = {
    "linear-plain": lambda x, w, b, *rest: (np.where(x == x[:, 6:7], 0, x), w, b, *rest),
    "linear-gelu": lambda x, w, b, _, r: (x, w, b, DENSE_CODES["silu"], r),
    "dense-tanh": lambda x, w, b, _: (x, w, b, DENSE_CODES["sigmoid"]),
    "score_words": lambda x, w, b, *rest: (x, w, np.roll(b, 1), *rest),
    "layer_norm": lambda x, w, b, eps, D: (x, w, b, 1e-3, D),
    "embed": lambda *inputs: (*inputs[:-1], 1e-3),
    "attention": lambda q, k, v, column: (q * 1.01, k, v, column),
    "pool_mean": lambda x, skip: (x, skip + 1),
    "pool_mean_sqrt_len": lambda x, skip: (x, skip + 1),
    "pool_weighted_mean": lambda x, skip: (x[::-1], skip),
    "normalize": lambda x: (np.where(x == x[:, :1], 0, x),),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_beyond_the_bound(name, rng):
    """Bounds so wide that anything passes."""
    twin = BY_ID[name]
    sizes = max(twin.sizes, key=lambda sizes: (sizes.get("skip", 1) == 0, sum(sizes.values())))
    inputs = tuple(map(as_float64, twin.inputs(Draw(rng), sizes)))
    exact_of = twin.exact or twin.reference
    made = [exact_of(*inputs), exact_of(*MISTAKES[name](*inputs))]
    exact, wrong = (list(x) if isinstance(x, tuple) else [x] for x in made)
    bound = list(BOUNDS[twin.name].of(*inputs))
    assert Result(exact, exact, bound).share == 0
    assert Result(wrong, exact, bound).share > 10


@pytest.mark.parametrize("lost", [np.nan, np.inf])
def test_a_lost_number_is_beyond_every_bound(lost):
    """NaN is not larger than anything, and `max` forgets it."""
    exact_N, bound_N = np.zeros(3), np.ones(3)
    result = Result([exact_N, np.array([0, lost, 0])], [exact_N, exact_N], [bound_N, bound_N])
    assert (result.error, result.share) == (np.inf, np.inf)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_no_activation_is_steeper_than_stated(name):
    """A slope that is too small would blame a kernel for its inputs' roundings."""
    x_N = np.linspace(-12, 12, 240_001)
    slope_N = np.abs(np.diff(ACTIVATIONS[name](x_N))) / np.diff(x_N)
    assert 0.96 * SLOPES[name] <= slope_N.max() <= SLOPES[name]


def test_gamma_bounds_the_product_of_roundings():
    """The wrong sign in the denominator, or 2^-23 for 2^-24."""
    for n in (2, 100, 3072):
        product = np.expm1(-n * np.log1p(-U))  # (1 - u)^-n, the most that they come to
        assert n * U < product < gamma(n) < 1.001 * n * U


@pytest.mark.parametrize("width", [4, 8, 16])
@pytest.mark.parametrize("n", [1, 3, 4, 5, 16, 17, 37, 384, 1024])
def test_lanes_counts_the_additions_of_each_width(width, n):
    """A target with more lanes than the count allows for, at sizes that do not fill them."""
    in_a_lane = -(-n // width) - 1
    joined = int(np.log2(width)) if n >= width else min(n - 1, int(np.log2(width)))
    assert in_a_lane + joined <= lanes(n)


def test_draws_are_nearly_normal_and_never_change():
    """Another generator, another NumPy, or a machine of the other byte order."""
    x_N = FixedGenerator(1).standard_normal((100_000,))
    assert abs(x_N.mean()) < 0.01 and abs(x_N.std() - 1) < 0.01 and np.abs(x_N).max() < 3.5
    first = FixedGenerator(20200)
    assert first.standard_normal((2, 2)).tolist() == [
        [-1.1403584021756272, 0.508441061950837],
        [0.46316818851691544, 0.46517679235870063],
    ]
    assert first.integers(5, 11, 6).tolist() == [10, 9, 8, 10, 8, 7]
