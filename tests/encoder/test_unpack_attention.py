"""What packing folds away can be had again."""

from dataclasses import replace

import numpy as np
import pytest

from npdistil.encoder.numba_backend import NumbaBackend
from npdistil.params import cast, named_arrays
from tests.models import TINY, random_params


@pytest.mark.parametrize("head_size", [4, 35])
def test_attention_as_the_file_has_it(rng, head_size):
    """A bias that is lost, a head's padding taken for its features, a scale applied twice."""
    config = replace(TINY, hidden_size=3 * head_size)
    params = cast(random_params(config, rng), np.dtype("float32"))
    backend = NumbaBackend(params, config, num_threads=1)
    for n, layer in enumerate(params.layers):
        expected, found = named_arrays(layer.attention), named_arrays(backend.attention_params(n))
        assert list(found) == list(expected)
        for name, array in found.items():
            ulps = 2 if name.startswith("query") else 0
            assert array.shape == expected[name].shape
            np.testing.assert_array_max_ulp(array, expected[name], ulps)
