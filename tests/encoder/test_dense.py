"""Layers behind the encoder, as both engines make them."""

import numpy as np
import pytest

from npdistil.encoder import Encoder
from npdistil.encoder.encoder import BACKENDS
from npdistil.kernels.epilogues import DENSE_CODES
from npdistil.params import cast
from npdistil.reference import forward as reference
from tests.models import TINY, Draw, random_params
from tests.tolerances import KERNELS


@pytest.fixture(params=BACKENDS)
def encoder(request) -> Encoder:
    """A tiny one, whose engine is asked."""
    return Encoder(TINY, random_params(TINY, np.random.default_rng(7)), request.param)


@pytest.mark.parametrize("activation", DENSE_CODES)
@pytest.mark.parametrize("N, I, E", [(0, 3, 5), (9, 13, 2), (4, 33, 37)])
def test_dense_is_the_reference(encoder, activation, N, I, E, rng):
    """Catches outputs of a panel's spare columns, another function, and rows left out."""
    draw = Draw(rng)
    params, x_NI = draw.linear(E, I), draw.array(N, I)
    found_NE = encoder.backend.dense(params, activation)(x_NI)
    wanted_NE = reference.dense(x_NI.astype(np.float64), *cast(params, np.float64), activation)
    assert found_NE.shape == (N, E) and found_NE.dtype == np.float32
    assert found_NE.flags.c_contiguous
    assert np.abs(found_NE - wanted_NE).max(initial=0) <= KERNELS["dense"]
    if N:
        assert wanted_NE.std() > 0.1


def test_a_row_has_the_same_bytes_among_any_others(rng):
    """Catches a product by BLAS, whose rounding depends on how many rows there are."""
    draw = Draw(rng)
    backend = Encoder(TINY, random_params(TINY, rng)).backend
    dense = backend.dense(draw.linear(7, 384), "identity")
    x_NI = draw.array(23, 384)
    whole = dense(x_NI)
    for first, last in [(0, 1), (5, 6), (3, 17), (22, 23)]:
        assert dense(x_NI[first:last]).tobytes() == whole[first:last].tobytes()
