"""The last layer for first tokens alone is the full layer's first rows."""

from dataclasses import replace

import numpy as np
import pytest

from npdistil.params import cast
from npdistil.reference import forward as reference
from npdistil.reference.first_token import encode_first, first_token_layer
from tests.models import TINY, Draw, cu_seqlens_of, random_params
from tests.tolerances import GOLDEN_FLOAT64


@pytest.mark.parametrize("heads", [1, 3, 12])
@pytest.mark.parametrize("lengths", [(1,), (5, 1, 7, 41), (2, 2)])
def test_it_is_the_first_rows_of_the_full_layer(rng, heads, lengths):
    """A weight turned the wrong way, heads mixed up, a bias that does not cancel after all."""
    config = replace(TINY, num_attention_heads=heads)
    layer = cast(random_params(config, rng), np.float64).layers[1]
    cu_seqlens = cu_seqlens_of(*lengths)
    hidden_TD = Draw(rng, np.float64).array(cu_seqlens[-1], config.hidden_size)
    full_TD, _ = reference.transformer_layer(hidden_TD, cu_seqlens, layer, config)
    first_BD = first_token_layer(hidden_TD, cu_seqlens, layer, config)
    assert first_BD.shape == (len(lengths), config.hidden_size) and first_BD.std() > 0.1
    assert np.abs(first_BD - full_TD[cu_seqlens[:-1]]).max() <= GOLDEN_FLOAT64


def test_a_whole_pass_ends_with_it(rng):
    """The short form of another layer, or one layer too many."""
    params = cast(random_params(TINY, rng), np.float64)
    ids_T, cu_seqlens = rng.integers(0, TINY.vocab_size, 9), cu_seqlens_of(4, 5)
    batch = ids_T, ids_T % 2, np.arange(9), cu_seqlens
    *_, (hidden_TD, _) = reference.encode(*batch, params, TINY)
    first_BD = encode_first(*batch, params, TINY)
    assert np.abs(first_BD - hidden_TD[[0, 4]]).max() <= GOLDEN_FLOAT64
